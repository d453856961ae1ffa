#!/usr/bin/env python3
"""A case system in miniature: claims drafts, registers each under a number of its own, acknowledges.

Python's standard library only. It keeps its own ledger, one line a registration, flushed to the disk before it
acknowledges: killed anywhere and started again, it acknowledges what it has and never registers a letter twice.
Exit 0 when every draft it was to get is registered and acknowledged exactly once, 1 otherwise, 2 on wrong usage.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid


class Refused(Exception):
    """An answer other than 2xx, with the problem's code."""

    def __init__(self, status, code):
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


class Station:
    """The station's HTTP interface."""

    def __init__(self, url, token, deadline):
        self.url, self.token, self.deadline = url.rstrip("/"), token, deadline

    def call(self, method, path, body=None):
        """One call; a station that is away is asked again, under the same key, until the time is up."""
        key = str(uuid.uuid4())
        while True:
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(self.url + path, data=data, method=method)
            request.add_header("Authorization", "Bearer " + self.token)
            if data is not None:
                request.add_header("Content-Type", "application/json")
                request.add_header("Idempotency-Key", key)
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                problem = json.loads(error.read() or b"{}")
                if error.code != 503 or time.monotonic() > self.deadline:
                    raise Refused(error.code, problem.get("code", "?")) from None
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                if time.monotonic() > self.deadline:
                    raise SystemExit(f"{self.url} does not answer: {error}") from None
            time.sleep(0.5)


class Ledger:
    """Registrations by letter, one JSON line each."""

    def __init__(self, path):
        self.path, self.cases = path, {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as lines:
                text = lines.read()
            whole, _, torn = text.rpartition("\n")
            for line in whole.splitlines():
                entry = json.loads(line)
                if entry["letter"] in self.cases:
                    raise SystemExit(f"{path}: letter {entry['letter']} is registered twice")
                self.cases[entry["letter"]] = entry["case_number"]
            if torn:
                # Killed while writing: that registration was never acknowledged, so it is made again.
                with open(path, "r+", encoding="utf-8") as lines:
                    lines.truncate(len((whole + "\n").encode() if whole else b""))

    def register(self, letter, draft):
        """The letter's case number; a new one is on the disk before this returns."""
        if letter in self.cases:
            return self.cases[letter]
        number = f"CS-{len(self.cases) + 1:06d}"
        entry = {"letter": letter, "case_number": number, "pages": [page["sha256"] for page in draft["pages"]]}
        with open(self.path, "a", encoding="utf-8") as lines:
            lines.write(json.dumps(entry) + "\n")
            lines.flush()
            os.fsync(lines.fileno())
        self.cases[letter] = number
        return number


def check_draft(letter, draft):
    """What a case system relies on."""
    assert draft["letter"] == letter, f"draft of {letter} is for {draft['letter']}"
    for key in ("station", "pages", "fields", "missing", "deadlines"):
        assert key in draft, f"draft of {letter} has no {key}"
    for key in ("sender_name", "address", "addressee", "letter_date", "phones", "anonymous", "joint"):
        assert key in draft["fields"], f"draft of {letter} has no field {key}"
    released = draft["disinfection"]
    assert released and (released["cycle"] or released["override"]), f"{letter} was never released"


def take_all(station, ledger, limit):
    """Claims until nothing more comes; how many were claimed and how often one came that is registered already."""
    claimed, again = 0, 0
    while True:
        drafts = station.call("POST", "/v1/drafts/claims", {"limit": limit, "lease_seconds": 60})["drafts"]
        if not drafts:
            return claimed, again
        for claim in drafts:
            letter = claim["id"]
            check_draft(letter, claim["draft"])
            claimed += 1
            again += letter in ledger.cases
            number = ledger.register(letter, claim["draft"])
            station.call("POST", f"/v1/drafts/{quoted(letter)}/ack", {"case_number": number, "lease": claim["lease"]})


def quoted(letter):
    return urllib.request.quote(letter, safe="")


def acknowledged(station):
    """Every draft that the station holds as registered, with its case number."""
    cases, cursor = {}, ""
    while True:
        answer = station.call("GET", "/v1/drafts?state=acked&limit=200" + (f"&cursor={cursor}" if cursor else ""))
        for draft in answer["items"]:
            cases[draft["id"]] = draft["case_number"]
        cursor = answer["next"]
        if not cursor:
            return cases


def finish_begun(station, ledger):
    """Killed between registering and acknowledging: acknowledge now. A lease that is gone comes again as a claim."""
    done = acknowledged(station)
    for letter, number in ledger.cases.items():
        if letter not in done:
            try:
                station.call("POST", f"/v1/drafts/{quoted(letter)}/ack", {"case_number": number})
            except Refused as refused:
                if refused.status not in (404, 409):
                    raise


def main():
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("--url", required=True)
    wants.add_argument("--token-file", required=True)
    wants.add_argument("--ledger", required=True)
    wants.add_argument("--expect", type=int, help="wait until so many drafts are registered")
    wants.add_argument("--limit", type=int, default=10, help="drafts claimed at once")
    wants.add_argument("--timeout", type=float, default=120.0, help="seconds")
    args = wants.parse_args()

    deadline = time.monotonic() + args.timeout
    try:
        with open(args.token_file, encoding="utf-8") as file:
            token = file.read().strip()
    except OSError as error:
        print(f"case system: {args.token_file}: {error.strerror}", file=sys.stderr)
        return 2
    station = Station(args.url, token, deadline)
    ledger = Ledger(args.ledger)
    try:
        finish_begun(station, ledger)
        claimed, again = take_all(station, ledger, args.limit)
        while args.expect is not None and len(ledger.cases) < args.expect and time.monotonic() < deadline:
            time.sleep(0.5)
            more, more_again = take_all(station, ledger, args.limit)
            claimed, again = claimed + more, again + more_again
        theirs = acknowledged(station)
    except (Refused, AssertionError) as problem:
        print(f"case system: {problem}", file=sys.stderr)
        return 1

    numbers = list(ledger.cases.values())
    problems = [f"{letter}: {number} here, {theirs.get(letter)} there"
                for letter, number in ledger.cases.items() if theirs.get(letter) != number]
    if len(set(numbers)) != len(numbers):
        problems.append("a case number was given twice")
    if args.expect is not None and len(numbers) != args.expect:
        problems.append(f"{args.expect} drafts expected")
    print(f"case system: {claimed} claimed, {again} of them registered before, "
          f"{len(numbers)} registered, {len(theirs)} acknowledged, {len(problems)} problems")
    for problem in problems:
        print(f"case system: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
