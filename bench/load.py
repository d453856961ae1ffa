#!/usr/bin/env python3
"""100 clients at once against a running station while it reads pages: how long claims take, how many thumbnails it gives a second, and
whether its memory stays flat.

Starts a station of its own with the sample letters, encrypted at rest unless told otherwise; Python's standard library only (one thread, connections
kept open, every claim under a key of its own). The same clients ask for `/healthz` as well, which costs the station next to nothing: what they get of that says
what this machine and these clients can do at all. Prints one line `name value unit` each and writes memory over time to
run/load/memory.csv. Usage: bench/load.py [--clients 100] [--seconds 30] [--flat SECONDS] [--laixin PROGRAM]
"""

import argparse
import heapq
import json
import multiprocessing
import re
import secrets
import select
import shutil
import socket
import sqlite3
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "demo"))
import station as demo  # noqa: E402


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


class Client:
    """One connection that is kept open, without anything around it: what these clients need themselves, the other clients wait for."""

    def __init__(self, port, token):
        self.address, self.socket, self.got = ("127.0.0.1", port), None, bytearray()
        self.head = f"Host: localhost\r\nAuthorization: Bearer {token}\r\n"
        self.asked, self.after, self.pause = 0.0, 0.0, 0.0

    def ask(self, method, path, body=None):
        text = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\n{self.head}"
        if body is not None:
            head += f"Idempotency-Key: {secrets.token_hex(8)}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
        self.asked = time.monotonic()
        self.socket.sendall(head.encode() + b"\r\n" + text)

    def take(self):
        """Status, body and ms since it was asked for, once the whole answer is there."""
        self.got += self.socket.recv(1 << 18)
        ends = self.got.find(b"\r\n\r\n")
        length = LENGTH.search(self.got, 0, max(ends, 0) + 2)
        if ends < 0 or len(self.got) < ends + 4 + int(length[1] if length else 0):
            return None
        answer = int(self.got[9:12]), bytes(self.got[ends + 4 :]), (time.monotonic() - self.asked) * 1000
        self.got.clear()
        return answer


LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


def drive(clients, work):
    """Lets every client do its work, all on this one thread. `work(client)` yields what it asks for, or how many seconds it rests."""
    poll, resting, busy = select.epoll(), [], {}

    def go_on(client, errand, answer):
        wish = next(errand, None) if answer is None else errand.send(answer)
        if wish is None:
            return
        if isinstance(wish, tuple):
            busy[client.socket.fileno()] = client, errand
            client.ask(*wish)
        else:
            heapq.heappush(resting, (time.monotonic() + wish, id(client), client, errand))

    def resumed(client, errand, answer):
        try:
            go_on(client, errand, answer)
        except StopIteration:
            pass

    for client in clients:
        if client.socket is None:
            client.socket = socket.create_connection(client.address)
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(client.socket, select.EPOLLIN)
        resumed(client, work(client), None)
    while busy or resting:
        wait = max(0, resting[0][0] - time.monotonic()) if resting else -1
        for number, _ in poll.poll(wait):
            client, errand = busy[number]
            answer = client.take()
            if answer:
                del busy[number]
                resumed(client, errand, answer)
        while resting and resting[0][0] <= time.monotonic():
            _, _, client, errand = heapq.heappop(resting)
            resumed(client, errand, None)
    poll.close()


def rss_mb(pid):
    """Resident memory of the station and of the processes it started, MiB."""
    total = 0
    for process in [pid] + children(pid):
        try:
            for line in Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total / 1024


def children(pid):
    try:
        found = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return found + [grandchild for child in found for grandchild in children(child)]


def own_mb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def claims(clients, seconds):
    """Each client claims one draft and gives it back, over and over: ms of every claim, and how many came back empty."""
    took, empty = [], 0
    began = time.monotonic()
    claimed = re.compile(rb'"id":"([^"]+)","lease":"([^"]+)"')

    def work(client):
        nonlocal empty
        yield client.after
        turn = began + client.after
        while time.monotonic() < began + seconds:
            status, body, ms = yield "POST", "/v1/drafts/claims", {"limit": 1, "lease_seconds": 60}
            took.append(ms)
            assert status == 200, (status, body)
            # Reading the whole of every draft would keep this process, and with it the clock of the other clients, busier than the station.
            drafts = claimed.findall(body)
            empty += not drafts
            for letter, lease in drafts:
                status, body, _ = yield "POST", f"/v1/drafts/{letter.decode()}/nack", {"reason": "bench", "lease": lease.decode()}
                assert status == 200, (status, body)
            # A case system asks every few moments; a hundred of them at once are busy all the same.
            while turn <= time.monotonic():
                turn += client.pause
            yield turn - time.monotonic()

    drive(clients, work)
    return took, empty


def alive(clients, seconds, pause):
    """The same clients, each asking for what costs nothing: ms of every answer."""
    took = []
    began = time.monotonic()

    def work(client):
        yield client.after if pause else 0
        turn = began + client.after
        while time.monotonic() < began + seconds:
            status, _, ms = yield "GET", "/healthz"
            took.append(ms)
            assert status == 200, status
            if pause:
                while turn <= time.monotonic():
                    turn += pause
                yield turn - time.monotonic()

    drive(clients, work)
    return took, time.monotonic() - began


def thumbnails_of(paths, end, took):
    at = iter(range(1 << 62))

    def work(_):
        while time.monotonic() < end:
            status, body, ms = yield "GET", paths[next(at) % len(paths)]
            took.append(ms)
            assert status == 200 and body[:2] == b"\xff\xd8", (status, body[:200])

    return work


def thumbnails(clients, paths, seconds):
    took, began = [], time.monotonic()
    drive(clients, thumbnails_of(paths, began + seconds, took))
    return took, time.monotonic() - began


def flat(clients, paths, seconds, pid, out):
    """Everything at once for a long time; the slope of the station's own memory over the second half, MiB a minute."""
    began, samples = time.monotonic(), []

    def watch():
        while time.monotonic() < began + seconds:
            samples.append((time.monotonic() - began, own_mb(pid), rss_mb(pid)))
            time.sleep(2)

    half = len(clients) // 2
    busy = [threading.Thread(target=watch), threading.Thread(target=claims, args=(clients[:half], seconds)),
            threading.Thread(target=thumbnails, args=(clients[half:], paths, seconds))]
    for one in busy:
        one.start()
    for one in busy:
        one.join()
    out.write_text("second,station_mib,all_mib\n" + "".join(f"{at:.0f},{own:.1f},{all_:.1f}\n" for at, own, all_ in samples))
    late = [(at / 60, own) for at, own, _ in samples if at > seconds / 2]
    mean_at, mean = sum(at for at, _ in late) / len(late), sum(own for _, own in late) / len(late)
    slope = sum((at - mean_at) * (own - mean) for at, own in late) / max(1e-9, sum((at - mean_at) ** 2 for at, _ in late))
    return samples, slope


class ReadAlong:
    """Gives reading the same images again and again under new names, so that it always has work."""

    def __init__(self, station, letters, idle):
        self.station, self.letters, self.idle, self.round = station, letters, idle, 0

    def counted(self):
        """Pages read so far, and those that wait, by the station's own metrics."""
        with self.station.http.open(f"http://127.0.0.1:{self.station.port}/metrics", timeout=300) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if "page_read_seconds_count" in line)

    def feed(self):
        self.round += 1
        for files in self.letters.values():
            for file in files:
                stem, _, part = file.stem.rpartition("_")
                target = self.station.inbox / f"{stem}r{self.round}_{part}{file.suffix}"
                copy = self.station.inbox / f".{target.name}.part"
                shutil.copyfile(file, copy)
                copy.rename(target)

    def __enter__(self):
        self.read_before, self.began = self.counted(), time.monotonic()
        # A process of its own: what it does keeps no client waiting.
        self.feeding = None if self.idle else multiprocessing.Process(target=self.keep_feeding)
        if self.feeding:
            self.feeding.start()
        return self

    def keep_feeding(self):
        fed, pages = 0, sum(len(files) for files in self.letters.values())
        before = self.counted()
        while True:
            if before + fed - self.counted() < pages:
                self.round = int(time.time() * 1000)
                self.feed()
                fed += pages
            time.sleep(1)

    def __exit__(self, *_):
        if self.feeding:
            self.feeding.terminate()
            self.feeding.join()
        read = self.counted() - self.read_before
        print(f"read_meanwhile {read:.0f} pages in {time.monotonic() - self.began:.0f} s", flush=True)


def main():
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("--clients", type=int, default=100)
    wants.add_argument("--seconds", type=float, default=30)
    wants.add_argument("--pause", type=float, default=1.0, help="of a claiming client between two claims, s")
    wants.add_argument("--flat", type=float, default=0, help="seconds of everything at once, for the memory")
    wants.add_argument("--lockstep", action="store_true", help="all clients claim in the same moment, each time, instead of each in its own")
    wants.add_argument("--idle", action="store_true", help="without reading beside it")
    wants.add_argument("--claims-only", action="store_true", help="without the thumbnails")
    wants.add_argument("--drafts", type=int, default=0, help="so many drafts to claim instead of a dozen; goes with --clear")
    wants.add_argument("--clear", action="store_true", help="without encryption at rest")
    wants.add_argument("--laixin", type=Path, default=demo.LAIXIN, help="another binary, an optimised one above all")
    options = wants.parse_args()
    demo.LAIXIN = options.laixin
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    station = demo.Station(demo.PROJECT / "tests" / "letters", port)
    station.home = demo.PROJECT / "run" / "load"
    station.inbox, station.config = station.home / "scanner-1", station.home / "station.toml"
    shutil.rmtree(station.home, ignore_errors=True)
    station.prepare(False)
    if not options.clear:
        key = station.home / "station.key"
        station.config.write_text(station.config.read_text() + f"[at_rest]\nkey_file = {demo.toml_string(key)}\n")
        station.command("key", "new")
    try:
        station.start("cabinet", "simulate", "--listen", station.cabinet, "--speed", "20", log="cabinet.log")
        daemon = station.start("run", "--config", str(station.config), log="station.log")
        demo.wait_until(station.up, 30, "the station to answer")
        password = demo.secrets.token_urlsafe(12)
        station.command("user", "add", "bench", "--role", "confirming_officer", "--password-stdin", stdin=password + "\n")
        station.csrf = station.call("POST", "/v1/session", {"user": "bench", "password": password})["csrf"]
        token = station.command("token", "add", "bench", "--scope", "case_system").strip()
        letters = demo.pages_of(station.letters)
        station.released_batch(len(letters))
        station.feed([file for files in letters.values() for file in files])
        drafted = lambda: [letter for letter in station.all("/v1/letters") if letter["stage"] in demo.DONE]
        demo.wait_until(lambda: len(drafted()) == len(letters), 300, "every letter to be drafted")
        paths = [f"/v1/letters/{letter['id']}/pages/{n}/thumbnail" for letter in drafted() for n in range(1, letter["pages"] + 1)]
        if options.drafts:
            more_drafts(station, options.drafts)
        clients = [Client(port, token) for _ in range(options.clients)]
        for at, client in enumerate(clients):
            client.pause = options.pause
            client.after = 0 if options.lockstep else options.pause * at / len(clients)
        measure(options, station, clients, paths, letters, daemon.pid)
    finally:
        station.stop()


def told(name, took):
    for share, part in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        print(f"{name}_{part} {percentile(took, share):.1f} ms", flush=True)


def measure(options, station, clients, paths, letters, pid):
    def read_along():
        return ReadAlong(station, letters, options.idle)

    with read_along():
        quiet, _ = alive(clients, options.seconds / 3, options.pause)
        told("healthz", quiet)
        took, empty = claims(clients, options.seconds)
    print(f"claims {len(took)} of {len(clients)} clients, {empty} found none ready")
    told("claims", took)
    print(f"claims_p99_over_healthz {percentile(took, 0.99) / percentile(quiet, 0.99):.2f} ratio")
    if options.claims_only:
        return
    with read_along():
        plain, plain_seconds = alive(clients, options.seconds / 3, 0)
        took, seconds = thumbnails(clients, paths, options.seconds)
    per_second, plain_per_second = len(took) / seconds, len(plain) / plain_seconds
    print(f"healthz_per_second {plain_per_second:.0f} 1/s")
    print(f"thumbnails_per_second {per_second:.0f} 1/s")
    print(f"thumbnails_over_healthz {per_second / plain_per_second:.2f} ratio")
    told("thumbnails", took)
    if options.flat:
        with read_along():
            samples, slope = flat(clients, paths, options.flat, pid, station.home / "memory.csv")
        first = [own for at, own, _ in samples if at > options.flat / 2][0]
        print(f"memory_minutes {options.flat / 60:.1f} min")
        print(f"memory_half {first:.1f} MiB")
        print(f"memory_end {samples[-1][1]:.1f} MiB")
        print(f"memory_slope {slope:.3f} MiB/min")


def more_drafts(station, count):
    """Copies of the drafts there are, behind the station's back: so many clients want more drafts than a dozen letters make. `laixin verify` would say so."""
    database = sqlite3.connect(station.home / "data" / "station.sqlite3", isolation_level=None, timeout=30)
    columns = {table: [row[1] for row in database.execute(f"PRAGMA table_info({table})")] for table in ("letters", "drafts")}
    known = [row[0] for row in database.execute("SELECT letter_id FROM drafts WHERE ready_ms IS NOT NULL ORDER BY letter_id")]
    database.execute("BEGIN IMMEDIATE")
    for number in range(count - len(known)):
        of, new = known[number % len(known)], f"COPY{number:05}"
        for table, key in (("letters", "id"), ("drafts", "letter_id")):
            changed = {key: f"'{new}'", "group_name": f"'{new}'", "body": f"replace(body, '\"letter\":\"{of}\"', '\"letter\":\"{new}\"')"}
            values = ", ".join(changed.get(column, column) for column in columns[table])
            database.execute(f"INSERT INTO {table} ({', '.join(columns[table])}) SELECT {values} FROM {table} WHERE {key} = ?", (of,))
    database.execute("COMMIT")
    database.close()


if __name__ == "__main__":
    sys.exit(main())
