#!/usr/bin/env python3
"""The reference case system, its pulling half: claims drafts, registers each under a number of its own, acknowledges, gives some back.

Python's standard library only. Killed anywhere and started again it goes on where it was: every call that changes something is in its
ledger (ledger.py) before it is sent and repeated under the same key, every registration is there before it is acknowledged, and a letter
that is offered again is looked up before it is registered. Several workers may share a ledger and a token.
Exit 0 when every draft it was to get is registered and acknowledged exactly once, 1 otherwise, 2 on wrong usage.
"""

import argparse
import json
import random
import sys
import time

from ledger import Ledger
from station import Away, Refused, Station, quoted

# What a station answers to whom its lease has left: somebody else has the draft, or will be offered it.
NOT_OURS = (404, 409)


def check_draft(letter, draft):
    """What a case system relies on."""
    assert draft["letter"] == letter, f"draft of {letter} is for {draft['letter']}"
    for key in ("station", "pages", "fields", "missing", "deadlines"):
        assert key in draft, f"draft of {letter} has no {key}"
    for key in ("sender_name", "address", "addressee", "letter_date", "phones", "anonymous", "joint"):
        assert key in draft["fields"], f"draft of {letter} has no field {key}"
    released = draft["disinfection"]
    assert released and (released["cycle"] or released["override"]), f"{letter} was never released"


class Worker:
    """Takes drafts over, one after the other."""

    def __init__(self, station, ledger, options):
        self.station, self.ledger, self.options = station, ledger, options
        self.dice = random.Random(options.seed)

    def go_on(self):
        """Killed anywhere: the calls that were begun, then what is registered and was never acknowledged."""
        for key, method, path, text in self.ledger.begun_calls(self.options.worker):
            work = self.take if path.endswith("/claims") else self.answered
            try:
                self.station.finish(key, method, path, text, work)
            except Refused as refused:
                if refused.status not in NOT_OURS:
                    raise
        if self.options.forgets:
            return
        for letter, number in self.ledger.untold():
            # Without a lease: it may be gone. A draft that somebody else has by now comes again as a claim.
            self.acknowledge(letter, number, None)

    def take_all(self):
        """Claims until nothing more comes; how many came."""
        claimed = 0
        while True:
            wish = {"limit": self.options.limit, "lease_seconds": self.options.lease}
            came = self.station.change("/v1/drafts/claims", wish, self.take)
            if not came:
                return claimed
            claimed += came

    def take(self, answer):
        for claim in answer["drafts"]:
            letter, draft = claim["id"], claim["draft"]
            check_draft(letter, draft)
            self.ledger.count("claims")
            if self.ledger.registered(letter) is None and self.dice.random() < self.options.nacks:
                self.give_back(letter, claim["lease"])
                continue
            pages = [page["sha256"] for page in draft["pages"]]
            # Offered again it was corrected or given back meanwhile: what came now holds.
            content = json.dumps(draft["fields"], ensure_ascii=False)
            number = self.ledger.register(letter, pages, content, "pull", looks=not self.options.forgets)
            self.acknowledge(letter, number, claim["lease"])
        return len(answer["drafts"])

    def acknowledge(self, letter, number, lease):
        body = {"case_number": number} | ({"lease": lease} if lease else {})
        try:
            self.station.change(f"/v1/drafts/{quoted(letter)}/ack", body, self.answered)
        except Refused as refused:
            if refused.status not in NOT_OURS:
                raise

    def give_back(self, letter, lease):
        try:
            self.station.change(f"/v1/drafts/{quoted(letter)}/nack", {"reason": "not now", "lease": lease}, lambda _: self.ledger.count("nacks"))
        except Refused as refused:
            if refused.status not in NOT_OURS:
                raise

    def answered(self, view):
        if view.get("state") == "acked":
            self.ledger.was_told(view["id"])


def problems_of(ledger, theirs, expect):
    """What is not as it must be: by our ledger, and between it and the station."""
    ours = ledger.cases()
    problems = [f"letter {letter} is registered twice" for letter in ledger.twice()]
    for letter in sorted(ours.keys() | theirs.keys()):
        if ours.get(letter) != theirs.get(letter):
            problems.append(f"{letter}: {ours.get(letter)} here, {theirs.get(letter)} there")
    if expect is not None and len(ours) != expect:
        problems.append(f"{expect} drafts expected, {len(ours)} registered")
    return problems


def read_options():
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("--url", required=True)
    wants.add_argument("--token-file", required=True)
    wants.add_argument("--ledger", required=True, help="SQLite file, made when it is missing")
    wants.add_argument("--expect", type=int, help="wait until so many drafts are registered")
    wants.add_argument("--limit", type=int, default=10, help="drafts claimed at once")
    wants.add_argument("--lease", type=int, default=60, help="seconds")
    wants.add_argument("--timeout", type=float, default=120.0, help="seconds")
    wants.add_argument("--worker", default="one", help="name of this worker, where several share the ledger")
    wants.add_argument("--forever", action="store_true", help="take drafts until killed")
    wants.add_argument("--nacks", type=float, default=0.0, help="share of drafts given back")
    wants.add_argument("--seed", type=int, help="of what is drawn")
    wants.add_argument("--forgets", action="store_true", help="a broken one: registers without looking whether it has already")
    return wants.parse_args()


def main():
    options = read_options()
    try:
        with open(options.token_file, encoding="utf-8") as file:
            token = file.read().strip()
    except OSError as error:
        print(f"case system: {options.token_file}: {error.strerror}", file=sys.stderr)
        return 2
    deadline = time.monotonic() + (10**9 if options.forever else options.timeout)
    ledger = Ledger(options.ledger)
    station = Station(options.url, token, deadline, ledger, options.worker)
    worker = Worker(station, ledger, options)
    try:
        worker.go_on()
        claimed = worker.take_all()
        while options.forever or (options.expect is not None and len(ledger.cases()) < options.expect and time.monotonic() < deadline):
            time.sleep(0.1 if options.forever else 0.5)
            claimed += worker.take_all()
        theirs = {draft["id"]: draft["case_number"] for draft in station.all("/v1/drafts?state=acked&limit=200")}
    except (Refused, Away, AssertionError) as problem:
        print(f"case system: {problem}", file=sys.stderr)
        return 1

    problems = problems_of(ledger, theirs, options.expect)
    print(f"case system: {ledger.counted('claims')} claimed, {ledger.counted('nacks')} given back, {ledger.counted('offered_again')} offered "
          f"although registered, {len(ledger.cases())} registered, {len(theirs)} acknowledged, {len(problems)} problems")
    for problem in problems:
        print(f"case system: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
