"""First or repeat across the office: how quickly a station catches up with what others told, and how quickly it then finds a repeat.

Usage: bench/office.py --laixin BINARY --fingerprints BINARY [--n 1000000] [--asked 1000] [--seed 7] [--keep FOLDER]
Starts a nats-server on loopback, tells it of n registrations of the invented town of bench/history.py as another station would
(`cargo build --release --example fingerprints`), starts a station that hears them, and asks it letters that repeat one of them or not
(`laixin history compare`). One line a figure: `name value unit`. What it starts it ends by its process number.
"""

import argparse
import importlib.util
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("history", os.path.join(HERE, "history.py"))
history = importlib.util.module_from_spec(spec)
spec.loader.exec_module(history)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def heard(database):
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
            return connection.execute("SELECT coalesce((SELECT max(id) FROM elsewhere), 0)").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--laixin", required=True)
    ask.add_argument("--fingerprints", required=True)
    ask.add_argument("--n", type=int, default=1_000_000)
    ask.add_argument("--asked", type=int, default=1000)
    ask.add_argument("--seed", type=int, default=7)
    ask.add_argument("--keep", help="folder of the database and the broker's disk")
    args = ask.parse_args()
    town = history.Town(args.seed, "check")
    started = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or temporary
        os.makedirs(folder, exist_ok=True)
        try:
            measure(args, town, folder, started)
        finally:
            for process in reversed(started):
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()


def measure(args, town, folder, started):
    port, http = free_port(), free_port()
    run = lambda *command: subprocess.run(command, check=True, capture_output=True, text=True).stdout
    pair = [line.split()[-1] for line in run(args.fingerprints, "new-keys").splitlines()]
    user, seed, seal_seed, seal = pair
    write(folder, "desk.nkey", seed)
    write(folder, "desk.seal", seal_seed)
    write(folder, "stations.key", "0a" * 32)
    nats = write(folder, "nats.conf", f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{folder}/disk" }}\nauthorization {{ users: [ {{ nkey: {user} }} ] }}\n')
    started.append(subprocess.Popen(["nats-server", "-c", nats], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    while not answers(port):
        time.sleep(0.05)
    telling = subprocess.Popen([args.fingerprints, f"127.0.0.1:{port}", os.path.join(folder, "desk.nkey"), os.path.join(folder, "stations.key"), "desk-b"],
                               stdin=subprocess.PIPE, text=True, encoding="utf-8")
    letters, began = [], time.monotonic()
    for at in range(args.n):
        letter = town.letter(at)
        telling.stdin.write(json.dumps(town.row(letter), ensure_ascii=False) + "\n")
        if town.r.random() < 20_000 / args.n:
            letters.append((at, letter))
    telling.stdin.close()
    if telling.wait() != 0:
        sys.exit("not told")
    print(f"office.told {args.n / (time.monotonic() - began):.0f} registrations/s   (generated, sealed, taken by the broker)")

    root = os.path.dirname(HERE)
    config = write(folder, "station.toml", f'''[station]
name = "x"
data_dir = "data"
[http]
listen = "127.0.0.1:{http}"
[reading]
models_dir = "{root}/.setup/models"
[registration]
roster = "{root}/config/roster.toml"
deadlines = "{root}/config/deadlines/2022.toml"
[office]
station = "desk-a"
seal_key = "desk.seal"
seal_to = "{seal}"
stations_key = "stations.key"
[office.brokers]
servers = ["nats://127.0.0.1:{port}"]
credentials = "desk.nkey"
plain = true
''')
    log = open(os.path.join(folder, "log"), "w", encoding="utf-8")
    station = subprocess.Popen([args.laixin, "run", "--config", config], stdout=subprocess.DEVNULL, stderr=log)
    started.append(station)
    database = os.path.join(folder, "data", "station.sqlite3")
    first, last = None, 0
    while last < args.n:
        if station.poll() is not None:
            sys.exit("the station ended")
        time.sleep(0.1)
        now, last = time.monotonic(), heard(database)
        if first is None and last > 0:
            first = (now, last, processor_seconds(station))
    seconds, worked = time.monotonic() - first[0], processor_seconds(station) - first[2]
    print(f"office.catch_up {(args.n - first[1]) / seconds:.0f} registrations/s   ({args.n}; {(args.n - first[1]) / max(worked, 0.01):.0f} in a second of processor time)")
    station.send_signal(signal.SIGTERM)
    station.wait()
    started.remove(station)
    print(f"office.size {os.path.getsize(database) / 2**20 / args.n * 1e5:.0f} MiB/100000")

    questions = []
    for at in range(args.asked):
        (number, old), kind = town.r.choice(letters), history.KINDS[at % len(history.KINDS)]
        while kind == "moved" and not old["phone"]:
            number, old = town.r.choice(letters)
        questions.append((kind, f"desk-b/L{number}", town.question(old, kind, at)))
    asked = write(folder, "asked.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for _, _, row in questions))
    found = [json.loads(line) for line in run(args.laixin, "history", "compare", asked, "--json", "--config", config).splitlines()]
    args.signs = None
    print(f"office.first_answer {found[0]['ms']:.1f} ms")
    history.tell_times("office.answer", [answer["ms"] for answer in found[1:]])
    for kind in history.KINDS:
        of = [(case, answer["repeat"]) for (one, case, _), answer in zip(questions, found) if one == kind]
        shown = sum(any(c["of"] == case for c in repeat.get("candidates", [])) for case, repeat in of)
        repeats = sum(repeat["relation"] == "repeat" for _, repeat in of)
        print(f"office.{kind}.shown {history.percent(shown, len(of)):.1f} %   (proposed as a repeat: {history.percent(repeats, len(of)):.1f} %; {len(of)} asked)")


if __name__ == "__main__":
    main()
