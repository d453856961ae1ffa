#!/usr/bin/env python3
"""Asks a running station everything that its own description says can be asked, with Schemathesis: no answer may be a server error, none may
be undocumented in status, kind or shape. Once for every role and for machines, and once for nobody.

Starts a station of its own with a few sample letters; everything it does goes through the HTTP API. Usage: check.py --st PATH [--examples N]
[--seed N]. Exit 0 when no finding is left, 1 otherwise. What was found is in run/api-check/*.log.
"""

import argparse
import json
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demo"))
import station as demo  # noqa: E402

ROLES = ("operator", "confirming_officer", "maintenance", "auditor", "administrator")
SCOPES = ("case_system", "maintenance")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"
# Signing out ends the session that asks; the stream of events never ends. Both are asked at the end, by hand.
LEFT_OUT = ("DELETE /v1/session", "GET /v1/events", "POST /v1/session/password")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def signed_in(station, name, password):
    """What a session sends with every call."""
    request = demo.urllib.request.Request(
        f"http://127.0.0.1:{station.port}/v1/session", json.dumps({"user": name, "password": password}).encode(), method="POST"
    )
    request.add_header("Content-Type", "application/json")
    with demo.urllib.request.urlopen(request) as answer:
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        return {"Cookie": cookie, "X-CSRF-Token": json.load(answer)["csrf"]}


def people(station):
    """Headers that each caller sends, by name; nobody first."""
    callers = {"nobody": {}}
    given, own = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    for role in ROLES:
        name = f"check-{role}"
        station.command("user", "add", name, "--role", role, "--password-stdin", stdin=given + "\n")
        # Who signs for two has chosen his password himself.
        changed = demo.urllib.request.Request(f"http://127.0.0.1:{station.port}/v1/session/password", method="POST", headers=signed_in(station, name, given))
        changed.add_header("Content-Type", "application/json")
        demo.urllib.request.urlopen(changed, json.dumps({"old": given, "new": own}).encode()).close()
        callers[role] = signed_in(station, name, own)
    for scope in SCOPES:
        token = station.command("token", "add", f"check-{scope}", "--scope", scope).strip()
        callers[f"token-{scope}"] = {"Authorization": f"Bearer {token}"}
    return callers


def is_openapi(python, url, log):
    """Whether the description is OpenAPI 3.1 to somebody who did not write it."""
    with demo.urllib.request.urlopen(f"{url}/openapi.json") as answer:
        log.write_bytes(answer.read())
    code = subprocess.call([python, "-m", "openapi_spec_validator", "--schema", "3.1", str(log)])
    print(f"api-check the description is {'OpenAPI 3.1' if code == 0 else 'no OpenAPI 3.1'}", flush=True)
    return code == 0


def ask(st, url, name, headers, options, log):
    """One run of Schemathesis; whether it found nothing."""
    command = [st, "run", f"{url}/openapi.json", "--checks", CHECKS, "--max-examples", str(options.examples), "--seed", str(options.seed),
               "--phases", options.phases, "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off",
               "--request-timeout", "30", "--generation-database", "none", "--no-color"]
    for header, value in headers.items():
        command += ["-H", f"{header}: {value}"]
    for left_out in LEFT_OUT:
        command += ["--exclude-name", left_out]
    began = time.monotonic()
    with open(log, "wb") as out:
        code = subprocess.call(command, stdout=out, stderr=subprocess.STDOUT, cwd=log.parent)  # it keeps a cache where it runs
    print(f"api-check {name:24} {'good' if code == 0 else f'FOUND SOMETHING, see {log}'} {time.monotonic() - began:.0f} s", flush=True)
    return code == 0


def main():
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("--st", required=True, type=lambda path: str(Path(path).absolute()), help="the program st of Schemathesis")
    wants.add_argument("--examples", type=int, default=15, help="drawn requests for each operation and caller")
    wants.add_argument("--seed", type=int, default=20261127)
    wants.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    wants.add_argument("--only", help="this caller only")
    wants.add_argument("--laixin", type=Path, default=demo.LAIXIN, help="another binary")
    options = wants.parse_args()
    demo.LAIXIN = options.laixin
    letters = demo.PROJECT / "tests" / "letters"
    station = demo.Station(letters, free_port())
    station.home = demo.PROJECT / "run" / "api-check"
    station.inbox, station.config = station.home / "scanner-1", station.home / "station.toml"
    shutil.rmtree(station.home, ignore_errors=True)
    station.prepare(False)
    url = f"http://127.0.0.1:{station.port}"
    good = True
    try:
        station.start("cabinet", "simulate", "--listen", station.cabinet, "--speed", "20", log="cabinet.log")
        station.start("run", "--config", str(station.config), log="station.log")
        demo.wait_until(station.up, 30, "the station to answer")
        good &= is_openapi(Path(options.st).with_name("python"), url, station.home / "openapi.json")
        callers = people(station)
        station.csrf = station.call("POST", "/v1/session", sign_in(station))["csrf"]
        wanted = ["A001", "A002"]
        station.released_batch(len(wanted))
        station.feed([file for name, files in demo.pages_of(letters).items() if name in wanted for file in files])
        done = lambda: sum(letter["stage"] in demo.DONE for letter in station.all("/v1/letters")) == len(wanted)
        demo.wait_until(done, 300, "the letters to be drafted")
        for name, headers in callers.items():
            if options.only in (None, name):
                good &= ask(options.st, url, name, headers, options, station.home / f"{name}.log")
                station.check_alive()
    finally:
        station.stop()
    log = (station.home / "station.log").read_text(errors="replace")
    for word in ("panicked", "request failed"):
        if word in log:
            print(f"api-check: the station's log says {word!r}: {station.home / 'station.log'}")
            good = False
    print("api-check: 0 server errors, 0 undocumented answers" if good else "api-check: findings")
    return 0 if good else 1


def sign_in(station):
    password = secrets.token_urlsafe(12)
    station.command("user", "add", "feeder", "--role", "confirming_officer", "--password-stdin", stdin=password + "\n")
    return {"user": "feeder", "password": password}


if __name__ == "__main__":
    sys.exit(main())
