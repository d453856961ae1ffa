"""Reading, measured: seconds a page, peak memory and character errors of laixin's engines, with RapidOCR (same models, on
ONNX Runtime) beside them in the same run. Prints one line `name value unit` for each figure, then the ratios.

Every engine gets the same letters and envelopes of LETTERS (ID_p1.jpg …, ID_env.jpg, ID.json) and two threads; the first page of each is warm-up
and not counted. Character errors are of letter pages against their ground truth, after NFKC, without white space, with
dashes, quotes and 〇/○ folded; text outside every ground-truth line (letterheads, seals) is no error.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LAIXIN = PROJECT / "target" / "release" / "laixin"
PEER_PYTHON = PROJECT / ".setup" / "venv-bench" / "bin" / "python"


def folded(text):
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    return text.translate(str.maketrans("—–−‐―－“”‘’「」〇○", "------\"\"''\"\"00"))


def inside(point, quad):
    """Whether a point lies in a convex quad whose corners go clockwise."""
    x, y = point
    turns = [
        (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        for (ax, ay), (bx, by) in zip(quad, quad[1:] + quad[:1])
    ]
    return all(turn >= 0 for turn in turns)


def errors(found, expected):
    """Edit distance."""
    row = list(range(len(expected) + 1))
    for at, c in enumerate(found, 1):
        before, row[0] = row[0], at
        for to, d in enumerate(expected, 1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (c != d))
    return row[-1]


def page_errors(lines, truth):
    middle = lambda quad: (sum(p[0] for p in quad) / 4, sum(p[1] for p in quad) / 4)
    kept = [line for line in lines if any(inside(middle(line["quad"]), t["quad"]) for t in truth)]
    expected = folded("".join(t["text"] for t in truth))
    return errors(folded("".join(line["text"] for line in kept)), expected), len(expected)


def measured(name, command, images, truths):
    """Runs one engine over all pages in one process; `command` prints the JSON of `laixin read`."""
    started = time.monotonic()
    time_file = Path(f"/tmp/laixin-bench-{name}-{id(images)}.txt")
    done = subprocess.run(["/usr/bin/env", "python3", __file__, "--child", str(time_file), *map(str, command), *map(str, images)], stdout=subprocess.PIPE)
    wall = time.monotonic() - started
    peak_mb = int(time_file.read_text()) / 1024
    time_file.unlink()
    if done.returncode != 0:
        print(f"{name}: failed with exit {done.returncode}", file=sys.stderr)
        return None
    pages = json.loads(done.stdout)["pages"]
    seconds = sorted(page["seconds"] for page in pages[1:])
    wrong = total = 0
    for page in pages:
        if truth := truths.get(Path(page["file"]).name):
            bad, length = page_errors(page["lines"], truth)
            wrong, total = wrong + bad, total + length
    figures = {
        "seconds_per_page_mean": (statistics.mean(seconds), "s"),
        "seconds_per_page_p50": (seconds[len(seconds) // 2], "s"),
        "seconds_per_page_p95": (seconds[int(len(seconds) * 0.95)], "s"),
        "wall_per_page": (wall / len(pages), "s"),
        "peak_memory": (peak_mb, "MB"),
        "character_errors": (100 * wrong / max(total, 1), "%"),
    }
    for figure, (value, unit) in figures.items():
        print(f"reading/{name}/{figure} {value:.3f} {unit}", flush=True)
    return figures


def child(time_file, command):
    """Runs a command and notes its peak memory in KiB."""
    import resource

    code = subprocess.call(command)
    Path(time_file).write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
    return code


def peer(images):
    """The RapidOCR side, run by the Python that has it: prints the JSON of `laixin read`."""
    import cv2
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": 2, "Global.log_level": "error"})
    pages = []
    for image in images:
        started = time.monotonic()
        found = engine(cv2.imread(image))
        lines = zip(found.boxes.tolist(), found.txts) if found.boxes is not None else []
        pages.append(
            {"file": image, "seconds": time.monotonic() - started, "lines": [{"quad": quad, "text": text} for quad, text in lines]}
        )
    print(json.dumps({"pages": pages}))
    return 0


def main():
    if sys.argv[1:2] == ["--child"]:
        return child(sys.argv[2], sys.argv[3:])
    if sys.argv[1:2] == ["--peer"]:
        return peer(sys.argv[2:])
    parser = argparse.ArgumentParser(description="reading, measured beside its peers")
    parser.add_argument("--letters", type=Path, default=PROJECT / "tests" / "letters")
    options = parser.parse_args()
    truths = {}
    for file in sorted(options.letters.glob("*.json")):
        truth = json.loads(file.read_text(encoding="utf-8"))
        for page in truth.get("pages", []) if isinstance(truth, dict) else []:
            if page["kind"] == "letter":
                truths[page["file"]] = page["lines"]
    images = sorted(file for pattern in ("*_p*.jpg", "*_env.jpg") for file in options.letters.glob(pattern))
    print(f"# {len(images)} images of {options.letters}, {len(truths)} of them letter pages")
    ppocr = measured("ppocr-rten", [LAIXIN, "read", "--json"], images, truths)
    tesseract = measured("tesseract", [LAIXIN, "read", "--json", "--engine", "tesseract"], images, truths)
    rapid = measured("rapidocr", [PEER_PYTHON, __file__, "--peer"], images, truths) if PEER_PYTHON.exists() else None
    for name, other in (("tesseract", tesseract), ("rapidocr", rapid)):
        if ppocr and other:
            ratio = other["wall_per_page"][0] / ppocr["wall_per_page"][0]
            print(f"reading/ppocr-rten/faster_than_{name} {ratio:.2f} x")
    return 0 if ppocr else 1


if __name__ == "__main__":
    sys.exit(main())
