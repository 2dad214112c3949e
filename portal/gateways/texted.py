"""The door for files that go with a text or came with one (S-7, S7, PROMISES 4 row 6).

Pictures and contact cards are written anew: what leaves holds nothing but pixels, or the fields
of a card we know. A film keeps its picture and sound and loses whatever else it says. A PDF is
checked and goes as it is. The original of what was written anew is kept nowhere.
"""

import io
import zipfile
from dataclasses import dataclass
from typing import BinaryIO, Final

from portal.gateways import contact_cards, films, uploads
from portal.gateways.uploads import MEDIA_TYPES, Kind, UploadRefused

MOST_BYTES: Final = 5_000_000  # of all files of a text, as they leave (S-7)
KINDS: Final = frozenset(
    {Kind.PNG, Kind.JPEG, Kind.GIF, Kind.WEBP, Kind.PDF, Kind.MP4, Kind.THREE_GP, Kind.VCARD}
)
_PICTURES: Final = frozenset({Kind.PNG, Kind.JPEG, Kind.GIF, Kind.WEBP})
_KIND_OF_TYPE: Final = {"image/png": Kind.PNG, "image/jpeg": Kind.JPEG, "image/gif": Kind.GIF}


@dataclass(frozen=True, slots=True)
class Texted:
    """A file fit to go with a text, and a small picture of it where it is one."""

    content: bytes
    media_type: str
    name: str
    shown: bytes = b""  # empty: there is nothing to show of it
    width: int | None = None
    height: int | None = None


def read(stream: BinaryIO, file_name: str) -> Texted:
    """Check what was handed in and write it anew where that can be. Raises UploadRefused.

    Pictures may come larger than they leave; all else is held to 5 MB at once.
    """
    content, kind = uploads.opened(stream, KINDS, uploads.MAX_BYTES)
    if kind in _PICTURES:
        return _picture(content, kind, file_name)
    if len(content) > MOST_BYTES:
        raise uploads.too_large(MOST_BYTES)
    if kind is Kind.PDF:
        uploads.check_pdf(content)
    elif kind is Kind.VCARD:
        content = contact_cards.written_anew(content)
    else:
        content = films.cleaned(content)
        if zipfile.is_zipfile(io.BytesIO(content)):
            raise UploadRefused("The film has another file hidden in it. Save it anew as MP4.")
    return Texted(content, MEDIA_TYPES[kind], uploads.safe_name(file_name, kind))


def _picture(content: bytes, kind: Kind, file_name: str) -> Texted:
    told, made = uploads.decoded(content, kind, "text")
    written, shown = made[: told["size"]], made[told["size"] :]
    if len(written) > MOST_BYTES:
        raise uploads.too_large(MOST_BYTES)
    media_type = told["media_type"]
    name = uploads.safe_name(file_name, _KIND_OF_TYPE[media_type])
    if kind is not _KIND_OF_TYPE[media_type]:  # a.webp is a.png now, not a.webp.png
        stem = uploads.safe_name(file_name, kind).rpartition(".")[0]
        name = uploads.safe_name(stem, _KIND_OF_TYPE[media_type])
    return Texted(written, media_type, name, shown, told["width"], told["height"])
