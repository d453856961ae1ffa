"""Starts a whole office for `make office-demo`: three nats-servers, three stations, two readers, the office's counter, on this machine only. The sample
letters are dealt to the stations, which give pages to the readers; every draft comes out at the office's one address, where the reference case system
takes it.
"""

import argparse
import collections
import hashlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import station as demo
from station import PROJECT, LAIXIN, Failed, say, toml_string, wait_until

NAMES = ("desk-a", "desk-b", "desk-c")
READERS = ("reader-1", "reader-2")
HOME = PROJECT / "run" / "office"
BEGINS = "      # --- a station; repeat the block for each, with its own name and key: begins ---\n"
ENDS = "      # --- a station: ends ---\n"
READER_BEGINS = "      # --- a reader: take the # away and repeat the block for each: begins ---\n"
READER_ENDS = "      # --- a reader: ends ---\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def key(kind, file):
    """Makes a key once; its public half."""
    public = file.with_suffix(file.suffix + ".public")
    if not public.exists():
        file.unlink(missing_ok=True)
        made = subprocess.run([LAIXIN, "key", kind, "--to", file], capture_output=True, text=True)
        if made.returncode != 0:
            raise Failed(f"laixin key {kind}: {made.stderr.strip()}")
        public.write_text(made.stdout.strip())
    return public.read_text()


class Brokers:
    """Three brokers with the shipped permissions."""

    def __init__(self):
        self.ports = [(free_port(), free_port()) for _ in range(3)]

    def prepare(self):
        shipped = (PROJECT / "config" / "office" / "permissions.conf").read_text(encoding="utf-8")
        head, rest = shipped.split(BEGINS)
        block, rest = rest.split(ENDS)
        before, rest = rest.split(READER_BEGINS)
        reader, tail = rest.split(READER_ENDS)
        reader = re.sub("^ *#", "", reader, flags=re.MULTILINE)
        text = head.replace("OFFICE_NKEY", key("broker", HOME / "office.nkey"))
        for name in NAMES:
            text += block.replace("DESK-A_NKEY", key("broker", HOME / f"{name}.nkey")).replace("desk-a", name)
        text += before
        for name in READERS:
            text += reader.replace("READER-1_NKEY", key("broker", HOME / f"{name}.nkey")).replace("reader-1", name)
        (HOME / "permissions.conf").write_text(text + tail, encoding="utf-8")
        routes = ", ".join(f'"nats-route://127.0.0.1:{cluster}"' for _, cluster in self.ports)
        for n, (port, cluster) in enumerate(self.ports):
            (HOME / f"nats-{n}.conf").write_text(
                f'server_name: nats-{n}\nlisten: "127.0.0.1:{port}"\nmax_payload: 8MB\n'
                f'jetstream {{ store_dir: "{HOME}/nats-{n}", max_file_store: 10GB }}\n'
                f'cluster {{ name: demo, listen: "127.0.0.1:{cluster}", no_advertise: true, routes: [{routes}] }}\n'
                'include "permissions.conf"\n'
            )

    def table(self, head, name):
        servers = ", ".join(f'"nats://127.0.0.1:{port}"' for port, _ in self.ports)
        return f"[{head}]\nservers = [{servers}]\ncredentials = {toml_string(HOME / f'{name}.nkey')}\nplain = true\n"


class Desk(demo.Station):
    """One of the stations."""

    def __init__(self, letters, name, brokers):
        super().__init__(letters, free_port())
        self.name, self.brokers = name, brokers
        self.home = HOME / name
        self.inbox, self.config = self.home / "scanner-1", self.home / "station.toml"

    def settings(self):
        plain = super().settings().replace("`make run`", "`make office-demo`")
        return plain + (
            f"[office]\nstation = {toml_string(self.name)}\nseal_key = {toml_string(HOME / f'{self.name}.seal')}\n"
            f"seal_to = {toml_string(key('office', HOME / 'office.seal'))}\nstations_key = {toml_string(HOME / 'stations.key')}\n"
            f"[office.readers]\nseal_to = {toml_string(key('office', HOME / 'readers.seal'))}\nqueue = 2\n"
            + self.brokers.table("office.brokers", self.name)
        )


class Office(demo.Station):
    """The counter; of a station it has the folder, the processes and the way they end."""

    def __init__(self, letters, port, brokers):
        super().__init__(letters, port)
        self.brokers, self.home, self.config = brokers, HOME, HOME / "office.toml"
        self.token = None

    def prepare(self):
        self.token = self.secret("case-system.token", lambda: secrets.token_urlsafe(24))
        self.secret("stations.key", lambda: secrets.token_hex(32))
        for name in READERS:
            (HOME / f"{name}.toml").write_text(
                f"# Written by `make office-demo`; see config/reader.toml for every key.\n[reader]\nname = {toml_string(name)}\n"
                f"seal_key = {toml_string(HOME / 'readers.seal')}\n{self.brokers.table('brokers', name)}[reading]\n"
                f"models_dir = {toml_string(PROJECT / '.setup' / 'models')}\n"
                f"openvino_dir = {toml_string(PROJECT / '.setup' / 'openvino' / 'openvino' / 'libs')}\n"
            )
        stations = "".join(
            f'[[station]]\nname = "{name}"\nseal_to = "{key("office", HOME / f"{name}.seal")}"\n' for name in NAMES
        )
        self.config.write_text(
            f"# Written by `make office-demo`; see config/office/office.toml for every key.\n[office]\nseal_key = {toml_string(HOME / 'office.seal')}\n"
            f"lease_seconds = 60\ndrafts_most = 100000\npages_mb = 2000\n{self.brokers.table('brokers', 'office')}"
            f'[http]\nlisten = "127.0.0.1:{self.port}"\n{stations}'
            f'[[system]]\nname = "cases"\ntoken_sha256 = "{hashlib.sha256(self.token.encode()).hexdigest()}"\n'
        )


def start(options, office, desks):
    """Everything there is, in the order in which it is needed."""
    for n in range(3):
        out = open(HOME / f"nats-{n}.log", "ab")
        child = subprocess.Popen(
            ["nats-server", "-c", HOME / f"nats-{n}.conf"], stdout=out, stderr=out, stdin=subprocess.DEVNULL, preexec_fn=demo.die_with_parent
        )
        office.children.append((child, f"nats-{n}.log"))
    office.start("office", "--config", str(office.config), log="office.log")
    for name in READERS:
        office.start("reader", "--config", str(HOME / f"{name}.toml"), log=f"{name}.log")
    for desk in desks:
        desk.start("cabinet", "simulate", "--listen", desk.cabinet, "--speed", "20", log="cabinet.log")
        password = desk.secret("operator.password", lambda: secrets.token_urlsafe(12))
        if demo.OPERATOR not in desk.command("user", "list"):
            desk.command("user", "add", demo.OPERATOR, "--role", "confirming_officer", "--password-stdin", stdin=password + "\n")
        desk.start("run", "--config", str(desk.config), log="station.log")
        wait_until(desk.up, 30, f"{desk.name} to answer")
        say(f"{desk.name}   http://127.0.0.1:{desk.port}/   用户 user: {demo.OPERATOR}   密码 password: {password}")
        desk.csrf = desk.call("POST", "/v1/session", {"user": demo.OPERATOR, "password": password})["csrf"]
    wait_until(office.up, 60, "the office to answer")
    say(f"office   http://127.0.0.1:{office.port}/v1/drafts/claims   令牌 token file: {HOME / 'case-system.token'}")


def run(options):
    letters = demo.pages_of(options.letters)
    if options.fresh:
        shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True, exist_ok=True)
    brokers = Brokers()
    brokers.prepare()
    office = Office(options.letters, options.port, brokers)
    office.prepare()
    desks = [Desk(options.letters, name, brokers) for name in NAMES]
    for desk in desks:
        desk.prepare(False)
    try:
        start(options, office, desks)
        for at, desk in enumerate(desks):
            own = [files for n, files in enumerate(letters.values()) if n % len(desks) == at]
            desk.released_batch(len(own))
            desk.feed([file for files in own for file in files])
            say(f"{desk.name}: {len(own)} 封信 letters")
        return hand_over(options, office, desks, len(letters))
    finally:
        for one in (*desks, office):
            one.stop()


def hand_over(options, office, desks, count):
    """The reference case system takes every draft at the office's address; then all stay up until Ctrl-C."""
    taking = subprocess.Popen(
        [sys.executable, PROJECT / "tests" / "case_system" / "client.py", "--url", f"http://127.0.0.1:{office.port}", "--token-file",
         HOME / "case-system.token", "--ledger", HOME / "case-system.db", "--expect", str(count), "--timeout", str(60 + 60 * count)],
        preexec_fn=demo.die_with_parent,
    )
    while taking.poll() is None:
        office.check_alive()
        for desk in desks:
            desk.check_alive()
        time.sleep(1)
    registered = lambda desk: [one["id"] for one in desk.all("/v1/letters") if one["stage"] == "registered"]
    if taking.returncode == 0:
        wait_until(lambda: sum(len(registered(desk)) for desk in desks) == count, 60, "the receipts to reach the stations")
    for desk in desks:
        say(f"{desk.name}: registered {' '.join(registered(desk))}")
        say(f"{desk.name}: 异机识读 pages read elsewhere: {read_elsewhere(desk)}")
    if options.once or taking.returncode != 0:
        return taking.returncode
    say("全部保持运行，按 Ctrl-C 停止 — all of it stays up; Ctrl-C stops it")
    while True:
        office.check_alive()
        time.sleep(1)


def read_elsewhere(desk):
    """How many pages of a station each reader read; a restricted letter is not looked into for that."""
    open_to_all = [letter for letter in desk.all("/v1/letters") if not letter["restricted"]]
    letters = [desk.call("GET", f"/v1/letters/{letter['id']}") for letter in open_to_all]
    by = collections.Counter(page["read_by"] for letter in letters for page in letter["page_list"] if page.get("read_by"))
    return ", ".join(f"{name} {count}" for name, count in sorted(by.items())) or "0"


def main():
    wants = argparse.ArgumentParser(description="three brokers, three stations, two readers, one office")
    wants.add_argument("--letters", type=Path, default=PROJECT / "tests" / "letters")
    wants.add_argument("--port", type=int, default=8475)
    wants.add_argument("--once", action="store_true")
    wants.add_argument("--fresh", action="store_true")
    options = wants.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(options)
    except Failed as failure:
        print("\n  ".join(["make office-demo: " + failure.args[0], *failure.args[1:]]), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
