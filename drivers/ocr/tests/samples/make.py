"""Writes the sample files of this folder with writers that are not ours: libtiff and libjpeg through Pillow and ImageMagick,
Ghostscript, qpdf. Run in this folder: python3 make.py (Pillow; `convert`, `gs`, `qpdf` on the path). Every picture is the same: four
bars, red, green, blue and nearly white, 96 × 64; bilevel ones are black right of x = 20 and in every second band of four rows.
"""

import io
import struct
import subprocess
import zlib
from pathlib import Path

from PIL import Image, TiffImagePlugin

W, H = 96, 64
BARS = [(220, 30, 30), (30, 220, 30), (30, 30, 220), (250, 250, 250)]
TiffImagePlugin.STRIP_SIZE = 4096


def bars():
    image = Image.new("RGB", (W, H))
    image.putdata([BARS[x * 4 // W] for y in range(H) for x in range(W)])
    return image


def bilevel():
    image = Image.new("1", (W, H), 1)
    image.putdata([0 if x > 20 or (y // 4) % 2 else 255 for y in range(H) for x in range(W)])
    return image


def tiff(name, image, compression=None, **tags):
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.pop("tags", {}).items():
        info[tag] = value
    image.save(name, compression=compression, tiffinfo=info, **tags)


def convert(*arguments):
    subprocess.run(["convert", *arguments], check=True)


def run(*arguments):
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)


def plain_pdf(name, content, resources=b"", extra=()):
    """A PDF of one page, 96 × 64 points, made by hand: what no writer here makes."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 96 64] /Contents 4 0 R /Resources << " + resources + b" >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        *extra,
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % at for at in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    Path(name).write_bytes(out)


def palette_tiff(name, pages, order="<", cut=0):
    """TIFF of (image of colour numbers, bits, colours), uncompressed, by hand: what no writer here makes."""
    out = bytearray({"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 0))
    link = 4
    for image, bits, colours in pages:
        per = 8 // bits
        at, rows = len(out), [image[y * W:(y + 1) * W] for y in range(H)]
        out += bytes(sum(row[x + k] << (8 - bits * (k + 1)) for k in range(per)) for row in rows for x in range(0, W, per))
        colours = colours + [(0, 0, 0)] * (2**bits - len(colours))
        table, values = len(out), [colour[channel] * 257 for channel in range(3) for colour in colours]
        values = values[: len(values) - cut]
        out += struct.pack(f"{order}{len(values)}H", *values)
        struct.pack_into(order + "I", out, link, len(out))
        short = lambda value: struct.pack(order + "HH", value, 0)
        long = lambda value: struct.pack(order + "I", value)
        entries = [(256, 3, 1, short(W)), (257, 3, 1, short(H)), (258, 3, 1, short(bits)), (259, 3, 1, short(1)), (262, 3, 1, short(3)),
                   (273, 4, 1, long(at)), (277, 3, 1, short(1)), (278, 3, 1, short(H)), (279, 4, 1, long(table - at)),
                   (320, 3, len(values), long(table))]
        out += struct.pack(order + "H", len(entries))
        for tag, kind, count, value in entries:
            out += struct.pack(order + "HHI", tag, kind, count) + value
        link = len(out)
        out += long(0)
    Path(name).write_bytes(out)


def palettes():
    places = [x * 4 // W for y in range(H) for x in range(W)]
    palette = Image.new("P", (W, H))
    palette.putdata(places)
    palette.putpalette([value for bar in BARS for value in bar])
    for name, how in [("lzw", "tiff_lzw"), ("deflate", "tiff_adobe_deflate"), ("raw", None)]:
        tiff(f"palette_{name}.tif", palette, how)
    palette_tiff("palette_4.tif", [(places, 4, BARS)])
    palette_tiff("palette_motorola.tif", [(places, 4, BARS)], ">")
    palette_tiff("palette_short.tif", [(places, 4, BARS)], cut=7)
    ink = [0 if pixel else 1 for pixel in bilevel().getdata()]
    palette_tiff("palette_pages.tif", [(places, 4, BARS), (ink, 1, [BARS[3], BARS[2]])])


def main():
    colour, black = bars(), bilevel()
    for name in ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate", "jpeg"]:
        how = None if name == "raw" else name
        tiff(f"rgb_{name}.tif", colour, how, **({"quality": 95} if name == "jpeg" else {}))
    for name in ["group3", "group4", "tiff_ccitt"]:
        tiff(f"bilevel_{name}.tif", black, name)
    tiff("bilevel_group3_2d.tif", black, "group3", tags={292: 1})
    tiff("strips_group4.tif", black, "group4", tags={278: 16}, x_resolution=204.0, y_resolution=98.0)
    ycc = {"quality": 95, "x_resolution": 118.11, "y_resolution": 118.11, "resolution_unit": "cm"}
    tiff("ycc_jpeg.tif", colour.convert("YCbCr"), "jpeg", tags={278: H}, **ycc)
    tiff("ycc_strips_jpeg.tif", colour.convert("YCbCr"), "jpeg", tags={278: 16}, **ycc)
    palettes()
    tiff("grey.tif", colour.convert("L"), "tiff_lzw")
    tiff("cmyk.tif", colour.convert("CMYK"), "tiff_lzw")
    for orientation in (3, 6):
        back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}[orientation]
        tiff(f"orientation_{orientation}.tif", colour.transpose(back), "tiff_lzw", tags={274: orientation})
    colour.save("bars.png")
    convert("bars.png", "-depth", "16", "PNG48:deep.png")
    convert("bars.png", "-interlace", "PNG", "interlaced.png")
    convert("bars.png", "-depth", "16", "-compress", "lzw", "rgb_16.tif")
    convert("bars.png", "-define", "tiff:tile-geometry=32x32", "-compress", "zip", "tiled.tif")
    convert("bars.png", "-define", "tiff:tile-geometry=32x32", "-compress", "jpeg", "-quality", "95", "tiled_jpeg.tif")
    convert("bars.png", "-define", "tiff:endian=msb", "-compress", "none", "big_endian.tif")
    convert("bars.png", "-compress", "lzw", "TIFF64:bigtiff.tif")
    pages = [colour, colour.transpose(Image.Transpose.FLIP_LEFT_RIGHT), colour]
    pages[0].save("pages_jpeg.tif", save_all=True, append_images=pages[1:], compression="jpeg", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6
    colour.transpose(Image.Transpose.ROTATE_90).save("exif_6.jpg", exif=exif, quality=95, subsampling=0)
    colour.convert("L").save("grey.jpg", quality=95)
    colour.convert("CMYK").save("cmyk.jpg", quality=95)
    colour.save("progressive.jpg", quality=95, subsampling=0, progressive=True)

    jpeg = io.BytesIO()
    colour.save(jpeg, "JPEG", quality=95, subsampling=0)
    jpeg = jpeg.getvalue()
    colour.save("scan_jpeg.pdf", quality=95, subsampling=0)
    pages[0].save("scan_pages.pdf", save_all=True, append_images=pages[1:], quality=95, subsampling=0)
    black.save("scan_fax.pdf")
    run("qpdf", "--object-streams=generate", "scan_pages.pdf", "packed_objects.pdf")
    run("qpdf", "--linearize", "scan_pages.pdf", "linearised.pdf")
    run("qpdf", "--encrypt", "secret", "secret", "256", "--", "scan_jpeg.pdf", "password.pdf")
    run("qpdf", "--encrypt", "", "owner", "256", "--", "scan_jpeg.pdf", "owner_password.pdf")
    run("qpdf", "--rotate=+90:1", "scan_jpeg.pdf", "rotated.pdf")

    def image(data, filters, width=W, height=H, space=b"/DeviceRGB", more=b""):
        return (b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace %s /Filter %s %s "
                b"/Length %d >>\nstream\n%s\nendstream") % (width, height, space, filters, more, len(data), data)

    drawn = b"q 96 0 0 64 0 0 cm /I Do Q"
    with_image = b"/XObject << /I 5 0 R >>"
    plain_pdf("scan_flate.pdf", drawn, with_image, [image(zlib.compress(colour.tobytes(), 9), b"/FlateDecode")])
    jpx = io.BytesIO()
    colour.save(jpx, "JPEG2000")
    plain_pdf("scan_jpx.pdf", drawn, with_image, [image(jpx.getvalue(), b"/JPXDecode")])
    plain_pdf("cut_jpeg.pdf", drawn, with_image, [image(jpeg[: len(jpeg) // 2], b"/DCTDecode")])
    plain_pdf("cut_jpeg_drawn.pdf", b"0 0 5 5 re f " + drawn, with_image, [image(jpeg[: len(jpeg) // 2], b"/DCTDecode")])
    plain_pdf("short_flate.pdf", drawn, with_image, [image(zlib.compress(colour.tobytes()[:999]), b"/FlateDecode")])
    plain_pdf("huge_image.pdf", drawn, with_image, [image(zlib.compress(b"\0" * 99), b"/FlateDecode", 60_000, 60_000)])
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(b"\0" * 50_000_000) for _ in range(60)) + packer.flush()
    squeezed = zlib.compress(bomb, 9)
    plain_pdf("bomb.pdf", drawn, with_image, [image(squeezed, b"[/FlateDecode /FlateDecode]")])
    # Two halves side by side, and a bar beside an image: only drawing shows the page.
    left = io.BytesIO()
    colour.crop((0, 0, 48, 64)).save(left, "JPEG", quality=95, subsampling=0)
    right = io.BytesIO()
    colour.crop((48, 0, 96, 64)).save(right, "JPEG", quality=95, subsampling=0)
    plain_pdf("two_images.pdf", b"q 48 0 0 64 0 0 cm /L Do Q q 48 0 0 64 48 0 cm /R Do Q", b"/XObject << /L 5 0 R /R 6 0 R >>",
              [image(left.getvalue(), b"/DCTDecode", 48), image(right.getvalue(), b"/DCTDecode", 48)])
    plain_pdf("drawn.pdf", b"1 0 0 rg 0 0 48 64 re f 0 0 1 rg 48 0 48 64 re f")
    # Glyphs by the numbers they have in a font that is not in the file cannot be drawn; Latin letters can, in a face like it.
    plain_pdf("missing_font.pdf", b"BT /F 24 Tf 10 10 Td <4FE18BBF> Tj ET", b"/Font << /F 5 0 R >>",
              [b"<< /Type /Font /Subtype /Type0 /BaseFont /SimSun /Encoding /Identity-H /DescendantFonts [6 0 R] >>",
               b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /SimSun /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
               b"/FontDescriptor 7 0 R >>",
               b"<< /Type /FontDescriptor /FontName /SimSun /Flags 4 /FontBBox [0 -140 1000 860] /ItalicAngle 0 /Ascent 860 /Descent -140 "
               b"/CapHeight 860 /StemV 80 >>"])
    plain_pdf("latin_font.pdf", b"BT /F 24 Tf 10 10 Td (Text) Tj ET", b"/Font << /F 5 0 R >>",
              [b"<< /Type /Font /Subtype /TrueType /BaseFont /Unknown /Encoding /WinAnsiEncoding >>"])
    whole = Path("scan_pages.pdf").read_bytes()
    Path("lost_page.pdf").write_bytes(whole.replace(b"/Count 3", b"/Count 4"))
    plain_pdf("hidden_text.pdf", b"BT 3 Tr ET " + drawn + b" BT 3 Tr /F 9 Tf (x) Tj ET", with_image, [image(jpeg, b"/DCTDecode")])


if __name__ == "__main__":
    main()
