#!/usr/bin/env python3
"""100 clients at once against a running station while it reads pages: how long claims take, how many thumbnails it gives a second, and
whether its memory stays flat.

Starts a station of its own with the sample letters, encrypted at rest unless told otherwise; Python's standard library only (asyncio,
connections kept open). The same clients ask for `/healthz` as well, which costs the station next to nothing: what they get of that says
what this machine and these clients can do at all. Prints one line `name value unit` each and writes memory over time to
run/load/memory.csv. Usage: bench/load.py [--clients 100] [--seconds 30] [--flat SECONDS] [--laixin PROGRAM]
"""

import argparse
import asyncio
import json
import re
import shutil
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "demo"))
import station as demo  # noqa: E402


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


class Client:
    """One connection that is kept open."""

    def __init__(self, port, token):
        self.port, self.token, self.reader, self.writer = port, token, None, None

    async def call(self, method, path, body=None):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        text = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n"
        self.writer.write(head.encode() + b"\r\n" + text)
        status = int((await self.reader.readline()).split()[1])
        length = 0
        while (line := await self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, await self.reader.readexactly(length)


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


async def claims(clients, seconds):
    """Each client claims one draft and gives it back, over and over: ms of every claim, and how many came back empty."""
    took, empty = [], 0
    end = time.monotonic() + seconds
    claimed = re.compile(rb'"id":"([^"]+)","lease":"([^"]+)"')

    async def work(client):
        nonlocal empty
        await asyncio.sleep(client.after)
        while time.monotonic() < end:
            began = time.monotonic()
            status, body = await client.call("POST", "/v1/drafts/claims", {"limit": 1, "lease_seconds": 60})
            took.append((time.monotonic() - began) * 1000)
            assert status == 200, (status, body)
            # Reading the whole of every draft would keep this process, and with it the clock of the other clients, busier than the station.
            drafts = claimed.findall(body)
            empty += not drafts
            for letter, lease in drafts:
                status, body = await client.call("POST", f"/v1/drafts/{letter.decode()}/nack", {"reason": "bench", "lease": lease.decode()})
                assert status == 200, (status, body)
            # A case system asks every few moments; a hundred of them at once are busy all the same.
            await asyncio.sleep(client.pause)

    await asyncio.gather(*(work(client) for client in clients))
    return took, empty


async def alive(clients, seconds, pause):
    """The same clients, each asking for what costs nothing: ms of every answer."""
    took = []
    end = time.monotonic() + seconds

    async def work(client):
        await client.call("GET", "/healthz")  # connects
        await asyncio.sleep(client.after if pause else 0)
        while time.monotonic() < end:
            began = time.monotonic()
            status, _ = await client.call("GET", "/healthz")
            took.append((time.monotonic() - began) * 1000)
            assert status == 200, status
            if pause:
                await asyncio.sleep(pause)

    began = time.monotonic()
    await asyncio.gather(*(work(client) for client in clients))
    return took, time.monotonic() - began


async def thumbnails(clients, paths, seconds):
    took = []
    end = time.monotonic() + seconds

    async def work(client, at):
        while time.monotonic() < end:
            began = time.monotonic()
            status, body = await client.call("GET", paths[at % len(paths)])
            took.append((time.monotonic() - began) * 1000)
            assert status == 200 and body[:2] == b"\xff\xd8", (status, body[:200])
            at += 1

    began = time.monotonic()
    await asyncio.gather(*(work(client, at) for at, client in enumerate(clients)))
    return took, time.monotonic() - began


async def flat(clients, paths, seconds, pid, out):
    """Everything at once for a long time; the slope of the station's own memory over the second half, MiB a minute."""
    began, samples = time.monotonic(), []

    async def watch():
        while time.monotonic() < began + seconds:
            samples.append((time.monotonic() - began, own_mb(pid), rss_mb(pid)))
            await asyncio.sleep(2)

    half = len(clients) // 2
    await asyncio.gather(watch(), claims(clients[:half], seconds), thumbnails(clients[half:], paths, seconds))
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
        with self.station.http.open(f"http://127.0.0.1:{self.station.port}/metrics", timeout=30) as answer:
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

    async def __aenter__(self):
        self.read_before, self.began = await asyncio.to_thread(self.counted), time.monotonic()
        self.feeding = None if self.idle else asyncio.create_task(self.keep_feeding())
        return self

    async def keep_feeding(self):
        fed, pages = 0, sum(len(files) for files in self.letters.values())
        before = await asyncio.to_thread(self.counted)
        while True:
            if before + fed - await asyncio.to_thread(self.counted) < pages:
                await asyncio.to_thread(self.feed)
                fed += pages
            await asyncio.sleep(1)

    async def __aexit__(self, *_):
        if self.feeding:
            self.feeding.cancel()
        read = await asyncio.to_thread(self.counted) - self.read_before
        print(f"read_meanwhile {read:.0f} pages in {time.monotonic() - self.began:.0f} s", flush=True)


def main():
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("--clients", type=int, default=100)
    wants.add_argument("--seconds", type=float, default=30)
    wants.add_argument("--pause", type=float, default=1.0, help="of a claiming client between two claims, s")
    wants.add_argument("--flat", type=float, default=0, help="seconds of everything at once, for the memory")
    wants.add_argument("--lockstep", action="store_true", help="all clients claim in the same moment, each time, instead of each in its own")
    wants.add_argument("--idle", action="store_true", help="without reading beside it")
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

    async def run():
        async with read_along():
            quiet, _ = await alive(clients, options.seconds / 3, options.pause)
            told("healthz", quiet)
            took, empty = await claims(clients, options.seconds)
        print(f"claims {len(took)} of {len(clients)} clients, {empty} found none ready")
        told("claims", took)
        print(f"claims_p99_over_healthz {percentile(took, 0.99) / percentile(quiet, 0.99):.2f} ratio")
        async with read_along():
            plain, plain_seconds = await alive(clients, options.seconds / 3, 0)
            took, seconds = await thumbnails(clients, paths, options.seconds)
        per_second, plain_per_second = len(took) / seconds, len(plain) / plain_seconds
        print(f"healthz_per_second {plain_per_second:.0f} 1/s")
        print(f"thumbnails_per_second {per_second:.0f} 1/s")
        print(f"thumbnails_over_healthz {per_second / plain_per_second:.2f} ratio")
        told("thumbnails", took)
        if options.flat:
            async with read_along():
                samples, slope = await flat(clients, paths, options.flat, pid, station.home / "memory.csv")
            first = [own for at, own, _ in samples if at > options.flat / 2][0]
            print(f"memory_minutes {options.flat / 60:.1f} min")
            print(f"memory_half {first:.1f} MiB")
            print(f"memory_end {samples[-1][1]:.1f} MiB")
            print(f"memory_slope {slope:.3f} MiB/min")

    asyncio.run(run())


if __name__ == "__main__":
    sys.exit(main())
