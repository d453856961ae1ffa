"""Writes a requirements file with every package of the closure pinned by version and SHA-256, for setup/setup.sh.

Usage: setup/pin.py REQUIREMENT… > setup/python-test.txt, run with Debian 12's Python 3.11. Asks pip what it would install on each
platform of PLATFORMS (wheels only) and installs nothing. Read the difference before committing it.
"""

import json
import subprocess
import sys
import tempfile

PLATFORMS = {
    "x86_64": ["manylinux_2_36_x86_64", "manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    "aarch64": ["manylinux_2_36_aarch64", "manylinux_2_34_aarch64", "manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"],
}


def would_install(tags, requirements):
    """(name, version, sha256) of everything pip would install for these platform tags."""
    with tempfile.TemporaryDirectory() as nowhere:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--dry-run", "--ignore-installed",
                   "--only-binary", ":all:", "--target", nowhere, "--report", "-"]
        command += [word for tag in tags for word in ("--platform", tag)]
        report = json.loads(subprocess.run(command + requirements, check=True, stdout=subprocess.PIPE).stdout)
    for package in report["install"]:
        meta, archive = package["metadata"], package["download_info"]["archive_info"]
        yield meta["name"].lower(), meta["version"], archive["hashes"]["sha256"]


def main():
    requirements = sys.argv[1:]
    pins = {}
    for tags in PLATFORMS.values():
        for name, version, sha256 in would_install(tags, requirements):
            pins.setdefault(f"{name}=={version}", set()).add(sha256)
    print(f"# Made by: setup/pin.py {' '.join(requirements)}")
    for package, hashes in sorted(pins.items()):
        print(package, *(f"--hash=sha256:{sha256}" for sha256 in sorted(hashes)))


if __name__ == "__main__":
    main()
