"""More than 150 files a hostile person may hand in (S7), each with what must become of it.

`refused` is a word of the message, None where the file holds a picture that is written anew. What
takes long to make is made when it is asked for, not in each process that collects the tests.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

from PIL import Image

from tests.factories.files import pdf, picture

SCRIPT = b"<script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@dataclass(frozen=True)
class File:
    family: str
    name: str
    made: bytes | Callable[[], bytes] = field(repr=False)
    refused: str | None

    @property
    def is_long_to_make(self) -> bool:
        return callable(self.made)

    @cached_property
    def content(self) -> bytes:
        return self.made() if callable(self.made) else self.made


def corpus():
    """Return every file; the first of a family is what the short tier asks."""
    found = []
    for make in FAMILIES:
        found += [File(make.__name__, *rest) for rest in make()]
    return found


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width, height, rows=b"", bits=8, color=2, more=b""):
    """Return a PNG that claims a size, with the rows it is given."""
    head = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    data = zlib.compress(rows, 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + more
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


def zipped(*names, content=b"x"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


def drawings():
    for name in ("a.svg", "a.png", "a.jpg", "a.webp", "a.pdf", "a.PNG"):
        yield name, SVG, "drawing or a web page"
        yield name, b'<?xml version="1.0"?>' + SVG, "drawing or a web page"
        yield name, b"\xef\xbb\xbf \n" + SVG, "drawing or a web page"
    yield "a.svgz", zlib.compress(SVG), "not what we can read"


def web_pages():
    for name in ("a.html", "a.png", "a.jpg", "a.pdf"):
        yield name, b"<!DOCTYPE html><html>" + SCRIPT, "web page"
        yield name, b"  <html>" + SCRIPT, "web page"
        yield name, SCRIPT, "web page"
    yield "a.png", b"GIF89a" + SCRIPT, "not taken"
    yield "a.js", b"alert(1)", "not what we can read"
    yield "a.css", b"body{background:url(javascript:alert(1))}", "not what we can read"


def pages_inside_pictures():
    real, page = picture(), b"<html>" + SCRIPT
    yield "page.png", real + page, None
    yield "page.html", real + page, None
    yield "comment.png", real[:33] + chunk(b"tEXt", b"Comment\0" + page) + real[33:], None
    yield "packed.png", real[:33] + chunk(b"zTXt", b"C\0\0" + zlib.compress(page)) + real[33:], None
    yield "own.png", real[:33] + chunk(b"evIl", page) + real[33:], None
    photo = picture("JPEG")
    yield "page.jpg", photo + page, None
    remark = b"\xff\xfe" + struct.pack(">H", len(page) + 2) + page
    yield "remark.jpg", photo[:2] + remark + photo[2:], None
    yield "page.webp", picture("WEBP") + page, None


def two_files_in_one():
    jar = zipped("META-INF/MANIFEST.MF", "Evil.class")
    gif = picture("GIF", mode="P", color=1)
    yield "gifar.gif", gif + jar, "not taken"
    yield "gifar.png", gif + jar, "not taken"
    for kind, name in (("PNG", "jar.png"), ("JPEG", "jar.jpg"), ("WEBP", "jar.webp")):
        yield name, picture(kind) + jar, None
    yield "jar.pdf", pdf(tail=jar), "another file hidden"
    yield "page.pdf", pdf(tail=SCRIPT), "another file hidden"
    yield "picture.pdf", pdf(tail=picture()), "another file hidden"
    yield "page-first.pdf", SCRIPT + pdf(), "web page"
    yield "zip-first.pdf", jar + pdf(), "ZIP"
    yield "exe-first.pdf", b"MZ\x90\0" + pdf(), "not what we can read"
    yield "shell-first.png", b"#!/bin/sh\n" + picture(), "not what we can read"
    yield "php.jpg", picture("JPEG") + b"<?php system($_GET[0]); ?>", None
    tail = pdf()
    yield "zip-around.pdf", _zip_around(tail), "another file hidden"


def _zip_around(content):
    """Return a PDF that is a ZIP as well, its end inside the comment of the archive."""
    archive = io.BytesIO(content[: content.rfind(b"xref\n0")])
    with zipfile.ZipFile(archive, "a") as inside:
        inside.writestr("evil.exe", b"MZ")
        inside.comment = content[content.rfind(b"xref\n0") :]
    return archive.getvalue()


def bombs():
    yield "50k.png", png_of(50_000, 50_000, b"\0" * 50_001, bits=8, color=0), "25 million"
    yield "50k-gray.png", png_of(50_000, 50_000, b"\0" * 7_000, bits=1, color=0), "25 million"
    yield "wide.png", png_of(2**31 - 1, 1), "25 million"
    yield "tall.png", png_of(1, 2**31 - 1), "25 million"
    yield "just-over.png", png_of(5_001, 5_000), "25 million"
    yield "real-over.png", partial(_flat_png, 6_000, 6_000), "25 million"
    yield "lies-small.png", lambda: png_of(10, 10, b"\0" * 20_000_000), None
    yield "one-row.png", png_of(5_000, 5_000, b"\0" * 15_001), None  # the rest is black
    yield "text-bomb.png", _text_bomb, "damaged"
    yield "profile-bomb.png", _profile_bomb, "damaged"
    for side in (30_000, 65_500):
        photo = bytearray(picture("JPEG"))
        place = photo.find(b"\xff\xc0")
        photo[place + 5 : place + 9] = struct.pack(">HH", side, side)
        yield f"claims-{side}.jpg", bytes(photo), "25 million"
    yield "claims.webp", _webp_claiming(16_000, 16_000), "damaged"


def _flat_png(width, height):
    return picture("PNG", (width, height), 1, mode="1")


def _text_bomb():
    text = chunk(b"zTXt", b"C\0\0" + zlib.compress(b"a" * 50_000_000))
    return picture()[:-12] + text + picture()[-12:]


def _profile_bomb():
    profile = chunk(b"iCCP", b"p\0\0" + zlib.compress(b"\0" * 50_000_000))
    return picture()[:33] + profile + picture()[33:]


def _webp_claiming(width, height):
    head = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0"
    head += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    rest = head + picture("WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(rest) + 4) + b"WEBP" + rest


def cut_off():
    for kind in ("PNG", "JPEG", "WEBP"):
        whole = _noise(kind)
        for part in (0.1, 0.3, 0.5, 0.7, 0.9):
            yield f"{part}.{kind.lower()}", whole[: int(len(whole) * part)], "damaged"
    whole = pdf(extra=b"4 0 obj<<>>endobj\n" * 40)
    for part in (0.1, 0.5, 0.9):
        yield f"{part}.pdf", whole[: int(len(whole) * part)], "cut off"
    yield "magic.png", b"\x89PNG\r\n\x1a\n", "damaged"
    yield "magic.jpg", b"\xff\xd8\xff\xe0", "damaged"
    yield "magic.webp", b"RIFF\x10\0\0\0WEBP", "damaged"
    yield "magic.pdf", b"%PDF-1.7", "cut off"
    yield "nothing.png", b"", "empty"


def _noise(kind):
    out = io.BytesIO()
    Image.effect_noise((200, 200), 80).convert("RGB").save(out, kind)
    return out.getvalue()


def damaged():
    whole = bytearray(_noise("PNG"))
    for place in (16, 30, 41, 60, 2_000):
        bent = bytearray(whole)
        bent[place] ^= 0xFF
        yield f"flip-{place}.png", bytes(bent), "damaged"
    yield "zeros.png", b"\x89PNG\r\n\x1a\n" + b"0" * 64, "damaged"
    yield "no-size.png", png_of(0, 0), "damaged"
    yield "negative.png", png_of(2**32 - 1, 1), "25 million"
    yield "wrong-depth.png", png_of(4, 4, b"\0" * 99, bits=7), "damaged"
    yield "text.jpg", b"\xff\xd8\xff" + b"hello" * 200, "damaged"
    yield "png-in-jpeg.jpg", b"\xff\xd8\xff" + picture(), "damaged"
    yield "webp-of-png.webp", b"RIFF" + struct.pack("<I", 99) + b"WEBP" + picture(), "damaged"


def told_on():
    """Give pictures that say where and by whom they were taken: the copy must not."""
    place = Image.Exif()
    place[0x010F] = "SecretCamera"
    place.get_ifd(0x8825).update({1: "N", 2: (41.0, 52.0, 55.0), 3: "W", 4: (87.0, 37.0, 40.0)})
    for kind in ("JPEG", "PNG", "WEBP"):
        yield f"gps.{kind.lower()}", picture(kind, exif=place), None
    for turn in range(1, 9):
        turned = Image.Exif()
        turned[0x0112], turned[0x010F] = turn, "SecretCamera"
        yield f"turned-{turn}.jpg", picture("JPEG", exif=turned), None
    yield "xmp.jpg", picture("JPEG", xmp=b"<x:xmpmeta>SecretCamera</x:xmpmeta>"), None
    yield "profile.png", picture(icc_profile=b"SecretCamera" * 20), None
    yield "remark.jpg", picture("JPEG", comment=b"SecretCamera"), None


def other_kinds():
    for kind, name in (
        ("EPS", "a.png"), ("GIF", "a.png"), ("BMP", "a.jpg"), ("TIFF", "a.jpg"), ("ICO", "a.png"),
        ("PPM", "a.png"), ("TGA", "a.jpg"), ("PCX", "a.png"), ("DDS", "a.png"), ("SGI", "a.png"),
        ("JPEG2000", "a.jpg"), ("AVIF", "a.jpg"), ("PDF", "a.png"),
    ):  # fmt: skip
        if kind != "PDF":
            yield name, picture(kind), "will do"
    yield "a.psd", b"8BPS\0\1" + b"\0" * 20, "not taken"
    yield "a.png", b"8BPS\0\1" + b"\0" * 20, "not taken"
    yield "a.png", b"SIMPLE  =                    T" + b" " * 2_850, "not taken"
    yield "a.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file", "not taken"
    for brand in (b"heic", b"heix", b"mif1", b"avif"):
        yield "IMG_1.jpg", b"\0\0\0\x18ftyp" + brand + b"\0" * 40, "HEIC"
    yield "a.pdf", zipped("word/document.xml"), "ZIP"
    yield "a.png", zipped("../../etc/cron.d/x"), "ZIP"
    yield "a.png", zipped("C:\\Windows\\x", "/etc/passwd"), "ZIP"
    yield "a.exe", b"MZ" + b"\0" * 99, "not what we can read"
    yield "a.mp4", b"\0\0\0\x18ftypisom" + b"\0" * 40, "not what we can read"
    yield "a.png", b"\x7fELF" + b"\0" * 99, "not what we can read"


def busy_pdfs():
    yield "script.pdf", pdf(b"9 0 obj<</S/JavaScript/JS(app.alert(1))>>endobj\n"), "a program"
    yield "hidden.pdf", pdf(b"9 0 obj<</S/J#61vaScript/J#53(x)>>endobj\n"), "a program"
    yield "launch.pdf", pdf(b"9 0 obj<</S/Launch/F(cmd.exe)>>endobj\n"), "a program"
    yield "attached.pdf", pdf(b"9 0 obj<</EmbeddedFiles 8 0 R>>endobj\n"), "another file"
    yield "xfa.pdf", pdf(b"9 0 obj<</XFA 8 0 R>>endobj\n"), "a form"
    yield "posts.pdf", pdf(b"9 0 obj<</S/SubmitForm/F(http://x)>>endobj\n"), "a form"
    yield "locked.pdf", pdf(b"9 0 obj<</Encrypt 8 0 R>>endobj\n"), "password"
    yield "movie.pdf", pdf(b"9 0 obj<</Subtype/RichMedia>>endobj\n"), "a program"


def many_frames():
    for kind, count in (("PNG", 1_000), ("WEBP", 1_000), ("PNG", 2), ("WEBP", 2)):
        yield f"{count}.{kind.lower()}", partial(_frames, kind, count), "more than one frame"


def _frames(kind, count):
    first, *rest = (Image.new("L", (8, 8), n * 90 % 250) for n in range(count))
    out = io.BytesIO()
    first.save(out, kind, save_all=True, append_images=rest, duration=9, lossless=True)
    return out.getvalue()


def names():
    real = picture()
    for name in (
        "../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/shadow", "a\0.png", "\0", "", ".",
        "..", ".htaccess", "a.php", "a.png.exe", "a.svg", "con", "x" * 5_000 + ".png",
        "\u202egnp.exe", "a\r\nSet-Cookie: x=1.png", 'a".png', "<img src=x>.png", "日本.png",
        "a;b.png", "%00.png", "a/b/c.png",
    ):  # fmt: skip
        yield name, real, None


FAMILIES = (
    drawings, web_pages, pages_inside_pictures, two_files_in_one, bombs, cut_off, damaged, told_on,
    other_kinds, busy_pdfs, many_frames, names,
)  # fmt: skip
