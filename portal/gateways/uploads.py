"""The one door for files people hand in: checked by content, pictures written anew (threat 6).

What goes with a text has a door of its own beside this one, on the same checks (`texted`).

A picture is decoded by a program of its own under limits (`picture_reader`) and written anew:
what is ever shown holds pixels and nothing else, no place it was taken, no second file inside.
The original is for evidence alone. A PDF is checked, never rendered and never shown.
"""

import hashlib
import json
import re
import subprocess
import sys
import threading
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from portal.core.errors import BadInput

MAX_BYTES: Final = 10_000_000
WALL_SECONDS: Final = 20  # on a busy machine; the reader's own limit is of its processor time
_AT_ONCE: Final = threading.BoundedSemaphore(2)  # pictures a process reads at one time
_LONGEST_NAME: Final = 120
# Not imported: nobody but that program needs a decoder, a worker that sends least of all (G12).
_READER: Final = Path(__file__).with_name("picture_reader.py")


class Kind(StrEnum):
    """A kind of file we take, as the decoder names it."""

    PNG = "PNG"
    JPEG = "JPEG"
    GIF = "GIF"
    WEBP = "WEBP"
    PDF = "PDF"
    MP4 = "MP4"
    THREE_GP = "3GP"
    VCARD = "VCARD"

    @property
    def label(self) -> str:
        """Return how people write it."""
        return {"WEBP": "WebP", "VCARD": "vCard"}.get(self.value, self.value)


PICTURES: Final = frozenset({Kind.PNG, Kind.JPEG, Kind.WEBP})
SCANS: Final = PICTURES | {Kind.PDF}
MEDIA_TYPES: Final[Mapping[Kind, str]] = {
    Kind.PNG: "image/png",
    Kind.JPEG: "image/jpeg",
    Kind.GIF: "image/gif",
    Kind.WEBP: "image/webp",
    Kind.PDF: "application/pdf",
    Kind.MP4: "video/mp4",
    Kind.THREE_GP: "video/3gpp",
    Kind.VCARD: "text/vcard",
}
_ENDINGS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.PNG: (".png",),
    Kind.JPEG: (".jpg", ".jpeg"),
    Kind.GIF: (".gif",),
    Kind.WEBP: (".webp",),
    Kind.PDF: (".pdf",),
    Kind.MP4: (".mp4",),
    Kind.THREE_GP: (".3gp",),
    Kind.VCARD: (".vcf",),
}


class UploadRefused(BadInput):
    """A file we don't take; the message says what it is and what would do."""

    status = 422
    code = "upload_refused"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture written anew: safe to show, and nothing in it but pixels."""

    content: bytes
    media_type: str  # image/png or image/jpeg
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that passed: the original for evidence, and what may be shown of it."""

    kind: Kind
    file_name: str  # fit to be shown and sent; it has the ending of its kind
    content: bytes
    sha256: str  # of the original
    picture: Picture | None  # None: a PDF

    @property
    def media_type(self) -> str:
        """Return the media type of the original."""
        return MEDIA_TYPES[self.kind]


def read(
    stream: BinaryIO,
    file_name: str,
    *,
    kinds: Collection[Kind] = SCANS,
    max_bytes: int = MAX_BYTES,
    within: tuple[int, int] | None = None,
) -> Upload:
    """Check what was handed in. Raises UploadRefused; the content decides, never the name.

    A picture is made smaller to fit `within`, in pixels, and is a PNG then.
    """
    content, kind = opened(stream, kinds, max_bytes)
    if kind is Kind.PDF:
        check_pdf(content)
        picture = None
    else:
        picture = _written_anew(content, kind, within)
    sha256 = hashlib.sha256(content).hexdigest()
    return Upload(kind, safe_name(file_name, kind), content, sha256, picture)


def opened(stream: BinaryIO, kinds: Collection[Kind], max_bytes: int) -> tuple[bytes, Kind]:
    """Return a file's bytes and what its first ones say it is. Raises UploadRefused."""
    content = stream.read(max_bytes + 1)
    if not content:
        raise UploadRefused("The file is empty. Choose it again.")
    if len(content) > max_bytes:
        raise too_large(max_bytes)
    kind = _kind_of(content)
    if kind is None or kind not in kinds:
        raise UploadRefused(_no_kind(content, kinds))
    return content, kind


def too_large(max_bytes: int) -> UploadRefused:
    """Return the refusal of a file of more than so many bytes."""
    most = max_bytes // 1_000_000
    return UploadRefused(f"The file is larger than {most} MB. Save it smaller and choose that.")


def safe_name(file_name: str, kind: Kind) -> str:
    """Return a file's own name without folders, control signs or a wrong ending."""
    name = re.split(r"[/\\]", file_name)[-1]
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    name = " ".join(name.split()).strip(". ")
    endings = _ENDINGS[kind]
    stem = name if not name.lower().endswith(endings) else name.rpartition(".")[0]
    ending = endings[0] if stem == name else name[len(stem) :].lower()
    return f"{stem[: _LONGEST_NAME - len(ending)].strip('. ') or 'file'}{ending}"


# By the first three letters of the brand of a film; Apple's own, "qt", is none of them.
_VIDEOS: Final[Mapping[bytes, Kind]] = {
    b"iso": Kind.MP4, b"mp4": Kind.MP4, b"avc": Kind.MP4, b"M4V": Kind.MP4, b"MSN": Kind.MP4,
    b"3gp": Kind.THREE_GP, b"3g2": Kind.THREE_GP,
}  # fmt: skip


def _kind_of(content: bytes) -> Kind | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if content.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if content.startswith((b"GIF87a", b"GIF89a")):
        return Kind.GIF
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return Kind.WEBP
    if content[4:8] == b"ftyp":
        return _VIDEOS.get(content[8:11])
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").upper().startswith(b"BEGIN:VCARD"):
        return Kind.VCARD
    return Kind.PDF if content.startswith(b"%PDF-") else None


_APPLE: Final = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")


def _no_kind(content: bytes, kinds: Collection[Kind]) -> str:
    """Say what a file is, as far as that helps, and what would do instead."""
    wanted = _listed([kind.label for kind in Kind if kind in kinds])
    if content[4:8] == b"ftyp" and content[8:12] in _APPLE:
        return (
            "This is a HEIC picture, which most programs can't open. Save or export it as JPEG "
            f"and choose that. {wanted} will do."
        )
    if content[4:8] == b"ftyp" and content[8:10] == b"qt":
        return (
            f"This is a MOV film, which most phones can't show. Save it as MP4. {wanted} will do."
        )
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype", b"<html", b"<script")):
        return f"This is a drawing or a web page, not a picture of one. {wanted} will do."
    if start.startswith(
        (b"gif87a", b"gif89a", b"bm", b"ii*\0", b"mm\0*", b"8bps", b"%!ps", b"simple")
    ):
        return f"This kind of picture is not taken. Save it as JPEG or PNG. {wanted} will do."
    if start.startswith(b"pk"):
        return (
            f"This is a ZIP or an office document. Save what is in it as a PDF. {wanted} will do."
        )
    return f"This file is not what we can read, whatever it is called. {wanted} will do."


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


_REFUSALS: Final[Mapping[str, str]] = {
    "too_many_pixels": "The picture has more than 25 million pixels, or as WebP more than 16. "
    "Save it smaller and choose that.",
    "too_long": "The picture moves for more than 100 frames. Save a shorter one and choose that.",
    "many_frames": "The picture moves: it has more than one frame. Save one of them and choose "
    "that.",
    "damaged": "The picture is damaged or not what its first bytes say. Save it anew and choose "
    "that.",
}


def _written_anew(content: bytes, kind: Kind, within: tuple[int, int] | None) -> Picture:
    told, written = decoded(content, kind, *map(str, within or ()))
    return Picture(written, told["media_type"], told["width"], told["height"])


def decoded(content: bytes, kind: Kind, *options: str) -> tuple[dict[str, Any], bytes]:
    """Have the reader decode a picture; return what it says, and what it wrote anew.

    Raises UploadRefused.
    """
    with _AT_ONCE:
        try:
            done = subprocess.run(  # noqa: S603 (our own program, and words of our own)
                [sys.executable, "-I", "-B", str(_READER), kind.value, *options],
                input=content,
                capture_output=True,
                check=False,
                timeout=WALL_SECONDS,
                env={},
                cwd=_READER.parent,
            )
        except subprocess.TimeoutExpired as error:
            raise UploadRefused(_REFUSALS["too_many_pixels"]) from error
    head, _, written = done.stdout.partition(b"\n")
    if done.returncode != 0 or not head:  # the limits ended it
        raise UploadRefused(_REFUSALS["damaged"])
    told = json.loads(head)
    if "refused" in told:
        raise UploadRefused(_REFUSALS[told["refused"]])
    return told, written


_STREAM: Final = re.compile(rb"stream\r?\n.*?endstream", re.DOTALL)  # packed: it says anything
# Objects may be packed, too: what they say counts.
_PACKED: Final = re.compile(
    rb"<<((?:(?!>>\s*stream).){0,2000}?/ObjStm\b.{0,2000}?)>>\s*stream\r?\n(.*?)endstream",
    re.DOTALL,
)
_UNPACKED_MOST: Final = 20_000_000  # of all of them
_ACTIVE: Final = re.compile(
    rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|XFA|RichMedia|SubmitForm|ImportData)\b"
)


def check_pdf(content: bytes) -> None:
    """Refuse a PDF that is cut off, locked, does things, or is another file as well."""
    end = content.rfind(b"%%EOF")
    if end < 0 or b"startxref" not in content[max(0, end - 4096) : end]:
        raise UploadRefused("The PDF is cut off or damaged. Save it anew and choose that.")
    if content[end + 5 :].strip(b"\0\r\n\t ") or zipfile.is_zipfile(BytesIO(content)):
        raise UploadRefused("The PDF has another file hidden in it. Print it to a new PDF.")
    objects = _unescaped(_STREAM.sub(b"", content) + _unpacked(content))
    if re.search(rb"/Encrypt\b", objects):
        raise UploadRefused("The PDF is locked by a password. Save it without one.")
    if _ACTIVE.search(objects):
        raise UploadRefused(
            "The PDF holds a program, a form or another file. Print it to a new PDF and choose "
            "that."
        )


def _unpacked(content: bytes) -> bytes:
    """Return what the packed objects of a PDF say. Raises UploadRefused where none can tell."""
    said = bytearray()
    for found in _PACKED.finditer(content):
        if _unescaped(found[1]).count(b"Decode") > 1 or b"FlateDecode" not in found[1]:
            raise UploadRefused(_UNCHECKED_PDF)
        try:
            said += zlib.decompressobj().decompress(found[2], _UNPACKED_MOST - len(said))
        except zlib.error as error:
            raise UploadRefused(_UNCHECKED_PDF) from error
        if len(said) >= _UNPACKED_MOST:
            raise UploadRefused(_UNCHECKED_PDF)
    return bytes(said)


_UNCHECKED_PDF: Final = (
    "The PDF is packed in a way that can't be checked. Print it to a new PDF and choose that."
)


def _unescaped(objects: bytes) -> bytes:
    """Return a PDF's names as readers see them: /J#53 is /JS."""
    return re.sub(rb"#([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), objects)
