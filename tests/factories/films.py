"""Small films and contact cards, built box by box and line by line."""

import io
import struct

from PIL import Image


def box(kind, *inside):
    """Return one box of a film, with its length before its name."""
    content = b"".join(inside)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def header(kind, *, dated=b"\x11\x22\x33\x44"):
    """Return a header box that says when it was filmed."""
    return box(kind, b"\0\0\0\0", dated * 2, b"\0" * 84)


def handler(plays, name=b"SecretCamera Handler\0"):
    """Return the box that says what a track plays, with the name its maker gave it."""
    return box(b"hdlr", b"\0" * 8, plays, b"\0" * 12, name)


def track(plays=b"vide", *more):
    """Return a track of a film."""
    media = box(b"mdia", header(b"mdhd"), handler(plays), box(b"minf", b"samples"))
    return box(b"trak", header(b"tkhd"), media, *more)


def film(*more, brand=b"isom", tracks=None, places=(), sound=b"pictures and sound"):
    """Return a film; `more` are boxes behind it, `places` stand in its head."""
    inside = (header(b"mvhd"), *(tracks or (track(), track(b"soun"))), *places)
    kind = box(b"ftyp", brand, b"\0\0\2\0", b"isommp42")
    return kind + box(b"moov", *inside) + box(b"mdat", sound) + b"".join(more)


def place():
    """Return the box in which a phone writes where it stood."""
    return box(b"udta", box(b"\xa9xyz", b"\0\x12\x15\xc7+41.8781-087.6298/SecretCamera"))


def moving(frames=3, size=(40, 30), **options):
    """Return a picture that moves."""
    out = io.BytesIO()
    made = [Image.new("RGB", size, (n * 7 % 256, n * 31 % 256, 90)) for n in range(frames)]
    made[0].save(out, "GIF", save_all=True, append_images=made[1:], duration=80, **options)
    return out.getvalue()


def card(*lines, version="3.0"):
    """Return a contact card with these lines between its first and last."""
    whole = ("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", "")
    return "\r\n".join(whole).encode()
