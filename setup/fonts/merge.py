"""One font file of each family out of the parts its package has (setup.sh fit).

Usage: merge.py NODE_MODULES OUT
The packages cut a family into some hundred parts of characters; whoever draws with it needs it whole: OUT/NAME.ttf.
"""

import pathlib
import sys

from fontTools.merge import Merger, Options
from fontTools.ttLib import TTFont

LAYOUT = ["GDEF", "GPOS", "GSUB"]  # some parts have none, which the merger does not take


def main():
    packages, out = map(pathlib.Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    for package in sorted((packages / "@fontsource").iterdir()):
        parts = sorted(package.glob("files/*-400-normal.woff"))
        taken, kept = set(), []
        for part in parts:
            # A character that two parts have would be refused.
            new = set(TTFont(part).getBestCmap()) - taken
            if new:
                taken |= new
                kept.append(str(part))
        whole = Merger(Options(drop_tables=LAYOUT)).merge(kept)
        whole.flavor = None
        whole.save(out / f"{package.name}.ttf")


main()
