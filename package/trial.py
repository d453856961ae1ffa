#!/usr/bin/env python3
"""A bare Debian 12 in a container with its own systemd and without a network: the package is installed, set up, and reads its first letter; then it is
tormented.

Needs root (debootstrap, systemd-nspawn) and a built package (`make package`). The bare system is made once into .setup/bare and never written to: every
trial runs on a copy that is thrown away. Prints one line `name value unit` for each figure and ends with 1 at the first thing that is not as it should
be. Usage: package/trial.py [--letters DIR]
"""

import argparse
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "demo"))
import station as demo  # noqa: E402

BARE = PROJECT / ".setup" / "bare"


class Wrong(Exception):
    """Something is not as it should be."""


def must(holds, what):
    if not holds:
        raise Wrong(what)


def said(name, value, unit):
    print(f"package/{name} {value} {unit}", flush=True)


def bare_system():
    """The folder of a bare Debian 12, as debootstrap makes it."""
    root = BARE / "root"
    if not root.exists():
        shutil.rmtree(BARE, ignore_errors=True)
        BARE.mkdir(parents=True)
        part = BARE / "root.part"
        subprocess.run(["debootstrap", "bookworm", part], check=True, stdout=subprocess.DEVNULL)
        part.rename(root)
    return root


class Machine:
    """A container that boots Debian's systemd. It shares this process's network, which has nothing but loopback."""

    def __init__(self, folder, name="mailroom"):
        self.root = folder / name
        subprocess.run(["cp", "-a", bare_system(), self.root], check=True)
        self.process = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--console=pipe", "-D", self.root],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.first = None

    def up(self):
        must(self.process.poll() is None, "the container did not start")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.first = children[0] if children else None
        return self.first and self.run("systemctl is-system-running --wait", check=False).stdout.strip() in ("running", "degraded")

    def run(self, command, check=True, seconds=240):
        inside = ["nsenter", "--target", self.first, "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--", "sh", "-c", f"cd /root; {command}"]
        done = subprocess.run(inside, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        if check and done.returncode != 0:
            raise Wrong(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def says(self, command):
        return self.run(command).stdout.strip()

    def put(self, what, to):
        subprocess.run(["cp", "-r", what, self.root / to.lstrip("/")], check=True)

    def property(self, name):
        return self.says(f"systemctl show laixin --property={name} --value")

    def end(self):
        if self.process.poll() is None and self.first:
            self.run("systemctl poweroff", check=False)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


class Office(demo.Station):
    """The station in the container, as its console's address says."""

    def __init__(self, machine, letters):
        super().__init__(letters, 8470)
        self.machine = machine

    def check_alive(self):
        must(self.machine.process.poll() is None, "the container ended")

    def signed_in(self, user, password):
        self.csrf = None
        self.csrf = self.call("POST", "/v1/session", {"user": user, "password": password})["csrf"]

    def readiness(self):
        try:
            with self.http.open("http://127.0.0.1:8470/readyz", timeout=5) as answer:
                return json.load(answer)["parts"]
        except urllib.error.HTTPError as not_ready:
            return json.load(not_ready)["parts"]

    def drafted(self):
        return [one for one in self.all("/v1/letters") if one["stage"] in demo.DONE]


def scan(machine, named=""):
    """The letters into the scanner's folder, their names with this in front."""
    machine.run("cd /root/letters && for f in *.jpg; do install -o laixin -g laixin $f /var/spool/laixin/scanner-1/.$f.part && "
                f"mv /var/spool/laixin/scanner-1/.$f.part /var/spool/laixin/scanner-1/{named}$f; done")


def first_draft(machine, package, letters):
    """From the package file to the first draft, as somebody with the two commands of the README does it."""
    files = demo.pages_of(letters)
    machine.put(package, to="/root/laixin.deb")
    machine.put(letters, to="/root/letters")
    began = time.monotonic()
    machine.run("dpkg -i /root/laixin.deb")
    said("install", f"{time.monotonic() - began:.1f}", "s")
    told = machine.run("laixin-setup --admin chief --sheet /root/sheet.txt")
    print(told.stdout)
    said("set_up", f"{time.monotonic() - began:.1f}", "s")
    must("恢复密钥" in machine.says("cat /root/sheet.txt"), "the sheet for the safe is no sheet")
    must(machine.says("stat -c %a /root/sheet.txt") == "600", "others can read the sheet")
    password = re.search(r"的密码，只显示这一次：(\S+)", told.stdout)
    must(password, f"laixin-setup told no password:\n{told.stdout}")
    must(machine.says("systemctl is-active laixin") == "active", "the service is not active")
    machine.run("printf '[Service]\\nExecStart=laixin cabinet simulate --listen 127.0.0.1:1502 --speed 20\\n' > /run/systemd/system/cabinet.service && systemctl start cabinet")
    office = Office(machine, letters)
    demo.wait_until(office.up, 30, "the console")
    office.signed_in("chief", password[1])
    operator = secrets.token_urlsafe(12)
    office.call("POST", "/v1/users", {"name": "operator", "role": "confirming_officer", "password": operator})
    office.signed_in("operator", operator)
    office.released_batch(len(files))
    scan(machine)
    demo.wait_until(office.drafted, 240, "the first draft")
    said("to_first_draft", f"{time.monotonic() - began:.0f}", "s")
    return office, files


def torments(machine, office, files):
    """What a mailroom does to a service, one after the other; the letters stay and are all read in the end."""
    began = time.monotonic()
    machine.run("systemctl stop laixin")
    took = time.monotonic() - began
    said("stopped_while_reading", f"{took:.1f}", "s")
    must(machine.property("Result") == "success", "a stop in the middle of reading is no success")
    began = time.monotonic()
    machine.run("systemctl start laixin")
    said("start", f"{time.monotonic() - began:.2f}", "s")
    for signal in ("KILL", "STOP"):
        before = machine.property("MainPID")
        machine.run(f"kill -{signal} {before}")
        demo.wait_until(lambda: machine.property("MainPID") not in ("0", before) and machine.property("ActiveState") == "active", 90, f"the restart after SIG{signal}")
    said("restarts", machine.property("NRestarts"), "(killed, frozen)")
    demo.wait_until(office.up, 30, "the console")
    demo.wait_until(lambda: len(office.drafted()) == len(files), 400, "every letter's draft")
    said("letters_read", len(files), "letters")
    must("password" not in machine.says("journalctl -u laixin --no-pager | cat"), "a password in the journal")


def unmounted(machine, office):
    """The data folder without its disk: refused and named, nothing begun in it, and once the disk is back the station comes up by itself."""
    machine.run("systemctl stop laixin && mv /var/lib/laixin /var/lib/mounted && install -d -o laixin -g laixin -m 700 /var/lib/laixin")
    must(machine.run("systemctl start laixin", check=False).returncode != 0, "an empty data folder began a new station")
    must("磁盘没有挂载" in machine.run("laixin-admin check", check=False).stdout, "check does not say that the disk is not mounted")
    must(machine.run("laixin-setup --admin chief", check=False).returncode != 0, "laixin-setup began a new station in an empty data folder")
    must(machine.run("test -e /var/lib/laixin/station.sqlite3", check=False).returncode == 1, "there is a second database")
    machine.run("mount --bind /var/lib/mounted /var/lib/laixin")
    demo.wait_until(office.up, 30, "the station to come up with its disk")
    machine.run("systemctl stop laixin && umount /var/lib/laixin && rm -rf /var/lib/laixin && mv /var/lib/mounted /var/lib/laixin && systemctl start laixin")
    demo.wait_until(office.up, 30, "the console")
    originals = "/var/lib/laixin/evidence"
    machine.run(f"systemctl stop laixin && mv {originals} /var/lib/mounted && install -d -o laixin -g laixin -m 700 {originals}")
    must(machine.run("systemctl start laixin", check=False).returncode != 0, "it started without its originals")
    must("磁盘没有挂载" in machine.property("StatusText"), f"the status does not say that the originals are not mounted: {machine.property('StatusText')}")
    must("磁盘没有挂载" in machine.run("laixin-admin check", check=False).stdout, "check does not say that the originals are not mounted")
    machine.run(f"mount --bind /var/lib/mounted {originals}")
    demo.wait_until(office.up, 30, "the station to come up with its originals")
    machine.run(f"systemctl stop laixin && umount {originals} && rm -rf {originals} && mv /var/lib/mounted {originals} && systemctl start laixin")
    demo.wait_until(office.up, 30, "the console")
    said("unmounted", "refused, and up by itself afterwards", "as it should be")


def figures(machine, office, files, openvino):
    """What an idle station takes after it has read, with its models out of memory, and how confined it is."""
    if openvino:
        machine.put(openvino, to="/root/laixin-openvino.deb")
        machine.run("dpkg -i /root/laixin-openvino.deb && systemctl daemon-reload")
    machine.run("sed -i 's/^# unload_after_s = 300/unload_after_s = 5/' /etc/laixin/station.toml && systemctl restart laixin")
    demo.wait_until(office.up, 30, "the console")
    scan(machine, "again-")
    demo.wait_until(lambda: len(office.drafted()) == 2 * len(files), 400, "every letter's draft once more")
    said("runtime", re.findall(r"ppocr\S* (\w+)", machine.says("journalctl -u laixin --no-pager -o cat | grep 'reading is ready' | tail -n 1"))[:1], "read again")
    time.sleep(40)
    pid = machine.property("MainPID")
    ticks = lambda: sum(map(int, machine.says(f"cat /proc/{pid}/stat").rsplit(")", 1)[1].split()[11:13]))
    before, began = ticks(), time.monotonic()
    time.sleep(30)
    said("idle_processor", f"{(ticks() - before) / os.sysconf('SC_CLK_TCK') / (time.monotonic() - began) * 100:.2f}", "% of one core")
    resident = int(machine.says(f"grep VmRSS /proc/{pid}/status | tr -dc 0-9 | awk '{{print int($1/1024)}}'"))
    said("idle_resident", resident, "MiB, after reading")
    must(resident <= 150, "an idle station takes more than 150 MB")
    must("only permitted for main PID" not in machine.says("journalctl --no-pager | cat"), "another process than the station notifies systemd")
    exposure = machine.says("systemd-analyze security laixin.service --no-pager | tail -n 1")
    said("exposure", re.search(r"\d+\.\d+", exposure)[0], "(0 is best)")
    said("status", repr(machine.property("StatusText")), "")


def with_others(machine, office, package):
    """The second package: nothing of it starts by itself, a station with an `[office]` whose brokers are away goes on alone, and without either it is what it was."""
    machine.put(package, to="/root/laixin-office.deb")
    machine.run("dpkg -i /root/laixin-office.deb")
    for unit in ("laixin-office", "laixin-reader"):
        must(machine.run(f"systemctl is-active {unit}", check=False).stdout.strip() == "inactive", f"{unit} was started before it was set up")
        exposure = machine.says(f"systemd-analyze security {unit}.service --no-pager | tail -n 1")
        said(f"exposure_{unit}", re.search(r"\d+\.\d+", exposure)[0], "(0 is best)")
    program = lambda: machine.says(f"readlink /proc/{machine.property('MainPID')}/exe")
    must(program() == "/usr/bin/laixin", f"a station without an office runs as {program()}")
    machine.run("cd /etc/laixin && cp -a station.toml alone.toml && laixin key broker --to desk-a.nkey && laixin key office --to desk-a.seal && chown laixin: desk-a.*")
    public = machine.says("laixin key office --to /root/office.seal")
    machine.run(
        f"printf '[office]\\nstation = \"desk-a\"\\nseal_key = \"/etc/laixin/desk-a.seal\"\\nseal_to = \"{public}\"\\n[office.brokers]\\n"
        "servers = [\"nats://127.0.0.1:4222\"]\\nplain = true\\ncredentials = \"/etc/laixin/desk-a.nkey\"\\n' >> /etc/laixin/station.toml && systemctl restart laixin")
    demo.wait_until(office.up, 30, "the console")
    must(program() == "/usr/bin/laixin-office", f"a station with an office runs as {program()}")
    parts = lambda: {one["part"]: one.get("code") for one in office.readiness()}
    demo.wait_until(lambda: parts().get("office") == "brokers_unreachable", 30, "the station to say that no broker answers")
    machine.run("cd /etc/laixin && mv alone.toml station.toml && systemctl restart laixin && dpkg --purge laixin-office")
    demo.wait_until(office.up, 30, "the console")
    must(program() == "/usr/bin/laixin", f"without an office it runs as {program()}")
    said("with_others", "nothing starts by itself, brokers away, taken away again", "as they should be")


def onto_another(machine, package, office, folder):
    """The machine is gone, its back-up and the key of that are there: another bare one becomes the same station by what the paper says."""
    key = "/etc/laixin/keys/backup.key"
    machine.run(f"install -d -o laixin -g laixin -m 700 /media/backup/kept /etc/laixin/keys && laixin-admin backup --new-key {key} && "
                f"laixin-admin backup /media/backup/kept --key-file {key}")
    originals = lambda one: (one.run("laixin-admin verify") and one.says("find /var/lib/laixin/evidence -mindepth 2 -type f | wc -l"))
    there = originals(machine)
    machine.run("systemctl stop laixin")  # both have the port
    other = Machine(folder, "other")
    try:
        demo.wait_until(other.up, 120, "the other container")
        other.put(package, to="/root/laixin.deb")
        other.run("dpkg -i /root/laixin.deb && mkdir -p /media/backup /etc/laixin/keys")
        other.put(machine.root / "media/backup/kept", to="/media/backup/kept")
        other.put(machine.root / key[1:], to=key)
        other.run("chown -R laixin:laixin /etc/laixin/keys /media/backup/kept")
        began = time.monotonic()
        told = other.run(f"laixin-setup --restore /media/backup/kept --key-file {key} --sheet /root/sheet.txt")
        said("restored_onto_another", f"{time.monotonic() - began:.1f}", "s")
        must("恢复密钥" in other.says("cat /root/sheet.txt"), f"the other machine has no sheet of its own:\n{told.stdout}")
        must(other.property("ActiveState") == "active" and other.says("systemctl is-enabled laixin") == "enabled", "the restored station is not active and enabled")
        must(other.run("test -e /etc/laixin/station.begun", check=False).returncode == 0, "the restored station is not marked as begun")
        must("chief" in other.says("laixin-admin user list"), "the accounts did not come along")
        must(originals(other) == there, "not every original came along")
        must(other.run(f"laixin-setup --restore /media/backup/kept --key-file {key}", check=False).returncode != 0, "a second restore went over a station that is there")
        comes_up = lambda why: demo.wait_until(lambda: other.property("ActiveState") == "active", 30, f"the station to come up {why}")
        for file in ("at-rest.json", "station.sqlite3"):
            other.run(f"systemctl stop laixin && chown root:root /var/lib/laixin/{file} && chmod 600 /var/lib/laixin/{file}")
            must(other.run("systemctl start laixin", check=False).returncode != 0, f"it started with another's {file}")
            must("chown -R laixin:laixin" in other.property("StatusText"), f"the status does not say what to do: {other.property('StatusText')}")
            must("chown -R laixin:laixin" in other.says("journalctl -u laixin --no-pager -n 8 | cat"), f"another's {file} is told without its next step")
            other.run(f"chown laixin:laixin /var/lib/laixin/{file}")
            comes_up(f"once it has its {file}")
        began = time.monotonic()
        other.run("chown root:root /var/lib/laixin && chmod 700 /var/lib/laixin")
        demo.wait_until(lambda: "chown" in other.property("StatusText"), 90, "the status to tell that the data folder was given away")
        told_after = time.monotonic() - began
        other.run("chown laixin:laixin /var/lib/laixin")
        demo.wait_until(lambda: "chown" not in other.property("StatusText"), 90, "the status to be well once the data folder is given back")
        said("given_away", f"{told_after:.0f}", "s until told")
        stored = "/etc/credstore.encrypted/laixin-key"
        other.run(f"rm {stored} && systemctl restart laixin", check=False)
        must("systemd-creds encrypt" in other.run("laixin-admin check", check=False).stdout, "check does not say how the sheet's key is put back")
        other.run(f"grep '^    ' /root/sheet.txt | systemd-creds encrypt --name=laixin-key - {stored} && systemctl restart laixin")
        comes_up("with the key of its sheet")
        said("mended", "a wrong owner, a lost key", "as they should be")
        half_installed(other)
    finally:
        other.end()
    machine.run("systemctl start laixin")
    demo.wait_until(office.up, 30, "the console")


def half_installed(machine):
    """Cut while it was unpacked, the package is BAD in `check` until it is configured."""
    machine.run("dpkg --unpack /root/laixin.deb")
    must("dpkg --configure -a" in machine.run("laixin-admin check", check=False).stdout, "check says nothing of a half-installed package")
    machine.run("dpkg --configure -a")
    must("dpkg --configure -a" not in machine.run("laixin-admin check", check=False).stdout, "check is not content with a mended package")
    said("half_installed", "told, and mended", "as it should be")


def versions(machine, package, with_office):
    """Another version comes, an older one is refused, and taking it away leaves the letters."""
    machine.put(with_office, to="/root/laixin-office.deb")
    for name in ("laixin", "laixin-office"):
        machine.run(f"dpkg-deb -R {name}.deb {name} && sed -i -E 's/^Version: .*/Version: 9.9/; s/laixin \\(= [^)]*/laixin (= 9.9/' {name}/DEBIAN/control && "
                    f"dpkg-deb -b {name} {name}-newer.deb")
    machine.run("echo '# mine' >> /etc/laixin/station.toml")
    before = machine.property("MainPID")
    machine.run("dpkg -i /root/laixin-newer.deb /root/laixin-office-newer.deb")
    must(machine.property("MainPID") != before and machine.property("ActiveState") == "active", "an upgrade did not restart the station")
    must("# mine" in machine.says("tail -n 1 /etc/laixin/station.toml"), "an upgrade overwrote the settings")
    refused = machine.run("dpkg -i /root/laixin.deb /root/laixin-office.deb", check=False)
    must(refused.returncode != 0 and "older" in refused.stdout + refused.stderr, "a downgrade was not refused with its reason")
    must(machine.property("ActiveState") == "active", "a refused downgrade stopped the station")
    for name in ("laixin", "laixin-office"):
        must(machine.says(f"dpkg-query -W -f '${{db:Status-Abbrev}}${{Version}}' {name}") == "ii 9.9", f"a refused downgrade changed {name}")
    count = "find /var/lib/laixin -type f | wc -l"
    machine.run("systemctl stop laixin")
    files = machine.says(count)
    machine.run("dpkg --purge laixin-office laixin")
    must(machine.says(count) == files, "a purge took letters away")
    must(machine.run("test -e /usr/bin/laixin -o -e /etc/laixin/station.toml", check=False).returncode == 1, "a purge left program or settings")
    said("versions", "upgrade, refused downgrade, purge", "as they should be")


def main():
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("--letters", type=Path, default=PROJECT / "tests" / "letters")
    options = wants.parse_args()
    if os.environ.get("TRIAL_ALONE") is None:
        bare_system()  # the only thing that needs a network
        alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"', sys.executable, *sys.argv]
        os.execvpe(alone[0], alone, {**os.environ, "TRIAL_ALONE": "1"})
    package = next(PROJECT.glob("target/debian/laixin_*.deb"))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        machine = Machine(Path(folder))
        try:
            demo.wait_until(machine.up, 120, "the container")
            office, files = first_draft(machine, package, options.letters)
            torments(machine, office, files)
            unmounted(machine, office)
            figures(machine, office, files, next(PROJECT.glob("target/debian/laixin-openvino_*.deb"), None))
            machine.run("dpkg --purge laixin-openvino; systemctl daemon-reload")
            with_office = next(PROJECT.glob("target/debian/laixin-office_*.deb"))
            with_others(machine, office, with_office)
            onto_another(machine, package, office, Path(folder))
            versions(machine, package, with_office)
        except (Wrong, demo.Failed, subprocess.TimeoutExpired) as error:
            print(f"package: {error}", *error.args[1:], sep="\n", file=sys.stderr)
            sys.exit(1)
        finally:
            machine.end()


if __name__ == "__main__":
    main()
