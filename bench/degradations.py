"""What paper and scanners do to a page, and what it costs: clean pages of our own are drawn, spoiled in one way each, read, and the
character error of each way is printed beside the clean one.

    python3 bench/degradations.py OUT                      draws the pages into OUT
    python3 bench/degradations.py OUT --read LAIXIN        … and reads them with that program

The pages are the same each time (seeded). Fonts: Noto Serif CJK and AR PL UKai (Debian). Needs Pillow and numpy.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import numpy
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

W, H = 1654, 2339  # A4 at 200 dpi
SERIF = "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"
HAND = "/usr/share/fonts/truetype/arphic/ukai.ttc"
TEXT = (
    "尊敬的市长：\n我是本市东山镇渡水村的村民，现就村里道路年久失修一事向您反映。去年三月，镇里答应在年底以前修好从村口到小学的两公里土路，"
    "可是到今天仍然没有动工。每逢下雨，孩子们上学要蹚着泥水走四十分钟，老人看病也出不了门。我们先后四次到镇政府询问，"
    "答复都是正在研究，请再等一等。村民们自己凑了两万三千元，买来石子填坑，一场大雨又冲走了。\n恳请您在百忙之中过问此事，"
    "督促有关部门尽快立项，把修路的资金和期限向村民公开。另外，村里的自来水从去年十月起时有时无，水质发黄，也请一并解决。\n此致\n敬礼\n"
    "渡水村村民 周明德\n电话：13951128846\n2026年2月17日"
)


def rows_of(page, seed):
    """The text broken into rows, the letters of page `seed` in another order of sentences."""
    shuffled = random.Random(seed)
    head, *body = TEXT.split("\n")
    sentences = [s + "。" for s in "".join(body[:2]).split("。") if s]
    shuffled.shuffle(sentences)
    rows, line = [head], "　　"
    for char in "".join(sentences):
        line += char
        if len(line) >= page["columns"]:
            rows.append(line)
            line = ""
    if line:
        rows.append(line)
    return rows + body[2:]


def draw(page, seed, ink=(25, 25, 30)):
    """A clean page and its rows."""
    image = Image.new("RGB", (W, H), (252, 252, 250))
    pen, font = ImageDraw.Draw(image), ImageFont.truetype(page["font"], page["size"])
    shaky = random.Random(seed)
    rows = rows_of(page, seed)
    top = 180
    for row in rows:
        short = len(row) <= 14 and row not in (rows[0], "此致", "敬礼")
        left = W - 160 - page["pitch"] * len(row) if short else 160
        for at, char in enumerate(row):
            jitter = page["jitter"]
            x = left + at * page["pitch"] + shaky.uniform(-jitter, jitter)
            y = top + shaky.uniform(-jitter, jitter)
            pen.text((x, y), char, fill=ink, font=font)
        top += page["line"]
    return image, rows


def array(image):
    return numpy.asarray(image).astype(float)


def picture(values):
    return Image.fromarray(numpy.clip(values, 0, 255).astype("uint8"))


def skew(degrees):
    return lambda image, seed: image.rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=(252, 252, 250))


def seals(image, seed):
    """Three red seals over the text."""
    pen, where = Image.new("RGB", image.size, (255, 255, 255)), random.Random(seed)
    draw_ = ImageDraw.Draw(pen)
    font = ImageFont.truetype(SERIF, 46)
    for _ in range(3):
        x, y, r = where.randint(350, W - 350), where.randint(350, 1500), 165
        draw_.ellipse((x - r, y - r, x + r, y + r), outline=(214, 40, 48), width=12)
        draw_.text((x - 140, y - 26), "渡水村委员会", fill=(214, 40, 48), font=font)
        draw_.regular_polygon((x, y - 80, 34), 5, fill=(214, 40, 48))
    return ImageChops.multiply(image, pen)


def ruled(colour):
    def rules(image, seed):
        paper = Image.new("RGB", image.size, (255, 255, 255))
        pen = ImageDraw.Draw(paper)
        for y in range(150, H - 120, 84):
            pen.line((110, y + 78, W - 110, y + 78), fill=colour, width=3)
        return ImageChops.multiply(image, paper)

    return rules


def grid(image, seed):
    """Manuscript paper: cells of the text's own pitch in green, with a wider gap between the rows."""
    paper = Image.new("RGB", image.size, (255, 255, 255))
    pen = ImageDraw.Draw(paper)
    for y in range(172, H - 150, 84):
        for x in range(156, W - 160, 62):
            pen.rectangle((x, y, x + 62, y + 62), outline=(70, 150, 95), width=3)
    return ImageChops.multiply(image, paper)


def folds(image, seed):
    """Two horizontal folds and one upright, each a dark and a light flank."""
    values = array(image)
    y, x = numpy.mgrid[0:H, 0:W]
    shade = numpy.ones((H, W))
    for at, along in ((H * 0.333, y), (H * 0.665, y), (W * 0.5, x)):
        away = along - at
        shade -= 0.45 * numpy.exp(-(away / 14.0) ** 2) * (away <= 0) + 0.25 * numpy.exp(-(away / 40.0) ** 2) * (away > 0)
    return picture(values * shade[..., None])


def bleeding(image, seed):
    """The other side's writing, mirrored and soft, at a quarter of its darkness."""
    other, _ = draw(PAGES[(seed + 1) % len(PAGES)], seed + 50)
    back = other.transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(2.0))
    return picture(array(image) * (1 - 0.28 * (1 - array(back) / 255)))


def old(image, seed):
    """Yellow paper with stains and grain, the ink browned and faded."""
    noise = numpy.random.default_rng(seed)
    values = 90 + (array(image) - 25) * (252 - 90) / 227
    tone = numpy.array([0.93, 0.83, 0.60])
    y, x = numpy.mgrid[0:H, 0:W]
    stain = numpy.ones((H, W))
    for _ in range(6):
        cx, cy, r = noise.uniform(0, W), noise.uniform(0, H), noise.uniform(120, 330)
        stain -= 0.16 * (((x - cx) ** 2 + (y - cy) ** 2) < r * r)
    return picture(values * tone * numpy.clip(stain, 0.6, 1)[..., None] + noise.normal(0, 5, (H, W, 1)))


def dim(image, seed):
    """A lamp on one side: the page falls off to the other."""
    return picture(array(image) * numpy.linspace(1.0, 0.42, W)[None, :, None])


def faint(image, seed):
    """Pencil or a dry ribbon."""
    return picture(252 - (252 - array(image)) * 0.22)


WAYS = {
    "clean": lambda image, seed: image,
    "skew_3": skew(3),
    "skew_-7": skew(-7),
    "skew_10": skew(10),
    "seals": seals,
    "ruled_red": ruled((225, 90, 90)),
    "ruled_blue": ruled((110, 130, 215)),
    "grid": grid,
    "folds": folds,
    "bleeding": bleeding,
    "old": old,
    "dim": dim,
    "faint": faint,
}
PAGES = [
    {"font": SERIF, "size": 42, "pitch": 44, "line": 84, "columns": 30, "jitter": 0},
    {"font": HAND, "size": 56, "pitch": 62, "line": 84, "columns": 21, "jitter": 5},
]


def folded(text):
    return re.sub(r"[\s　]+", "", unicodedata.normalize("NFKC", text))


def errors(found, expected):
    row = list(range(len(expected) + 1))
    for at, c in enumerate(found, 1):
        before, row[0] = row[0], at
        for to, d in enumerate(expected, 1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (c != d))
    return row[-1]


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("out", type=Path)
    asked.add_argument("--read", metavar="LAIXIN")
    asked.add_argument("--only", nargs="*", default=list(WAYS))
    asked.add_argument("--arguments", default="", help="more arguments for laixin read")
    args = asked.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    truth = {}
    for way in args.only:
        for seed, page in enumerate(PAGES):
            image, rows = draw(page, seed)
            file = args.out / f"{way}_{seed}.jpg"
            WAYS[way](image, seed).save(file, quality=90)
            truth[str(file)] = folded("".join(rows))
    if not args.read:
        return
    files = list(truth)
    began = time.monotonic()
    done = subprocess.run([args.read, "read", "--json", *args.arguments.split(), *files], capture_output=True, check=True)
    seconds = (time.monotonic() - began) / len(files)
    totals = {}
    for page in json.loads(done.stdout)["pages"]:
        expected = truth[page["file"]]
        wrong = errors(folded("".join(line["text"] for line in page["lines"])), expected)
        way, seed = Path(page["file"]).stem.rsplit("_", 1)
        totals.setdefault(way, {})[seed] = 100 * wrong / len(expected)
    for way, by_page in totals.items():
        shares = "  ".join(f"{share:6.2f}" for _, share in sorted(by_page.items()))
        print(f"{way:12} print, kaiti CER % {shares}")
    print(f"{seconds:.2f} s a page", file=sys.stderr)


if __name__ == "__main__":
    main()
