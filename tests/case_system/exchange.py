#!/usr/bin/env python3
"""The reference case system behind an exchange folder: takes packages from `out`, registers each once, lays receipts into `in`.

Python's standard library only. A package is there when its manifest is; every file is compared with the manifest's hash. Killed anywhere and
started again it goes on where it was: the registration is in the ledger (ledger.py) before the receipt is laid down, and the package is
carried away only after that. A package that comes again gets the same receipt.
"""

import argparse
import hashlib
import json
import os
import random
import sys
import time
from pathlib import Path

from ledger import Ledger

ENDING = ".manifest.json"


def lay_down(folder, name, text):
    """A file that is there whole or not at all."""
    part = folder / f".{name}.part"
    with open(part, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(part, folder / name)


def take(out, back, manifest_file, ledger, options, dice):
    with open(manifest_file, encoding="utf-8") as file:
        manifest = json.load(file)
    package = manifest["package"]
    assert manifest_file.name == package + ENDING, f"{manifest_file.name} names {package}"
    for listed in manifest["files"]:
        held = (out / listed["name"]).read_bytes()
        assert len(held) == listed["size"] and hashlib.sha256(held).hexdigest() == listed["sha256"], listed["name"]
    letter = manifest["letter"]
    receipt = {"package": package, "letter": letter}
    if manifest["kind"] == "draft.ready" and ledger.registered(letter) is None and dice.random() < options.rejects:
        ledger.count("rejects")
        receipt |= {"result": "rejected", "reason": "not now"}
    else:
        # Which of several packages it came with says nothing: a letter is registered once.
        pages = [listed["sha256"] for listed in manifest["files"]]
        if manifest["kind"] == "draft.ready":
            text = next((out / one["name"] for one in manifest["files"] if not one["name"].endswith(".pdf")), None)
            number = ledger.register(letter, pages, text.read_text(encoding="utf-8") if text else "", "exchange")
        else:
            number = ledger.registered(letter)
        receipt |= {"result": "accepted", "case_number": number or "none"}
    lay_down(back, package + ".receipt.json", json.dumps(receipt))
    for name in [listed["name"] for listed in manifest["files"]] + [manifest_file.name]:
        (out / name).unlink(missing_ok=True)
    ledger.count("packages")


def main():
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("--folder", required=True, type=Path)
    wants.add_argument("--ledger", required=True)
    wants.add_argument("--forever", action="store_true")
    wants.add_argument("--rejects", type=float, default=0.0, help="share of packages refused")
    wants.add_argument("--seed", type=int)
    options = wants.parse_args()
    out, back = options.folder / "out", options.folder / "in"
    ledger, dice = Ledger(options.ledger), random.Random(options.seed)
    while True:
        found = sorted(out.glob("*" + ENDING)) if out.is_dir() else []
        for manifest_file in found:
            try:
                take(out, back, manifest_file, ledger, options, dice)
            except FileNotFoundError:
                # Killed while carrying a package away: what is left of it has its receipt already.
                manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
                if ledger.registered(manifest["letter"]) is None:
                    raise
                lay_down(back, manifest["package"] + ".receipt.json",
                         json.dumps({"package": manifest["package"], "letter": manifest["letter"], "result": "accepted", "case_number": ledger.registered(manifest["letter"])}))
                for listed in manifest["files"]:
                    (out / listed["name"]).unlink(missing_ok=True)
                manifest_file.unlink(missing_ok=True)
        if not options.forever:
            return 0
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
