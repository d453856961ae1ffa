#!/usr/bin/env python3
"""How much memory a whole station needs while it reads: the sum of what its processes (the daemon and its page workers) hold, pages shared
between them counted by share (PSS), asked twice a second while `make run ONCE=1 FRESH=1` reads LETTERS. Prints `name value unit` for the
peak and for what each kind of process held then; ends with 1 where the station does, or above --limit-mb.
Usage: bench/memory.py --letters DIR [--port N] [--limit-mb 900]
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def processes(root):
    """Kind and number of each process of the station below `root`."""
    children, commands = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            number = int(stat.parent.name)
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            commands[number] = (stat.parent / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue  # it has just ended
        children.setdefault(parent, []).append(number)
    waiting = [root]
    while waiting:
        number = waiting.pop()
        waiting += children.get(number, [])
        match commands.get(number, []):
            case [_, b"page-worker", *_]:
                yield "page_workers", number
            case [program, b"run", *_] if program.endswith(b"laixin"):
                yield "daemon", number


def held_kb(number):
    try:
        rollup = Path(f"/proc/{number}/smaps_rollup").read_text()
    except OSError:
        return 0
    return int(re.search(r"^Pss:\s+(\d+)", rollup, re.M).group(1))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--letters", default="tests/letters")
    arguments.add_argument("--port", default="8472")
    arguments.add_argument("--limit-mb", type=int, default=900)
    asked = arguments.parse_args()
    demo = [sys.executable, PROJECT / "demo" / "station.py", "--letters", asked.letters, "--port", asked.port, "--once", "--fresh"]
    station = subprocess.Popen(demo, stdout=sys.stderr)
    peak = {}
    while station.poll() is None:
        held = {"daemon": 0, "page_workers": 0}
        for kind, number in processes(station.pid):
            held[kind] += held_kb(number)
        peak = max(peak, held, key=lambda one: sum(one.values()))
        time.sleep(0.5)
    whole = sum(peak.values()) // 1024
    print(f"memory/station_while_reading/peak {whole} MB")
    for kind, kb in peak.items():
        print(f"memory/station_while_reading/{kind}_then {kb // 1024} MB")
    return 1 if station.returncode or whole > asked.limit_mb else 0


if __name__ == "__main__":
    sys.exit(main())
