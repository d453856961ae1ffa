"""Starts a whole station for `make run`: simulated cabinet, daemon, one batch through the cabinet, sample letters into
the scanner's folder. Everything goes through the HTTP API, as an operator's browser would; nothing reaches into the
database. What it stored stays in run/, so a run that was cut short goes on where it was.
"""

import argparse
import ctypes
import hashlib
import http.client
import http.cookiejar
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LAIXIN = PROJECT / "target" / "release" / "laixin"
OPERATOR = "operator"
SECONDS_PER_LETTER = 30  # far above what a slow machine needs; a station that takes longer is stuck
DONE = {"drafted", "confirmed", "registered"}


def die_with_parent():
    """A killed demo takes its children along (Linux: PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def toml_string(text):
    return json.dumps(str(text), ensure_ascii=False)


def roster_of(scope):
    """The roster of a manifest as the file that registration reads."""
    names = lambda texts: "[" + ", ".join(toml_string(text) for text in texts) + "]"
    parts = [f"station = {toml_string(scope['station'])}\noutside = {names(scope.get('outside', []))}\n"]
    for kind, order in (("leaders", "rank"), ("orgs", "order")):
        for one in scope[kind]:
            title = f"title = {toml_string(one['title'])}\n" if "title" in one else ""
            parts.append(
                f"[[{kind}]]\nname = {toml_string(one['name'])}\n{title}"
                f"alias = {names(one.get('alias', []))}\n{order} = {one[order]}\n"
            )
    return "\n".join(parts)


class Station:
    """One station's folder, settings and processes."""

    def __init__(self, letters, port):
        self.letters = letters.resolve()
        name = hashlib.sha256(str(self.letters).encode()).hexdigest()[:6]
        self.home = PROJECT / "run" / f"{self.letters.name}-{name}"
        self.inbox = self.home / "scanner-1"
        self.config = self.home / "station.toml"
        self.port = port
        self.children = []
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.http = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
        self.csrf = None

    # Set-up of the folder

    def prepare(self, fresh):
        self.end_earlier_run()
        if fresh:
            shutil.rmtree(self.home, ignore_errors=True)
        self.inbox.mkdir(parents=True, exist_ok=True)
        (self.home / "pid").write_text(str(os.getpid()))
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise Failed(f"port {self.port} cannot be used ({error.strerror}): stop what listens there, or choose another with PORT=N") from None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.cabinet = f"127.0.0.1:{probe.getsockname()[1]}"
        self.config.write_text(self.settings(), encoding="utf-8")

    def settings(self):
        shared = PROJECT / "config"
        return f"""# Written by `make run`; see config/station.toml for every key.
[station]
name = {toml_string(self.roster()["station"])}
data_dir = "data"
[http]
listen = "127.0.0.1:{self.port}"
[[cabinet]]
id = "cabinet-1"
profile = {toml_string(shared / "cabinets" / "demo.toml")}
address = "{self.cabinet}"
[[scanner]]
id = "scanner-1"
folder = "scanner-1"
rescan_s = 2
[reading]
models_dir = {toml_string(PROJECT / ".setup" / "models")}
openvino_dir = {toml_string(PROJECT / ".setup" / "openvino" / "openvino" / "libs")}
letter_quiet_s = 2
[registration]
roster = "roster.toml"
deadlines = {toml_string(shared / "deadlines" / "2022.toml")}
holidays = {toml_string(shared / "holidays.toml")}
[handoff]
offer = "read"
"""

    def roster(self):
        """The roster that belongs to the letters, else the project's; always copied beside the settings."""
        manifest = self.letters / "manifest.json"
        if not manifest.exists():
            shutil.copyfile(PROJECT / "config" / "roster.toml", self.home / "roster.toml")
            return {"station": "苏州市信访局"}
        try:
            scope = json.loads(manifest.read_text(encoding="utf-8"))["scope"]
            (self.home / "roster.toml").write_text(roster_of(scope), encoding="utf-8")
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise Failed(f"{manifest}: holds no roster ({type(error).__name__}: {error}); mend it or take it away") from None
        return scope

    def end_earlier_run(self):
        """Ends a demo of the same folder that is still there, so that starting again just works."""
        try:
            pid = int((self.home / "pid").read_text())
            if b"station.py" not in Path(f"/proc/{pid}/cmdline").read_bytes() or pid == os.getpid():
                return
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: not Path(f"/proc/{pid}").exists(), 20, "the earlier run to end")
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return

    def secret(self, name, make):
        """A secret of this folder, made once."""
        file = self.home / name
        if not file.exists():
            text = make()
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(text)
        return file.read_text().strip()

    # Processes

    def start(self, *arguments, log):
        out = open(self.home / log, "ab")
        child = subprocess.Popen(
            [LAIXIN, *arguments], stdout=out, stderr=out, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent
        )
        self.children.append((child, log))
        return child

    def stop(self):
        for child, _ in reversed(self.children):
            child.terminate()
        for child, _ in reversed(self.children):
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()

    def check_alive(self):
        for child, log in self.children:
            if child.poll() is not None:
                tail = (self.home / log).read_text(errors="replace").splitlines()[-5:]
                raise Failed(
                    f"the {log.removesuffix('.log')} process ended (exit {child.returncode}); start again to go on where it was."
                    f" {self.home / log} ends with:",
                    *tail,
                )

    def command(self, *arguments, stdin=None):
        done = subprocess.run([LAIXIN, *arguments, "--config", self.config], input=stdin, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"laixin {' '.join(arguments)}: exit {done.returncode}", done.stderr.strip())
        return done.stdout

    # The API, as an operator's browser uses it

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        if method != "GET":
            request.add_header("Idempotency-Key", secrets.token_hex(16))
        if self.csrf:
            request.add_header("X-CSRF-Token", self.csrf)
        try:
            with self.http.open(request, timeout=20) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refusal:
            raise Failed(f"{method} {path}: {refusal.code}", refusal.read().decode(errors="replace")) from None
        except (OSError, http.client.HTTPException) as error:
            time.sleep(0.5)  # a daemon that was killed is gone by then
            self.check_alive()
            raise Failed(f"{method} {path}: {error}") from None
        return json.loads(text) if text else None

    def all(self, path):
        """Every item of a list, page by page."""
        items, cursor = [], ""
        while cursor is not None:
            page = self.call("GET", f"{path}?limit=100{cursor and '&cursor=' + cursor}")
            items += page["items"]
            cursor = page["next"]
        return items

    def up(self):
        self.check_alive()
        try:
            self.http.open(f"http://127.0.0.1:{self.port}/healthz", timeout=2).read()
            return True
        except OSError:
            return False

    # A day in the mailroom

    def released_batch(self, count):
        """The batch of this folder, through the cabinet; an earlier run may have left it anywhere on that way."""
        batches = [batch for batch in self.all("/v1/batches") if batch["closed_at"] is None]
        if batches:
            batch = self.call("GET", f"/v1/batches/{batches[0]['id']}")
        else:
            received = datetime.now().astimezone().isoformat(timespec="seconds")
            batch = self.call("POST", "/v1/batches", {"carrier": "letter", "count": count, "received_at": received})
        loads = batch.get("loads") or [self.call("POST", f"/v1/batches/{batch['id']}/loads", {"cabinet": "cabinet-1"})]
        load = loads[-1]
        if load["state"] in ("released", "overridden"):
            return
        wait_until(lambda: self.call("GET", "/v1/cabinets/cabinet-1")["connected"], 20, "the cabinet to answer")
        if load["state"] != "in_cycle":
            cycle = self.call("POST", "/v1/cabinets/cabinet-1/cycles", {"load": load["id"]})
            say(f"批次 {batch['id']} 入柜消毒，周期 {cycle['cycle']} …")
        state = lambda: next(
            one["state"]
            for one in self.call("GET", f"/v1/batches/{batch['id']}")["loads"]
            if one["id"] == load["id"]
        )
        wait_until(lambda: state() != "in_cycle", 180, "the cycle to end")
        if state() != "released":
            raise Failed(f"load {load['id']} was not released: {state()}")
        say("已放行，可以拆封扫描")

    def feed(self, files):
        """Copies what the station has not seen yet, as a scanner would: under another name, then renamed."""
        known = {file.name.split("__", 1)[-1] for folder in (".claimed", "done", "held") for file in (self.inbox / folder).rglob("*")}
        for file in files:
            if file.name not in known and not (self.inbox / file.name).exists():
                part = self.inbox / f".{file.name}.part"
                try:
                    shutil.copyfile(file, part)
                except OSError as error:
                    raise Failed(f"{error.filename}: cannot be copied to the scanner's folder ({error.strerror})") from None
                part.rename(self.inbox / file.name)


class Failed(Exception):
    """What went wrong, then details."""


def say(text):
    print(text, flush=True)


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s for {what}")
        time.sleep(0.2)


def pages_of(letters):
    """Letter id → its files, by the naming of LETTERS folders: ID_p1.jpg …, ID_env.jpg."""
    found = {}
    try:
        files = sorted(letters.iterdir())
    except OSError as error:
        raise Failed(f"LETTERS={letters}: cannot be listed ({error.strerror}); name a folder") from None
    for file in files:
        stem, _, part = file.stem.rpartition("_")
        if stem and (part == "env" or part[:1] == "p") and file.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif", ".tiff"):
            found.setdefault(stem, []).append(file)
    if not found:
        raise Failed(f"{letters} has no letters: files named ID_p1.jpg …, ID_env.jpg are looked for")
    return found


def table(letters):
    """One line a letter."""
    width = lambda text: sum(2 if ord(c) > 0x2E80 else 1 for c in text)
    rows = [("letter", "stage", "sender", "addressee", "date", "phones", "missing")]
    for letter in letters:
        draft = (letter.get("draft") or {}).get("draft") or {"fields": {}, "missing": []}
        value = lambda name: (draft["fields"].get(name) or {}).get("value") or "–"
        phones = " ".join(phone["value"] or "–" for phone in draft["fields"].get("phones", [])) or "–"
        rows.append(
            (letter["id"], letter["stage"], value("sender_name"), value("addressee"), value("letter_date"), phones, " ".join(draft["missing"]))
        )
    widths = [max(width(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        say("  ".join(cell + " " * (widths[at] - width(cell)) for at, cell in enumerate(row)).rstrip())


def run(options):
    letters = pages_of(options.letters)
    station = Station(options.letters, options.port)
    station.prepare(options.fresh)
    try:
        station.start("cabinet", "simulate", "--listen", station.cabinet, "--speed", "20", log="cabinet.log")
        password = station.secret("operator.password", lambda: secrets.token_urlsafe(12))
        if OPERATOR not in station.command("user", "list"):
            station.command("user", "add", OPERATOR, "--role", "confirming_officer", "--password-stdin", stdin=password + "\n")
        station.secret("case-system.token", lambda: station.command("token", "add", "case-system", "--scope", "case_system"))
        station.start("run", "--config", str(station.config), log="station.log")
        wait_until(station.up, 30, "the station to answer")
        say(f"控制台 console    http://127.0.0.1:{station.port}/      用户 user: {OPERATOR}   密码 password: {password}")
        say(f"接口 API          http://127.0.0.1:{station.port}/openapi.json   令牌 token file: {station.home / 'case-system.token'}")
        say(f"命令 commands      target/release/laixin verify --config {station.config.relative_to(PROJECT)}   (check, health, cabinet state …)")
        station.csrf = station.call("POST", "/v1/session", {"user": OPERATOR, "password": password})["csrf"]
        station.released_batch(len(letters))
        say(f"{len(letters)} 封信送入扫描目录 {station.inbox}")
        station.feed([file for files in letters.values() for file in files])
        return follow(station, letters, options)
    finally:
        station.stop()


def follow(station, letters, options):
    """Watches until every letter has its draft; then ends, or keeps the station up until Ctrl-C."""
    started, end, told = time.monotonic(), time.monotonic() + 60 + SECONDS_PER_LETTER * len(letters), -1
    while True:
        station.check_alive()
        drafted = {letter["id"] for letter in station.all("/v1/letters") if letter["stage"] in DONE}
        if len(drafted) != told:
            told = len(drafted)
            say(f"  {told}/{len(letters)} 封已有登记草稿 drafts ready")
        if drafted >= set(letters) or time.monotonic() > end:
            break
        time.sleep(0.5)
    for letter in station.all("/v1/letters"):
        if letter["restricted"] and letter["id"] in drafted:
            station.call("POST", f"/v1/letters/{letter['id']}/views", {"reason": "演示：列出登记结果 the demonstration lists it"})
    found = [station.call("GET", f"/v1/letters/{letter}") for letter in sorted(drafted)]
    table(found)
    missing = sorted(set(letters) - drafted)
    say(f"{len(drafted)} letters, {len(drafted)} drafts in {time.monotonic() - started:.0f} s" if not missing else f"NO DRAFT: {' '.join(missing)}")
    code = 1 if missing else 0
    if options.handover and not missing:
        code = subprocess.call(
            [sys.executable, PROJECT / "tests" / "case_system" / "client.py", "--url", f"http://127.0.0.1:{station.port}",
             "--token-file", station.home / "case-system.token", "--ledger", station.home / "case-system.db",
             "--expect", str(len(letters))]
        )
    if options.once:
        return code
    say("工作站保持运行，按 Ctrl-C 停止 — the station stays up; Ctrl-C stops it")
    while True:
        station.check_alive()
        time.sleep(1)


def main():
    parser = argparse.ArgumentParser(description="the whole station against a simulated cabinet")
    parser.add_argument("--letters", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8470)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--handover", action="store_true", help="let the outside case system claim every draft at the end")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(options)
    except Failed as failure:
        print("\n  ".join(["make run: " + failure.args[0], *failure.args[1:]]), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
