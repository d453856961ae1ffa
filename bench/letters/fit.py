"""Fits, per field, how sure a value is from its signs, and chooses the threshold from which it is accepted.

Usage: fit.py --group SIGNS.jsonl… --group SIGNS.jsonl… --held SIGNS.jsonl… --note TEXT > src/domain/extract/confidence.toml
SIGNS come from `laixin evaluate --signs`. Logistic regression with a ridge, by Newton's method, the signs of reading
and agreement bound to their direction. The letters of one group share names, towns and wordings with no
other; the threshold is the lowest confidence at which the upper bound (95 %) of the wrong ones is at most 0.5 % of the accepted, where every
group is graded by a model fitted on the others. The shipped model is fitted on all groups. The held-out letters choose nothing: what they come
to is printed beside the threshold. Prints what was reached to stderr.
"""

import argparse
import bisect
import json
import math
import sys

import numpy as np

WRONG_ALLOWED = 0.005
LEAST_SURE = 0.9  # nothing is accepted that is less sure by itself, however few of its kind are wrong
SURE = 0.95  # how sure it must be that not more are wrong, by what was seen on letters that fitted nothing
# What a purpose is told by is the way a letter speaks, not how well its evidence was read.
ONLY = {"purpose": {"is_request", "asks", "grieves", "unmixed", "urged", "words_for_it", "words_for_others", "urged_beside", "asks_beside", "grieves_beside", "only_told"}}
RIDGE = 1.0
VETO = "veto"
HELD_BACK = 0.25  # what a rule holds back for a person counts so much: its confidence is shown, the threshold is for the others
UNUSED = {VETO, "mean", "second", "below_97"}  # the last three say again what worst, together and below_90 say: their weights would only oppose each other
# Signs that may only speak for a value, and those that may only speak against it: a badly read value never gets surer by having been read badly.
ONLY_FOR = {"together", "worst", "worst_figure", "prior", "agreed", "checked", "birthday", "region", "whole", "ends_well", "tail_worst", "tail_together", "posted_at_once", "asks", "grieves", "unmixed", "words_for_it"}
ONLY_AGAINST = {"below_90", "below_99", "gap", "squeezed", "hesitated", "next_best", "odd", "nearly", "repaired", "outvoted", "two_readings", "rival", "disputed", "cut", "short_names",
                "no_division", "by_alternatives", "postmark", "two_characters", "unnamed", "tail_length", "tail_gap", "tail_squeezed", "tail_hesitated", "tail_next_best", "agreed_in_doubt", "words_for_others", "urged_beside", "asks_beside", "grieves_beside", "only_told"}
LEAST, LEAST_WRONG = 30, 3  # values of a field, and wrong ones among them, below which nothing is fitted


def load(paths):
    fields = {}
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                value = json.loads(line)
                fields.setdefault(value["field"], []).append((value["signs"], value["right"]))
    return fields


def regress(samples, names):
    """Weights for the bias and each sign; signs are scaled to unit spread while fitting."""
    values = np.array([[signs.get(name, 0.0) for name in names] for signs, _ in samples])
    spread = values.std(axis=0)
    spread[spread == 0.0] = 1.0
    x = np.hstack([np.ones((len(samples), 1)), values / spread])
    y = np.array([float(right) for _, right in samples])
    counts = np.array([HELD_BACK if VETO in signs else 1.0 for signs, _ in samples])
    ridge = np.full(x.shape[1], RIDGE)
    ridge[0] = 0.0
    weights = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30.0, 30.0)))
        gradient = x.T @ (counts * (y - p)) - ridge * weights
        hessian = (x.T * (counts * p * (1 - p))) @ x + np.diag(np.where(ridge > 0.0, ridge, 1e-6))
        step = np.linalg.solve(hessian, gradient)
        weights = weights + step
        if np.abs(step).max() < 1e-5:
            break
    return float(weights[0]), {name: float(w) for name, w in zip(names, weights[1:] / spread)}


def constrained(samples, names):
    """As regress, without the signs whose weight would point the wrong way: the worst of them goes first, then all is fitted again."""
    kept = list(names)
    while True:
        bias, weights = regress(samples, kept)
        against = {n: abs(w) for n, w in weights.items() if n in ONLY_FOR and w < 0 or n in ONLY_AGAINST and w > 0}
        if not against:
            return bias, weights
        spread = {n: max(abs(signs.get(n, 0.0)) for signs, _ in samples) or 1.0 for n in against}
        kept.remove(max(against, key=lambda n: against[n] * spread[n]))


def sure(model, signs):
    bias, weights = model
    s = bias + sum(w * signs.get(name, 0.0) for name, w in weights.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, s))))


def at_most(wrong):
    """How many wrong ones are to be expected at most (one-sided, 95 %) where `wrong` were seen: the upper bound of a Poisson mean."""
    low, high = 0.0, 3.0 * wrong + 20
    for _ in range(60):
        mean = (low + high) / 2
        term = seen = math.exp(-mean)
        for k in range(1, wrong + 1):
            term *= mean / k
            seen += term
        low, high = (mean, high) if seen > 1 - SURE else (low, mean)
    return high


def threshold(part):
    """The lowest confidence from which on at most the allowed share is wrong, by the upper bound of what was seen; None if there is none."""
    sure_of, mistaken = sorted(p for p, _ in part), sorted(p for p, right in part if not right)
    for limit in sorted({p for p, _ in part}):
        kept, wrong = len(sure_of) - bisect.bisect_left(sure_of, limit), len(mistaken) - bisect.bisect_left(mistaken, limit)
        if at_most(wrong) <= WRONG_ALLOWED * kept:
            return limit
    return None


def calibration_error(graded):
    bins = [[0, 0.0, 0] for _ in range(10)]
    for p, right in graded:
        b = bins[min(9, int(p * 10))]
        b[0] += 1
        b[1] += p
        b[2] += right
    return sum(abs(b[1] - b[2]) for b in bins) / max(1, len(graded))


def unseen(groups, names):
    """Every value of every group, graded by a model that was fitted on the other groups: other names, towns and wordings."""
    graded = []
    for at, group in enumerate(groups):
        others = [value for i, other in enumerate(groups) if i != at for value in other]
        model = constrained(others, names)
        graded += [(sure(model, signs), right, VETO in signs) for signs, right in group]
    return graded


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--group", nargs="+", action="append", required=True)
    args.add_argument("--held", nargs="+", required=True)
    args.add_argument("--note", required=True)
    asked = args.parse_args()
    groups, held = [load(paths) for paths in asked.group], load(asked.held)
    print("# How sure a value is: 1 / (1 + exp(-(bias + sum of weight * sign))). Signs: src/domain/extract/confidence.rs and the fields' modules.")
    print("# Made by bench/letters/fit.py (make fit); not to be edited by hand.")
    print(f"# {asked.note}")
    for field in sorted({field for group in groups for field in group}):
        parts = [group.get(field, []) for group in groups]
        samples = [value for part in parts for value in part]
        wrong = sum(not right for _, right in samples)
        if len(samples) < LEAST or wrong < LEAST_WRONG or not all(parts):
            print(f"# {field}: {len(samples)} values, {wrong} of them wrong: no model, never accepted")
            continue
        names = sorted({name for signs, _ in samples for name in signs} - UNUSED)
        names = [name for name in names if name in ONLY.get(field, names)]
        graded = unseen(parts, names)
        # What a rule holds back for a person is never accepted, whatever its confidence.
        free = [(p, right) for p, right, vetoed in graded if not vetoed]
        found = threshold(free)
        limit = 2.0 if found is None else max(found, LEAST_SURE)
        accepted = [right for p, right in free if p >= limit]
        model = constrained(samples, names)
        kept = held.get(field, [])
        graded_held = [(sure(model, s), r) for s, r in kept]
        taken = [r for (s, r), (p, _) in zip(kept, graded_held) if VETO not in s and p >= limit]
        said = (f"{len(samples)} values, {wrong} of them wrong; graded by models of the other groups: accepted {len(accepted)}, wrong {sum(not r for r in accepted)}; "
                f"held out {len(kept)}: ECE {100 * calibration_error(graded_held):.1f} %, accepted {len(taken)} "
                f"({100 * len(taken) / max(1, len(kept)):.0f} %), wrong {sum(not r for r in taken)}")
        print(f"{field}: {said}, threshold {limit:.4f}", file=sys.stderr)
        print(f"\n# {said}\n[field.{field}]\nbias = {model[0]:.4f}\nthreshold = {limit:.4f}\n[field.{field}.weights]")
        for name, weight in model[1].items():
            print(f"{name} = {weight:.4f}")


if __name__ == "__main__":
    main()
