"""Fits the weights by which a sentence is weighed as a threat, beside the lists of words: src/domain/extract/alert/weights.txt.

Usage: fit_threats.py --threats FILE… --harmless FILE… --ordinary FOLDER… [--everyday FILE…] [--read FILE] [--prose FILE] [--texts FILE…] [--hold-out] [--score THREATS HARMLESS] > weights.txt
One sentence a line, # begins a comment; ORDINARY are folders of make_letters.py --text-only, whose lines (but body_threat) threaten nobody.
EVERYDAY are more such lines, READ what as_read.py prints, of which READ_LEAST are fitted, PROSE the same of letters in prose, of which all are.
TEXTS are lines of {"threat": bool, "text": …} of several sentences: of a text that threatens, the sentence that a first model weighs most.
What a sentence is weighed by: its characters one and two at a time, the classes of words in it (signs.txt), two classes in one sentence
or in one clause. Logistic regression by adaptive gradient steps; plain Python, the same result every time.
--hold-out: every file of sentences is graded by a model fitted on the others, and what that comes to at several limits is printed to stderr.
--score: grades two files that fitted nothing, by the weights in weights.txt.
"""

import argparse
import functools
import glob
import json
import math
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ALERT = os.path.join(HERE, "../../src/domain/extract/alert")
SCALE = {"1": 0.2, "2": 0.3, "class": 1.0, "both": 0.3, "clause": 0.3}
STEPS, RATE, RIDGE = 10, 0.1, 0.0005
MISREAD = 0.08  # share of characters replaced in a second copy of each sentence, as a reader would
SENTENCES = 2  # what stands in fewer sentences gets no weight
ORDINARY_LEAST = 8000  # of few wordings the words of ordinary complaints look like threats: of 1,500, 60 of 2,168 unseen lines were suspected, of 4,000 2; of 10,500 a threat in unseen letters was lost

READ_LEAST = 4000


def folded(text):
    table = str.maketrans("，：；！？０１２３４５６７８９（）“”", ",:;!?0123456789()\"\"")
    return re.sub(r"\d+", "0", re.sub(r"\s", "", text.translate(table)))


def read_classes():
    classes, name = {}, None
    with open(os.path.join(ALERT, "signs.txt"), encoding="utf-8") as lines:
        for line in lines:
            line = line.strip()
            if line.startswith("["):
                name = line[1:-1]
                classes[name] = []
            elif line and not line.startswith("#"):
                classes[name] += line.split()
    return classes


CLASSES = read_classes()


def those_in(text):
    return sorted(name for name, words in CLASSES.items() if any(w in text for w in words))


def pairs(names, mark):
    return {f"{a}{mark}{b}" for i, a in enumerate(names) for b in names[i + 1 :]}


@functools.cache
def features(sentence):
    text = folded(sentence)
    found = {c: SCALE["1"] for c in text}
    bounded = f"^{text}$"
    found.update({bounded[i : i + 2]: SCALE["2"] for i in range(len(bounded) - 1)})
    names = those_in(text)
    found.update({f"{n}.": SCALE["class"] for n in names})
    found.update({p: SCALE["both"] for p in pairs(names, "+")})
    for clause in re.split("[,、:。!?;]", text):
        found.update({p: SCALE["clause"] for p in pairs(those_in(clause), "&")})
    return sorted(found.items())


def fit(samples):
    """Bias and weights of [(features, label, weight)]."""
    weights, seen, bias, bias_seen = {}, {}, 0.0, 1e-6
    rnd = random.Random(1)
    order = list(range(len(samples)))
    for _ in range(STEPS):
        rnd.shuffle(order)
        for at in order:
            found, label, much = samples[at]
            z = bias + sum(weights.get(f, 0.0) * v for f, v in found)
            error = much * (label - 1 / (1 + math.exp(-max(-30.0, min(30.0, z)))))
            if abs(error) < 1e-4:
                continue
            bias_seen += error * error
            bias += RATE * error / math.sqrt(bias_seen)
            for f, v in found:
                step = error * v - RIDGE * weights.get(f, 0.0)
                seen[f] = seen.get(f, 1e-6) + step * step
                weights[f] = weights.get(f, 0.0) + RATE * step / math.sqrt(seen[f])
    return bias, weights


def score(model, sentence):
    bias, weights = model
    return bias + sum(weights.get(f, 0.0) * v for f, v in features(sentence))


def lines_of(path):
    with open(path, encoding="utf-8") as lines:
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def ordinary_of(folders, least=ORDINARY_LEAST):
    said = set()
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
            with open(path, encoding="utf-8") as file:
                letter = json.load(file)
            for line in letter.get("lines", []):
                if line["role"] != "body_threat":
                    said |= {folded(s) for s in re.split("(?<=[。！？；])", line["text"]) if len(s) > 3}
    said = sorted(said)
    random.Random(5).shuffle(said)
    return said[:least]


def read_of(path):
    """Sentences as they are read, each with its neighbours: [(sentence, context)]."""
    with open(path, encoding="utf-8") as lines:
        return [tuple(line.rstrip("\n").split("\t")) for line in lines]


def misread(sentence, rnd):
    return "".join(rnd.choice("之乎者也而其") if rnd.random() < MISREAD else c for c in sentence)


def samples_of(threats, harmless, ordinary):
    rnd, out = random.Random(3), []
    for sentences, label in ((threats, 1), (harmless, 0)):
        for s in sentences:
            out += [(features(s), label, 1.0), (features(misread(s, rnd)), label, 0.5)]
    out += [(features(s), 0, 1.0) for s in ordinary]
    often = {}
    for s in threats + harmless + ordinary:
        for f, _ in features(s):
            often[f] = often.get(f, 0) + 1
    return [([(f, v) for f, v in found if often.get(f, 0) >= SENTENCES], label, much) for found, label, much in out]


def told(limit, threats, harmless, ordinary):
    above = [sum(x >= limit for x in part) for part in (threats, harmless, ordinary)]
    sizes = [max(1, len(part)) for part in (threats, harmless, ordinary)]
    return f"limit {limit:5.2f}: threats {above[0]} of {sizes[0]}, harmless {above[1]} of {sizes[1]}, ordinary {above[2]} of {sizes[2]}"


def hold_out(threats, harmless, ordinary):
    graded = ([], [], [])
    for held in range(max(len(threats), len(harmless))):
        rest = lambda parts: [s for i, part in enumerate(parts) if i != held for s in part]
        cut = len(ordinary) // 2
        model = fit(samples_of(rest(threats), rest(harmless), ordinary[:cut] if held % 2 else ordinary[cut:]))
        graded[0].extend(score(model, s) for s in threats[held])
        graded[1].extend(score(model, s) for s in harmless[held])
        graded[2].extend(score(model, s) for s in (ordinary[cut:] if held % 2 else ordinary[:cut]))
    for limit in (2, 1.5, 1, 0.5, 0, -0.5, -1, -1.5, -2):
        print(told(limit, *graded), file=sys.stderr)


def sentences_of(text):
    return [s for s in re.split("(?<=[。！？；])", text) if len(s) > 3]


def texts_of(paths):
    """Threatening and harmless texts, each as its sentences."""
    texts = [json.loads(line) for path in paths for line in lines_of(path)]
    return [[sentences_of(t["text"]) for t in texts if t["threat"] == label] for label in (True, False)]


def with_texts(threats, harmless, ordinary, texts):
    """Threats and harmless sentences with those of texts."""
    threatening, others = texts
    if not threatening:
        return threats, harmless
    first = fit(samples_of(threats, harmless, ordinary))
    heaviest = [max(sentences, key=lambda s: score(first, s)) for sentences in threatening]
    return threats + heaviest, harmless + sum(others, [])


def read_weights():
    weights = {}
    for line in lines_of(os.path.join(ALERT, "weights.txt")):
        name, _, weight = line.rpartition(" ")
        weights[name] = float(weight)
    return weights.pop("bias"), weights


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--threats", nargs="+", default=[])
    args.add_argument("--harmless", nargs="+", default=[])
    args.add_argument("--ordinary", nargs="+", default=[])
    args.add_argument("--everyday", nargs="+", default=[])
    args.add_argument("--read")
    args.add_argument("--prose")
    args.add_argument("--texts", nargs="+", default=[])
    args.add_argument("--hold-out", action="store_true")
    args.add_argument("--score", nargs=2)
    asked = args.parse_args()
    if asked.score:
        model = read_weights()
        bias, scaled = model
        weigh = lambda s: bias + sum(scaled.get(f, 0.0) for f, _ in features(s))  # the scales are in the weights of the file already
        parts = [[weigh(s) for s in lines_of(path)] for path in asked.score]
        ordinary = [weigh(s) for s in ordinary_of(asked.ordinary, 10**6)]
        for limit in (1, 0.5, 0, -0.5, -1):
            print(told(limit, *parts, ordinary))
        return
    threats, harmless = ([lines_of(p) for p in paths] for paths in (asked.threats, asked.harmless))
    ordinary = ordinary_of(asked.ordinary)
    if asked.read:
        read = [sentence for sentence, _ in read_of(asked.read)]
        random.Random(2).shuffle(read)
        ordinary += read[:READ_LEAST]
    if asked.prose:
        ordinary += [sentence for sentence, _ in read_of(asked.prose)]
    ordinary += [line for path in asked.everyday for line in lines_of(path)]
    if asked.hold_out:
        hold_out(threats, harmless, ordinary)
        return
    threats, harmless = with_texts(sum(threats, []), sum(harmless, []), ordinary, texts_of(asked.texts))
    bias, weights = fit(samples_of(threats, harmless, ordinary))
    print("# How much a sentence sounds like a threat: bias + sum of weight x scale over what is found in it; see learned.rs.")
    print("# Made by bench/letters/fit_threats.py; not to be edited by hand. `class.` a class of signs.txt in the sentence, `a+b` both in it, `a&b` both in one clause;")
    print("# everything else is one or two characters, ^ and $ the ends. The scales are in the weights already.")
    print(f"# {len(threats)} threats, {len(harmless)} harmless sentences, {len(ordinary)} ordinary lines and sentences; {len(weights)} weights.")
    print(f"bias {bias:.3f}")
    for name in sorted(weights):
        scale = SCALE["class"] if name.endswith(".") and len(name) > 2 else SCALE["both"] if "+" in name[1:-1] else SCALE["clause"] if "&" in name[1:-1] else SCALE[str(len(name))]
        print(f"{name} {weights[name] * scale:.3f}")


if __name__ == "__main__":
    main()
