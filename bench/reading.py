"""Reading, measured: seconds and processor seconds a page (decoding included), cold start, peak memory, character errors by group and
envelope lines of laixin on rten and on OpenVINO, with Tesseract and with RapidOCR and faster-paddle (the same models) beside them in the
same run. Prints one line `name value unit` for each figure, then the ratios like for like.

Every engine gets the same images and two threads; the first page of each process is warm-up and not counted. Engines take turns on
portions of the pages, so that a machine busy with other work slows all of them alike; --minutes stops after the portion that is under way.
LETTERS (ID_p1.jpg …, ID_env.jpg, ID.json): character errors are of letter pages against their ground truth, in reading order, after NFKC,
without white space, with dashes, quotes and 〇/○ folded; text outside every ground-truth line (letterheads, seals) is no error. A line of an
envelope is exact when all that was read on it is its text. REAL (NAME.jpg or .png, NAME.txt with its text): character errors of all that was
read, group `real`.
"""

import argparse
import collections
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LAIXIN = PROJECT / "target" / "release" / "laixin"
PEER_PYTHON = PROJECT / ".setup" / "venv-bench" / "bin" / "python"
OPENVINO = PROJECT / ".setup" / "openvino"
PORTIONS = 4


def folded(text):
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    return text.translate(str.maketrans("—–−‐―－“”‘’「」〇○", "------\"\"''\"\"00"))


def on(quad, truth):
    """Whether the middle of a line that was read lies on the bounding box of a true line."""
    x, y = (sum(p[axis] for p in quad) / 4 for axis in (0, 1))
    xs, ys = ([p[axis] for p in truth] for axis in (0, 1))
    return min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys)


def errors(found, expected):
    """Edit distance."""
    row = list(range(len(expected) + 1))
    for at, c in enumerate(found, 1):
        before, row[0] = row[0], at
        for to, d in enumerate(expected, 1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (c != d))
    return row[-1]


class Figures:
    """What one engine needed and got wrong, over all portions."""

    def __init__(self):
        self.seconds, self.wall, self.processor, self.peak_mb, self.pages, self.cold = [], 0.0, 0.0, 0.0, 0, 0.0
        self.shares = collections.defaultdict(lambda: [0, 0])

    def count(self, group, part, of):
        self.shares[group][0] += part
        self.shares[group][1] += of

    def judge(self, lines, truth):
        if truth["kind"] == "real":
            expected = folded(truth["text"])
            self.count("character_errors/real", errors(folded("".join(line["text"] for line in lines)), expected), len(expected))
            return
        if truth["kind"] == "letter":
            kept = [line for line in lines if any(on(line["quad"], t["quad"]) for t in truth["lines"])]
            expected = folded("".join(t["text"] for t in truth["lines"]))
            wrong = errors(folded("".join(line["text"] for line in kept)), expected)
            style = truth.get("style", {})
            kind = "handwriting_fonts" if style.get("handwriting") else "print"
            for group in ("all", kind, f"font/{style.get('font', 'unknown')}"):
                self.count(f"character_errors/{group}", wrong, len(expected))
            return
        for t in truth["lines"]:
            text = "".join(folded(line["text"]) for line in lines if on(line["quad"], t["quad"]))
            if t["role"] == "postmark":
                place, date = t["text"].split()
                self.count("postmark/place", place in text, 1)
                self.count("postmark/date", date in text, 1)
                continue
            exact = text == folded(t["text"])
            groups = ["all", truth.get("layout", "unknown")] + (["postcodes"] if t["role"].endswith("_code") else [])
            for group in groups:
                self.count(f"envelope_lines_exact/{group}", exact, 1)

    def tell(self, name):
        seconds = sorted(self.seconds)
        lines = [
            ("cold_start_and_first_page", self.cold, "s"),
            ("seconds_per_page_mean", statistics.mean(seconds), "s"),
            ("seconds_per_page_p50", seconds[len(seconds) // 2], "s"),
            ("seconds_per_page_p95", seconds[int(len(seconds) * 0.95)], "s"),
            ("wall_per_page", self.wall / self.pages, "s"),
            ("processor_seconds_per_page", self.processor / self.pages, "s"),
            ("peak_memory", self.peak_mb, "MB"),
        ]
        lines += [(group, 100 * part / max(of, 1), "%") for group, (part, of) in sorted(self.shares.items())]
        for figure, value, unit in lines:
            print(f"reading/{name}/{figure} {value:.3f} {unit}", flush=True)


def measured(figures, name, command, images, truths):
    """One engine over one portion in one process; `command` prints the JSON of `laixin read`. False when it fails."""
    environment = {**os.environ, "PYTHONPATH": str(OPENVINO)} if "openvino" in name else None
    with tempfile.NamedTemporaryFile() as used:
        started = time.monotonic()
        child = [sys.executable, __file__, "--child", used.name, *map(str, command), *map(str, images)]
        done = subprocess.run(child, stdout=subprocess.PIPE, env=environment)
        figures.wall += time.monotonic() - started
        if done.returncode != 0:
            print(f"{name}: failed with exit {done.returncode}", file=sys.stderr)
            return False
        processor, peak_kib = Path(used.name).read_text().split()
    figures.processor += float(processor)
    figures.peak_mb = max(figures.peak_mb, int(peak_kib) / 1024)
    pages = json.loads(done.stdout)["pages"]
    figures.pages += len(pages)
    figures.seconds += [page["seconds"] for page in pages[1:]]
    for page in pages:
        if truth := truths.get(Path(page["file"]).name):
            figures.judge(page["lines"], truth)
    return True


def child(used, command):
    """Runs a command and notes its processor seconds and peak memory in KiB."""
    import resource

    code = subprocess.call(command)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    Path(used).write_text(f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}")
    return code


def rapidocr(images, runtime):
    """RapidOCR, run by the Python that has it: prints the JSON of `laixin read`."""
    import cv2
    from rapidocr import EngineType, RapidOCR

    chosen = {f"{part}.engine_type": EngineType(runtime) for part in ("Det", "Rec")}
    threads = {"onnxruntime": "intra_op_num_threads", "openvino": "inference_num_threads"}[runtime]
    engine = RapidOCR(params={**chosen, f"EngineConfig.{runtime}.{threads}": 2, "Global.log_level": "error"})
    for image in images:
        started = time.monotonic()
        found = engine(cv2.imread(image))
        lines = zip(found.boxes.tolist(), found.txts) if found.boxes is not None else []
        yield image, time.monotonic() - started, [{"quad": quad, "text": text} for quad, text in lines]


def faster_paddle(images):
    """faster-paddle with the small models; its lines come in the order of their numbers."""
    from faster_paddle import OcrEngine

    engine = OcrEngine(model_size="small", threads=2)
    for image in images:
        data = Path(image).read_bytes()
        started = time.monotonic()
        found = engine.ocr(data)
        seconds = time.monotonic() - started
        lines = []
        for _, line in sorted(found["bounds"].items(), key=lambda item: int(item[0])):
            (left, top), (right, bottom) = (corner(line[key]) for key in ("topLeftCoord", "bottomRightCoord"))
            lines.append({"quad": [[left, top], [right, top], [right, bottom], [left, bottom]], "text": line["text"]})
        yield image, seconds, lines


def corner(point):
    return (point["x"], point["y"]) if isinstance(point, dict) else tuple(point)


def peer(engine, images):
    pages = [{"file": file, "seconds": seconds, "lines": lines} for file, seconds, lines in engine(images)]
    print(json.dumps({"pages": pages}))
    return 0


PEERS = {
    "rapidocr": lambda images: rapidocr(images, "onnxruntime"),
    "rapidocr-openvino": lambda images: rapidocr(images, "openvino"),
    "faster-paddle": faster_paddle,
}
# Who is compared with whom: the same models on runtimes of a kind.
RATIOS = [
    ("laixin-rten", "tesseract"),
    ("laixin-rten", "rapidocr"),
    ("laixin-rten", "faster-paddle"),
    ("laixin-openvino", "faster-paddle"),
    ("laixin-openvino", "rapidocr-openvino"),
]


def arguments():
    parser = argparse.ArgumentParser(description="reading, measured beside its peers")
    parser.add_argument("--letters", type=Path, default=PROJECT / "tests" / "letters")
    parser.add_argument("--real", type=Path, help="a folder of images with their texts beside them")
    parser.add_argument("--laixin", type=Path, default=LAIXIN)
    parser.add_argument("--peer-python", type=Path, default=PEER_PYTHON)
    parser.add_argument("--without", action="append", default=[], help="an engine to leave out")
    parser.add_argument("--every", type=int, default=1, help="only every n-th image")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no further portion after so many minutes")
    return parser.parse_args()


def engines(options):
    libraries = OPENVINO / "openvino" / "libs"
    commands = {"laixin-rten": [options.laixin, "read", "--json", "--runtime", "rten"]}
    if libraries.exists():
        commands["laixin-openvino"] = [options.laixin, "read", "--json", "--runtime", "openvino", "--openvino", libraries]
    commands["tesseract"] = [options.laixin, "read", "--json", "--engine", "tesseract"]
    if options.peer_python.exists():
        for name in PEERS:
            commands[name] = [options.peer_python, __file__, "--peer", name]
    if not libraries.exists():
        commands.pop("rapidocr-openvino", None)
        print("# OpenVINO is not installed: what needs it is left out")
    return {name: command for name, command in commands.items() if name not in options.without}


def pages(options):
    """Images and, by their names, what is on them."""
    truths = {}
    for file in sorted(options.letters.glob("*.json")):
        truth = json.loads(file.read_text(encoding="utf-8"))
        for page in truth.get("pages", []) if isinstance(truth, dict) else []:
            truths[page["file"]] = page
    images = sorted(file for pattern in ("*_p*.jpg", "*_env.jpg") for file in options.letters.glob(pattern))
    images = images[:: options.every]
    if options.real:
        for text in sorted(options.real.glob("*.txt")):
            for image in (text.with_suffix(suffix) for suffix in (".jpg", ".jpeg", ".png")):
                if image.exists():
                    images.append(image)
                    truths[image.name] = {"kind": "real", "text": text.read_text(encoding="utf-8")}
    return images, truths


def main():
    if sys.argv[1:2] == ["--child"]:
        return child(sys.argv[2], sys.argv[3:])
    if sys.argv[1:2] == ["--peer"]:
        return peer(PEERS[sys.argv[2]], sys.argv[3:])
    options = arguments()
    images, truths = pages(options)
    print(f"# {len(images)} images, {sum(image.name in truths for image in images)} of them with ground truth")
    commands = engines(options)
    found = {name: Figures() for name in commands}
    for name in list(found):
        cold = Figures()
        if not measured(cold, name, commands[name], images[:1], {}):
            del found[name]
            continue
        found[name].cold = cold.wall
    started = time.monotonic()
    for portion in range(PORTIONS):
        if time.monotonic() - started > 60 * options.minutes:
            print(f"# time is up after {portion} of {PORTIONS} portions")
            break
        if part := images[portion::PORTIONS]:
            for name in list(found):
                if not measured(found[name], name, commands[name], part, truths):
                    del found[name]
    for name, figures in found.items():
        figures.tell(name)
    for own, other in RATIOS:
        if own in found and other in found:
            one, two = found[own], found[other]
            print(f"reading/{own}/faster_than_{other} {statistics.mean(two.seconds) / statistics.mean(one.seconds):.2f} x")
            print(f"reading/{own}/less_processor_than_{other} {two.processor / one.processor:.2f} x")
    return 0 if "laixin-rten" in found else 1


if __name__ == "__main__":
    sys.exit(main())
