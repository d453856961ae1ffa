"""Sentences of ordinary letters as the station sees them, each with its neighbours: what fit_threats.py and fit_meaning.py learn as no threat.

Usage: as_read.py FOLDER…|TEXTS.jsonl… > sentences.tsv
TEXTS.jsonl are lines of {"threat": false, "text": …}: all their sentences are taken. FOLDER holds letters of make_letters.py --layout-only, FOLDER-lines their simulated reading (read_noisily.py). Letters that threaten are left out. A sentence
that differs from another of its folder in figures alone is taken once, and of each folder at most EACH. A line: the sentence, a tab, the sentence
with at most 40 characters of the one before and of the one behind, as meaning.rs asks about it. Closings, addresses and envelopes are sentences here as they are there.
"""

import glob
import json
import os
import random
import re
import sys

EACH = 700
LONGEST, SHORTEST, NEIGHBOUR = 200, 4, 40  # as in meaning.rs


def split(text):
    """Each sentence of a text with what it is asked about with."""
    parts = [s for s in re.split("(?<=[。！？；!?;])", re.sub(r"\s", "", text)) if s]
    for at, sentence in enumerate(parts):
        if SHORTEST <= len(sentence) <= LONGEST:
            before, behind = parts[at - 1] if at else "", (parts + [""])[at + 1]
            yield sentence, before[-NEIGHBOUR:] + sentence + behind[:NEIGHBOUR]


def sentences_of(folder):
    for path in sorted(glob.glob(os.path.join(folder + "-lines", "*.json"))):
        with open(os.path.join(folder, os.path.basename(path)), encoding="utf-8") as file:
            if json.load(file)["fields"]["flags"]["threat"]:
                continue
        with open(path, encoding="utf-8") as file:
            yield from split("".join(line["text"] for page in json.load(file) for line in page["lines"]))


def main():
    rnd = random.Random(1)
    for folder in sys.argv[1:]:
        if folder.endswith(".jsonl"):
            with open(folder, encoding="utf-8") as lines:
                for text in map(json.loads, lines):
                    for row in split(text["text"]):
                        print(*row, sep="\t")
            continue
        once = {}
        for sentence, context in sentences_of(folder):
            once.setdefault(re.sub("[0-9]+", "0", sentence), (sentence, context))
        rows = list(once.values())
        rnd.shuffle(rows)
        for row in rows[:EACH]:
            print(*row, sep="\t")


if __name__ == "__main__":
    main()
