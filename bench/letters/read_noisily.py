"""Lines as the reader would give them for letters that were laid out but never drawn (make_letters.py --layout-only).

Usage: read_noisily.py --like TRUTH:LINES[,TRUTH:LINES…] --seed N FOLDER OUT
TRUTH:LINES are folders of letters that were really drawn and read (`laixin evaluate TRUTH --lines LINES`). Every page of FOLDER borrows the
manner of one of their pages written in the same kind of hand: how often a character is replaced, lost or added there, with which
confidence right and wrong characters came, what else the reader named for them, how far apart it placed them beside a lost or added one and
elsewhere, how often a whole line was not found. A character that one hand had misread is misread alike again as often as was measured, so two
equal readings of one letter are not independent of each other. A postmark is read as one of theirs was. Results go to OUT as `evaluate --lines OUT` wants them.
Reads no image. Figures from such lines must say “simulated reading”.
"""

import argparse
import difflib
import json
import os
import random
import statistics
import sys
import unicodedata

GAP = "　"
# How often a character that was misread once in a letter is misread as the same one where it comes again: on pages of one kind, and from envelope to letter.
AGAIN, AGAIN_ACROSS = 0.25, 0.18
NARROW = 0.55  # how wide a figure or a letter stands beside a Chinese character


def folded(text):
    table = str.maketrans("—–〇○“”‘’", "--00''''")
    return unicodedata.normalize("NFKC", text).translate(table)


def middle(quad):
    return sum(p[0] for p in quad) / 4, sum(p[1] for p in quad) / 4


def covers(outer, point):
    xs, ys = [p[0] for p in outer], [p[1] for p in outer]
    return min(xs) <= point[0] <= max(xs) and min(ys) <= point[1] <= max(ys)


def breadth(char):
    return NARROW if char.isascii() else 1.0


def kind_of(page):
    return "envelope" if page["kind"].startswith("envelope") else "letter"


class Postmark:
    """How one postmark was read: the lines found in it, each character by what it stands for."""

    def __init__(self, line, read):
        self.place, _, date = line["text"].partition(" ")
        self.lines = []
        (x0, y0), _, (x1, y1), _ = line["quad"]
        width, height = max(1, x1 - x0), max(1, y1 - y0)
        for found in read["lines"]:
            x, y = middle(found["quad"])
            if not (x0 - width / 3 < x < x1 + width / 3 and y0 < y < y1):
                continue
            quad = [[(px - x0) / width, (py - y0) / height] for px, py in found["quad"]]
            self.lines.append((self.stands_for(date, found["chars"]), quad))

    def stands_for(self, date, chars):
        """For each character read: ("place" or "date", which of its characters, whether right), or what it reads as if it is neither's."""
        got = [folded(c["ch"])[:1] for c in chars]
        want = [("place", i, c) for i, c in enumerate(self.place)] + [("date", i, c) for i, c in enumerate(date)]
        out = [("other", c["ch"], True, c["confidence"]) for c in chars]
        for tag, a, b, c, d in difflib.SequenceMatcher(None, [w[2] for w in want], got, autojunk=False).get_opcodes():
            if tag in ("equal", "replace"):
                for w, at in zip(want[a:b], range(c, d)):
                    part, i, ch = w
                    if tag == "equal" or ch.isdigit() == got[at].isdigit():
                        out[at] = (part, i, tag == "equal", chars[at]["confidence"])
        return out


class Manner:
    """What happened to one page's characters when it was read."""

    def __init__(self, page):
        self.hand = page["style"].get("handwriting", False)
        self.font = page["style"].get("font")
        self.kind = kind_of(page)
        self.right, self.wrong, self.swaps = [], [], []
        self.told, self.second = [], []  # how likely the reader held the right character where it read another; its next best where it was right
        self.steps = {"lost": [], "added": [], "kept": []}  # how far one character stands from the next, 1 the usual of its line
        self.chars = self.lost = self.added = self.replaced = 0
        self.lines = self.missed = 0

    def learn(self, page, read):
        homes = {}
        for l in read["lines"]:
            at = middle(l["quad"])
            near = [(abs(middle(t["quad"])[1] - at[1]) + abs(middle(t["quad"])[0] - at[0]) / 20, i) for i, t in enumerate(page["lines"]) if covers(t["quad"], at)]
            if near:
                homes.setdefault(min(near)[1], []).append(l)
        for i, line in enumerate(page["lines"]):
            if line["role"] == "postmark" or (self.kind == "envelope" and line["role"].endswith("code")):
                continue
            parts = homes.get(i, [])
            self.lines += 1
            if not parts:
                self.missed += 1
                continue
            if len(parts) == 1:
                self.pace(line["text"], [c for c in parts[0]["chars"] if not c["ch"].isspace()])
            got = [(folded(c["ch"]), c["confidence"], c.get("others", [])) for l in parts for c in l["chars"] if not c["ch"].isspace()]
            want = [c for c in folded(line["text"]) if not c.isspace()]
            self.align(want, got)

    def pace(self, text, chars):
        got = [folded(c["ch"])[:1] for c in chars]
        if len(got) < 5 or GAP in text:
            return
        pairs = range(len(got) - 1)
        steps = [(chars[i + 1]["at"] - chars[i]["at"]) / ((breadth(got[i]) + breadth(got[i + 1])) / 2) for i in pairs]
        usual = statistics.median(steps)
        if usual <= 0:
            return
        want = [c for c in folded(text) if not c.isspace()]
        kinds = ["kept"] * len(steps)
        for tag, _, _, c, d in difflib.SequenceMatcher(None, want, got, autojunk=False).get_opcodes():
            if tag == "delete" and 0 < c < len(got):
                kinds[c - 1] = "lost"
            if tag == "insert" and 0 < c and d < len(got):
                kinds[c - 1] = kinds[d - 1] = "added"
        for kind, step in zip(kinds, steps):
            self.steps[kind].append(step / usual)

    def align(self, want, got):
        self.chars += len(want)
        matcher = difflib.SequenceMatcher(None, want, [g[0] for g in got], autojunk=False)
        for tag, a, b, c, d in matcher.get_opcodes():
            if tag == "equal":
                self.right += [g[1] for g in got[c:d]]
                self.second += [g[2][0][1] if g[2] else 0.0 for g in got[c:d]]
            elif tag == "replace":
                pairs = list(zip(want[a:b], got[c:d]))
                self.replaced += len(pairs)
                self.swaps += [(w, g[0]) for w, g in pairs]
                self.wrong += [g[1] for _, g in pairs]
                self.told += [next((p for other, p in g[2] if folded(other) == w), 0.0) for w, g in pairs]
                self.lost += max(0, (b - a) - (d - c))
                self.added += max(0, (d - c) - (b - a))
            elif tag == "delete":
                self.lost += b - a
            else:
                self.added += d - c


def load(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


def manners(pairs):
    out, postmarks = [], []
    for pair in pairs.split(","):
        truth, lines = pair.split(":")
        for name in sorted(os.listdir(lines)):
            if not name.endswith(".json"):
                continue
            letter = load(truth, name)
            for page, read in zip(letter["pages"], load(lines, name)):
                manner = Manner(page)
                manner.learn(page, read)
                postmarks += [Postmark(line, read) for line in page["lines"] if line["role"] == "postmark"]
                if manner.chars > 5 and manner.right:
                    out.append(manner)
    return out, postmarks


class Reader:
    def __init__(self, known, postmarks, rnd):
        self.known, self.postmarks, self.rnd = known, postmarks, rnd
        self.mistaken = {}  # what was misread in this letter: as what, and on which kind of page
        self.swaps = {}
        for manner in known:
            for want, got in manner.swaps:
                self.swaps.setdefault(want, []).append(got)
        self.wrong = [c for m in known for c in m.wrong] or [0.6]
        self.told = [p for m in known for p in m.told] or [0.0]
        self.steps = {}
        for hand in (True, False):
            for kind in ("lost", "added", "kept"):
                all_steps = [x for m in known if m.hand == hand for x in m.steps[kind]]
                self.steps[hand, kind] = all_steps or [x for m in known for x in m.steps[kind]] or [1.0]
        self.pool = [got for _, got in (s for m in known for s in m.swaps) if len(got) == 1] or list("一二三")

    def swap(self, char):
        options = self.swaps.get(folded(char), [])
        if options and self.rnd.random() < 0.7:
            return self.rnd.choice(options)
        if char.isdigit() and self.rnd.random() < 0.8:
            return self.rnd.choice("0123456789")
        return self.rnd.choice(self.pool)

    def letter(self, pages):
        self.mistaken = {}
        return [self.page(i + 1, page) for i, page in enumerate(pages)]

    def page(self, n, page):
        kind = kind_of(page)
        like = [m for m in self.known if m.kind == kind and m.font == page["style"].get("font")]
        if len(like) < 3:
            like = [m for m in self.known if m.kind == kind and m.hand == page["style"].get("handwriting", False)]
        manner = self.rnd.choice(like or self.known)
        lines = []
        for line in page["lines"]:
            if line["role"] == "postmark":
                lines += self.postmark(line)
            elif self.rnd.random() >= manner.missed / max(1, manner.lines):
                lines += self.line(line, manner)
        shown = "envelope" if kind == "envelope" else "letter"
        return dict(n=n, kind=shown, width=page["width"], height=page["height"], lines=lines)

    def postmark(self, line):
        """As one of the postmarks that were really read, its place and date put in where theirs stood."""
        place, _, date = line["text"].partition(" ")
        (x0, y0), _, (x1, y1), _ = line["quad"]
        like = self.rnd.choice(self.postmarks)
        out = []
        for chars, quad in like.lines:
            read = [(c, p, [], "kept") for c, p in self.struck(chars, like.place, place, date)]
            if read:
                out.append(self.made(read, [[x0 + x * (x1 - x0), y0 + y * (y1 - y0)] for x, y in quad], False, None))
        return out

    def struck(self, chars, their_place, place, date):
        for part, what, is_right, confidence in chars:
            if part == "other":
                yield what, confidence
                continue
            text = place if part == "place" else date
            # Where this place is longer than theirs, what is left of it follows their last character.
            is_last = part == "place" and what == len(their_place) - 1
            for ch in text[what:] if is_last else text[what : what + 1]:
                yield (ch if is_right else self.swap(ch)), confidence

    def line(self, line, manner):
        vertical = line.get("vertical", False)
        size = max(1, len(line["text"]))
        out, run, start = [], [], 0
        pieces = []
        for at, char in enumerate(line["text"] + GAP):
            if char == GAP or at == len(line["text"]):
                if run:
                    pieces.append((start, at, run))
                run, start = [], at + 1
            elif char != " ":
                run.append(char)
        for begin, end, chars in pieces:
            read = self.read(chars, manner)
            if read:
                out.append(self.made(read, self.cut(line["quad"], begin / size, end / size, vertical), vertical, manner.hand))
        return out

    def read(self, chars, manner):
        per = max(1, manner.chars)
        out, before = [], "kept"
        for char in chars:
            x = self.rnd.random()
            if x < manner.lost / per:
                before = "lost"
                continue
            again = self.again(char, manner.kind)
            if again or x < (manner.lost + manner.replaced) / per:
                told = self.rnd.choice(manner.told or self.told)
                wrong = again or self.swap(char)
                if wrong != char:
                    self.mistaken[char] = wrong, manner.kind
                out.append((wrong, self.rnd.choice(manner.wrong or self.wrong), [[char, told]] if told > 0 else [], before))
            else:
                at = self.rnd.randrange(len(manner.right))
                second = manner.second[at]
                out.append((char, manner.right[at], [[self.swap(char), second]] if second > 0 else [], before))
            before = "kept"
            if self.rnd.random() < manner.added / per:
                out.append((self.rnd.choice(self.pool), self.rnd.choice(manner.wrong or self.wrong), [], "added"))
                before = "added"
        return out

    def again(self, char, kind):
        """What this hand's character is misread as once more, if it is."""
        wrong, where = self.mistaken.get(char, (None, None))
        often = AGAIN if where == kind else AGAIN_ACROSS
        return wrong if wrong and self.rnd.random() < often else None

    @staticmethod
    def cut(quad, begin, end, vertical):
        tl, tr, br, bl = quad
        def mix(a, b, t):
            return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
        if vertical:
            return [mix(tl, bl, begin), mix(tr, br, begin), mix(tr, br, end), mix(tl, bl, end)]
        return [mix(tl, tr, begin), mix(tl, tr, end), mix(bl, br, end), mix(bl, br, begin)]

    def made(self, read, quad, vertical, hand):
        text = "".join(c for c, _, _, _ in read)
        mean = sum(p for _, p, _, _ in read) / len(read)
        places, last = [], None
        for c, _, _, kind in read:
            step = 1.0 if hand is None else self.rnd.choice(self.steps[hand, kind])
            places.append(breadth(c) / 2 if last is None else places[-1] + max(0.05, step) * (breadth(c) + breadth(last)) / 2)
            last = c
        whole = places[-1] + breadth(last) / 2
        chars = [dict(ch=c, confidence=p, at=x / whole, others=o) for (c, p, o, _), x in zip(read, places)]
        return dict(text=text, raw=text, quad=quad, confidence=mean, chars=chars, vertical=vertical)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--like", required=True)
    args.add_argument("--seed", type=int, required=True)
    args.add_argument("folder")
    args.add_argument("out")
    asked = args.parse_args()
    known, postmarks = manners(asked.like)
    if not known or not postmarks:
        sys.exit("no page or no postmark was really read: nothing to be like")
    reader = Reader(known, postmarks, random.Random(asked.seed))
    os.makedirs(asked.out, exist_ok=True)
    total = {k: sum(getattr(m, k) for m in known) for k in ("chars", "replaced", "lost", "added", "lines", "missed")}
    print(len(known), "pages read:", total, file=sys.stderr)
    for name in sorted(os.listdir(asked.folder)):
        if name.endswith(".json") and name != "manifest.json":
            letter = load(asked.folder, name)
            pages = reader.letter(letter["pages"])
            with open(os.path.join(asked.out, name), "w", encoding="utf-8") as out:
                json.dump(pages, out, ensure_ascii=False)


if __name__ == "__main__":
    main()
