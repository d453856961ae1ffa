#!/usr/bin/env python3
"""How fast waiting files are taken: prints one line `name value unit` each.

A station without OCR models, one watched folder, a load opened by an override, and N files that waited while the station was stopped.
With --images DIR the files are the JPEGs of that folder, each made another one by a comment, and a thumbnail of every page is asked for as it arrives: claimed,
on the disk, hashed, decoded, drawn small.
Usage: bench/intake.py [--files N] [--bytes B] [--images DIR] [--binary target/release/laixin]
"""

import argparse
import glob
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

PASSWORD = "only for this bench 1"


def jpeg(seed: int, size: int) -> bytes:
    """Structurally a JPEG, another one for each seed."""
    filling = (seed.to_bytes(8, "big").hex().encode() * (size // 16 + 1))[:size]
    return b"\xff\xd8\xff\xda\x00\x04\x01\x02" + filling + b"\xff\xd9"


def commented(image: bytes, number: int) -> bytes:
    """The same picture as another file."""
    return image[:2] + b"\xff\xfe\x00\x0a" + f"{number:08}".encode() + image[2:]


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--files", type=int, default=20_000)
    arguments.add_argument("--bytes", type=int, default=50_000)
    arguments.add_argument("--images")
    arguments.add_argument("--binary", default="target/release/laixin")
    arguments.add_argument("--seconds", type=int, default=900)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="laixin-intake-") as home:
        return measure(asked, home)


def call(port, method, path, body, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, json.dumps(body), {"Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {text.decode()}")
    return answer, json.loads(text) if text else None


def start(binary, config, log):
    return subprocess.Popen([binary, "run", "--config", config], stdout=log, stderr=log)


def up(port):
    for _ in range(200):
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).request("GET", "/healthz")
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("the station does not answer")


def measure(asked, home) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    here = os.path.abspath("config")
    config = os.path.join(home, "station.toml")
    inbox = os.path.join(home, "inbox")
    os.mkdir(inbox)
    with open(config, "w", encoding="utf-8") as file:
        file.write(
            f'[station]\nname = "bench"\ndata_dir = "data"\n[http]\nlisten = "127.0.0.1:{port}"\n'
            '[[scanner]]\nid = "s1"\nfolder = "inbox"\n[reading]\nmodels_dir = "none"\n'
            f'[registration]\nroster = "{here}/roster.toml"\ndeadlines = "{here}/deadlines/2022.toml"\n'
        )
    os.mkdir(os.path.join(home, "data"))
    for name in ("bench", "second"):  # an override takes two people
        subprocess.run([asked.binary, "user", "add", name, "--role", "operator", "--password-stdin", "--config", config],
                       input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(home, "log"), "w", encoding="utf-8") as log:
        station = start(asked.binary, config, log)
        up(port)
        answer, session = call(port, "POST", "/v1/session", {"user": "bench", "password": PASSWORD})
        who = {"Cookie": answer.getheader("Set-Cookie").split(";")[0], "X-CSRF-Token": session["csrf"]}
        call(port, "POST", "/v1/batches", {"carrier": "letter", "count": 10_000, "received_at": "2026-03-02T09:00:00+08:00"}, who)
        call(port, "POST", "/v1/batches/1/loads", {"cabinet": "none"}, who)
        call(port, "POST", "/v1/loads/1/override", {"reason": "a measurement without a cabinet", "approver": "second",
                                                    "approver_password": PASSWORD}, who)
        station.send_signal(signal.SIGTERM)
        station.wait(20)
        samples = [open(name, "rb").read() for name in sorted(glob.glob(f"{asked.images}/*_p*.jpg"))] if asked.images else []
        for number in range(asked.files):
            with open(os.path.join(inbox, f"L{number:05}_p1.jpg"), "wb") as file:
                file.write(commented(samples[number % len(samples)], number) if samples else jpeg(number, asked.bytes))
        began = time.monotonic()
        station = start(asked.binary, config, log)
        try:
            return with_thumbnails(asked, home, port, station, who, began) if samples else watch(asked, home, station, began)
        finally:
            station.send_signal(signal.SIGTERM)
            station.wait(60)


def memory_mib(pid) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def with_thumbnails(asked, home, port, station, who, began) -> int:
    """Two clients ask for the thumbnail of every page as soon as its letter is there."""
    database = sqlite3.connect(f"file:{home}/data/station.sqlite3?mode=ro", uri=True, check_same_thread=False)
    lock, asked_for, failed = threading.Lock(), set(), []

    def next_letter():
        with lock:
            for (letter,) in database.execute("SELECT letter_id FROM pages"):
                if letter not in asked_for:
                    asked_for.add(letter)
                    return letter
        return None

    drawn = [0, 0]

    def client(which):
        while drawn[0] + drawn[1] < asked.files and time.monotonic() - began < asked.seconds:
            letter = next_letter()
            if letter is None:
                time.sleep(0.02)
                continue
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", f"/v1/letters/{letter}/pages/1/thumbnail", headers=who)
            answer = connection.getresponse()
            if answer.status != 200 or not answer.read().startswith(b"\xff\xd8"):
                failed.append(letter)
            drawn[which] += 1

    up(port)
    clients = [threading.Thread(target=client, args=(which,)) for which in (0, 1)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    seconds = time.monotonic() - began
    taken = database.execute("SELECT count(*) FROM arrivals WHERE state = 'taken'").fetchone()[0]
    print(f"intake_with_thumbnails_{asked.files} {seconds:.1f} s" + (f" ({len(failed)} failed, {taken} taken)" if failed or taken < asked.files else ""))
    print(f"intake_with_thumbnails_rate {min(taken, sum(drawn) - len(failed)) / seconds:.1f} pages/s")
    print(f"intake_with_thumbnails_memory {memory_mib(station.pid):.0f} MiB")
    return 0 if taken == asked.files and not failed else 1


def watch(asked, home, station, began) -> int:
    database = sqlite3.connect(f"file:{home}/data/station.sqlite3?mode=ro", uri=True)
    first, peak, early, taken = None, 0.0, None, 0
    while taken < asked.files and time.monotonic() - began < asked.seconds:
        time.sleep(0.1)
        taken = database.execute("SELECT count(*) FROM arrivals WHERE state = 'taken'").fetchone()[0]
        if taken and first is None:
            first = time.monotonic() - began
        memory = memory_mib(station.pid)
        peak = max(peak, memory)
        if early is None and taken > asked.files // 10:
            early = memory
    seconds = time.monotonic() - began
    print(f"intake_first_page {first or float('nan'):.1f} s")
    print(f"intake_all_{asked.files} {seconds:.0f} s" + ("" if taken == asked.files else f" (only {taken})"))
    print(f"intake_rate {taken / seconds:.1f} pages/s")
    print(f"intake_memory_at_a_tenth {early or float('nan'):.0f} MiB")
    print(f"intake_memory_peak {peak:.0f} MiB")
    return 0 if taken == asked.files else 1


if __name__ == "__main__":
    sys.exit(main())
