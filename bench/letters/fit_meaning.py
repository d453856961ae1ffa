"""Fits what a text's meaning weighs as a threat, beside the weights of its words: src/domain/extract/alert/meaning.txt.

Usage: fit_meaning.py --threats FILE… --harmless FILE… --read FILE --prose FILE --everyday FILE… --texts FILE… [--without FILE] > meaning.txt
The same texts as fit_threats.py, whole, and ordinary sentences between their neighbours (as_read.py). The numbers of each come from `cargo run -p meaning --example meanings`; logistic regression on them,
by Newton's steps, the same result every time. Needs numpy (.setup/venv-bench).
--without: fits nothing of that file of texts, to grade it.
"""

import argparse
import json
import os
import subprocess
import sys

import numpy

from fit_threats import lines_of, read_of

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = 2.0  # a text of several sentences is what a letter is like: it counts for two
RIDGE = 100.0  # of 1, 0.001 to 0.01 of scikit-learn's C were tried on texts left out: 0.01 found as many with fewer mistakes
STEPS = 12


def numbers_of(texts):
    root = os.path.join(HERE, "../..")
    program = ["cargo", "run", "--quiet", "--release", "--package", "meaning", "--example", "meanings", "--", os.path.join(root, ".setup/models")]
    said = "".join(text.replace("\n", "") + "\n" for text in texts)
    told = subprocess.run(program, input=said.encode(), stdout=subprocess.PIPE, check=True, cwd=root)
    return numpy.frombuffer(told.stdout, "<f4").reshape(len(texts), -1).astype(float)


def fit(numbers, labels, much):
    """Bias and weights of numbers that are scaled to mean 0 and deviation 1, and then not."""
    mean, deviation = numbers.mean(0), numbers.std(0) + 1e-9
    scaled = numpy.hstack([(numbers - mean) / deviation, numpy.ones((len(numbers), 1))])
    ridge = numpy.full(scaled.shape[1], RIDGE)
    ridge[-1] = 0
    weights = numpy.zeros(scaled.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + numpy.exp(-scaled @ weights))
        slope = scaled.T @ (much * (likely - labels)) + ridge * weights
        bend = (scaled * (much * likely * (1 - likely))[:, None]).T @ scaled + numpy.diag(ridge)
        weights -= numpy.linalg.solve(bend, slope)
    weights, bias = weights[:-1] / deviation, weights[-1]
    return bias - weights @ mean, weights


def main():
    args = argparse.ArgumentParser()
    for name in ("threats", "harmless", "everyday", "texts"):
        args.add_argument(f"--{name}", nargs="+", default=[])
    args.add_argument("--read", required=True)
    args.add_argument("--prose", required=True)
    args.add_argument("--without")
    asked = args.parse_args()
    samples = [(s, label, 1.0) for paths, label in ((asked.threats, 1), (asked.harmless, 0), (asked.everyday, 0)) for p in paths for s in lines_of(p)]
    samples += [(context, 0, 1.0) for path in (asked.read, asked.prose) for _, context in read_of(path)]
    texts = [json.loads(line) for path in asked.texts if path != asked.without for line in lines_of(path)]
    samples += [(t["text"], int(t["threat"]), TEXT) for t in texts]
    bias, weights = fit(numbers_of([s[0] for s in samples]), *(numpy.array([s[at] for s in samples], float) for at in (1, 2)))
    print("# What a text's meaning weighs as a threat: bias + sum of weight x number; see meaning.rs. Made by bench/letters/fit_meaning.py; not to be edited by hand.")
    print(f"# {len(samples)} texts.")
    print(f"{bias:.4f}")
    for weight in weights:
        print(f"{weight:.4f}")


if __name__ == "__main__":
    sys.exit(main())
