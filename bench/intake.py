#!/usr/bin/env python3
"""How fast waiting files are taken: prints one line `name value unit` each.

A station without OCR models, one watched folder, a load opened by an override, and N files that waited while the station was stopped, --letter pages of
each letter. With --images DIR the files are the JPEGs of that folder, each made another one by a comment. With --thumbnails a thumbnail of every page is
asked for as it arrives: claimed, on the disk, hashed, decoded, drawn small. With --by separator a separator sheet, drawn at --dpi, lies before every letter.
--keep DIR leaves the prepared station there, and takes it from there the next time: drawing thousands of sheets takes minutes.
Usage: bench/intake.py [--files N] [--letter PAGES] [--bytes B] [--images DIR] [--thumbnails | --by separator [--dpi N]] [--keep DIR] [--binary target/release/laixin]
"""

import argparse
import glob
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

PASSWORD = "only for this bench 1"
OWN_PASSWORD = PASSWORD + "2"
PEOPLE = ("bench", "second")  # an override takes two people
SHEETS_OF_A_RUN = 500
LETTERS_OF_A_BATCH = 10_000


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
    arguments.add_argument("--letter", type=int, default=4)
    arguments.add_argument("--bytes", type=int, default=50_000)
    arguments.add_argument("--images")
    arguments.add_argument("--thumbnails", action="store_true")
    arguments.add_argument("--by", choices=("name", "separator"), default="name")
    arguments.add_argument("--dpi", type=int, default=200)
    arguments.add_argument("--keep")
    arguments.add_argument("--binary", default="target/release/laixin")
    arguments.add_argument("--seconds", type=int, default=1800)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="laixin-intake-") as home:
        prepared = asked.keep or os.path.join(home, "prepared")
        if not os.path.isdir(prepared):
            os.makedirs(prepared)
            prepare(asked, prepared)
        used = os.path.join(home, "used")
        shutil.copytree(prepared, used)
        os.sync()
        return measure(asked, used)


def call(port, method, path, body, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, json.dumps(body), {"Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {text.decode()}")
    return answer, json.loads(text) if text else None


class Station:
    """A running station of a folder, ended by its process number."""

    def __init__(self, binary, home, by):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        here = os.path.abspath("config")
        self.config = os.path.join(home, "station.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(
                f'[station]\nname = "bench"\ndata_dir = "data"\n[http]\nlisten = "127.0.0.1:{self.port}"\n'
                f'[[scanner]]\nid = "s1"\nfolder = "inbox"\nby = "{by}"\n[reading]\nmodels_dir = "none"\n'
                f'[registration]\nroster = "{here}/roster.toml"\ndeadlines = "{here}/deadlines/2022.toml"\n'
            )
        self.binary, self.home = binary, home

    def __enter__(self):
        self.log = open(os.path.join(self.home, "log"), "a", encoding="utf-8")
        self.began = time.monotonic()
        self.process = subprocess.Popen([self.binary, "run", "--config", self.config], stdout=self.log, stderr=self.log)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()

    def up(self):
        for _ in range(400):
            try:
                http.client.HTTPConnection("127.0.0.1", self.port, timeout=1).request("GET", "/healthz")
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("the station does not answer")

    def signed_in(self, name="bench", password=OWN_PASSWORD):
        answer, session = call(self.port, "POST", "/v1/session", {"user": name, "password": password})
        return {"Cookie": answer.getheader("Set-Cookie").split(";")[0], "X-CSRF-Token": session["csrf"]}

    def look(self):
        return sqlite3.connect(f"file:{self.home}/data/station.sqlite3?mode=ro", uri=True, check_same_thread=False)

    def memory_mib(self) -> float:
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def prepare(asked, home):
    """A released load, then the files."""
    inbox = os.path.join(home, "inbox")
    os.mkdir(inbox)
    os.mkdir(os.path.join(home, "data"))
    station = Station(asked.binary, home, asked.by)
    for name in PEOPLE:
        subprocess.run([asked.binary, "user", "add", name, "--role", "operator", "--password-stdin", "--config", station.config],
                       input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)
    letters = min(LETTERS_OF_A_BATCH, -(-asked.files // asked.letter))
    with station:
        station.up()
        for name in PEOPLE:  # who signs has chosen his password himself
            own = station.signed_in(name, PASSWORD)
            call(station.port, "POST", "/v1/session/password", {"old": PASSWORD, "new": OWN_PASSWORD}, own)
        who = station.signed_in()
        call(station.port, "POST", "/v1/batches", {"carrier": "letter", "count": letters, "received_at": "2026-03-02T09:00:00+08:00"}, who)
        call(station.port, "POST", "/v1/batches/1/loads", {"cabinet": "none"}, who)
        call(station.port, "POST", "/v1/loads/1/override", {"reason": "a measurement without a cabinet", "approver": "second",
                                                            "approver_password": OWN_PASSWORD}, who)
    samples = [open(name, "rb").read() for name in sorted(glob.glob(f"{asked.images}/*_p*.jpg"))] if asked.images else []
    sheets = drawn(asked, station) if asked.by == "separator" else None
    for number in range(asked.files):
        letter, page = divmod(number, asked.letter)
        separator = next(sheets) if sheets and page == 0 else None
        name = f"{number:06}.jpg" if sheets else f"L{letter:05}_p{page + 1}.jpg"
        with open(os.path.join(inbox, name), "wb") as file:
            file.write(separator or (commented(samples[number % len(samples)], number) if samples else jpeg(number, asked.bytes)))


def drawn(asked, station):
    """Separator sheets in their order, printed by the station and drawn by poppler."""
    while True:
        with tempfile.TemporaryDirectory() as folder:
            pdf = os.path.join(folder, "sheets.pdf")
            subprocess.run([asked.binary, "separators", "--count", str(SHEETS_OF_A_RUN), "-o", pdf, "--config", station.config],
                           check=True, stdout=subprocess.DEVNULL)
            halves = [(1, SHEETS_OF_A_RUN // 2), (SHEETS_OF_A_RUN // 2 + 1, SHEETS_OF_A_RUN)]
            drawing = [subprocess.Popen(["pdftoppm", "-gray", "-jpeg", "-r", str(asked.dpi), "-f", str(first), "-l", str(last), pdf, f"{folder}/sheet"])
                       for first, last in halves]
            if any(half.wait() for half in drawing):
                sys.exit("the sheets were not drawn")
            for name in sorted(glob.glob(f"{folder}/sheet*.jpg")):
                yield open(name, "rb").read()


def measure(asked, home) -> int:
    with Station(asked.binary, home, asked.by) as station:
        return with_thumbnails(asked, station) if asked.thumbnails else watch(asked, station)


def with_thumbnails(asked, station) -> int:
    """Two clients ask for the thumbnail of every page as soon as it is there."""
    station.up()
    who, database = station.signed_in(), station.look()
    lock, asked_for, failed = threading.Lock(), set(), []
    new = iter(())

    def next_page():
        nonlocal new
        with lock:
            page = next(new, None)
            if page is None:
                # Pages by their place in the letter, as its address has them.
                rows = database.execute("SELECT id, letter_id, row_number() OVER (PARTITION BY letter_id ORDER BY id) FROM pages")
                new = iter([row for row in rows if row[0] not in asked_for])
                page = next(new, None)
            if page:
                asked_for.add(page[0])
            return page

    drawn_pages = [0, 0]

    def client(which):
        while sum(drawn_pages) < asked.files and time.monotonic() - station.began < asked.seconds:
            page = next_page()
            if page is None:
                time.sleep(0.02)
                continue
            connection = http.client.HTTPConnection("127.0.0.1", station.port, timeout=30)
            connection.request("GET", f"/v1/letters/{page[1]}/pages/{page[2]}/thumbnail", headers=who)
            answer = connection.getresponse()
            if answer.status != 200 or not answer.read().startswith(b"\xff\xd8"):
                failed.append(page)
            drawn_pages[which] += 1

    clients = [threading.Thread(target=client, args=(which,)) for which in (0, 1)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    seconds = time.monotonic() - station.began
    taken = database.execute("SELECT count(*) FROM arrivals WHERE state = 'taken'").fetchone()[0]
    print(f"intake_with_thumbnails_{asked.files} {seconds:.1f} s" + (f" ({len(failed)} failed, {taken} taken)" if failed or taken < asked.files else ""))
    print(f"intake_with_thumbnails_rate {min(taken, sum(drawn_pages) - len(failed)) / seconds:.1f} pages/s")
    print(f"intake_with_thumbnails_memory {station.memory_mib():.0f} MiB")
    return 0 if taken == asked.files and not failed else 1


def watch(asked, station) -> int:
    tenths, first, peak, early, taken = [], None, 0.0, None, 0
    database = None
    while taken < asked.files and time.monotonic() - station.began < asked.seconds:
        time.sleep(0.1 if first is None else 0.5)
        database = database or station.look()
        taken = database.execute("SELECT count(*) FROM arrivals WHERE state = 'taken'").fetchone()[0]
        now = time.monotonic() - station.began
        if taken and first is None:
            first = now
        memory = station.memory_mib()
        peak = max(peak, memory)
        if early is None and taken > asked.files // 10:
            early = memory
        while first is not None and taken * 10 >= asked.files * (len(tenths) + 1) and len(tenths) < 10:
            tenths.append(now)
    seconds = time.monotonic() - station.began
    print(f"intake_first_page {first or float('nan'):.1f} s")
    print(f"intake_all_{asked.files} {seconds:.0f} s" + ("" if taken == asked.files else f" (only {taken})"))
    print(f"intake_rate {taken / seconds:.1f} pages/s")
    rates = [asked.files / 10 / (then - before) for before, then in zip([first, *tenths], tenths) if then > before]
    print("intake_rate_by_tenths " + " ".join(f"{rate:.0f}" for rate in rates) + " pages/s")
    print(f"intake_memory_at_a_tenth {early or float('nan'):.0f} MiB")
    print(f"intake_memory_peak {peak:.0f} MiB")
    if asked.by == "separator":
        letters, found = (database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("letters", "holds"))
        print(f"intake_letters {letters} of {-(-asked.files // asked.letter)}, {found} findings")
    return 0 if taken == asked.files else 1


if __name__ == "__main__":
    sys.exit(main())
