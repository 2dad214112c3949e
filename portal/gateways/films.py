"""Short films, MP4 and 3GP: checked box by box, and rid of what they say beside picture and sound.

Picture and sound are passed as they are; nothing here decodes them. Where a box is not one of
those a player needs (a place, a name of a camera, a note, a second file), its bytes become zeros
and its name `free`, so that every other byte stays where the film says it is (ISO/IEC 14496-12).
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from portal.gateways.uploads import UploadRefused

_DAMAGED: Final = "The film is cut off or damaged. Save it anew as MP4 and choose that."
_TOP: Final = frozenset({b"ftyp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"styp"})
_HOLDERS: Final = frozenset({b"moov", b"trak", b"mdia", b"edts", b"mvex", b"moof", b"traf"})
_KEPT: Final = _TOP | _HOLDERS | {
    b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"minf", b"elst", b"mehd", b"trex", b"mfhd", b"tfhd",
    b"tfdt", b"trun", b"iods",
}  # fmt: skip
_DATED: Final = frozenset({b"mvhd", b"tkhd", b"mdhd"})
_PLAYS: Final = frozenset({b"vide", b"soun"})
_DEEPEST: Final = 6
_MOST_BOXES: Final = 5_000


class _Box(NamedTuple):
    kind: bytes
    start: int
    inner: int  # where what it holds begins
    end: int


def cleaned(content: bytes) -> bytes:
    """Return a film without what it tells of its making. Raises UploadRefused.

    It must be boxes from its first byte to its last: what stands before or behind is another file.
    """
    film = bytearray(content)
    seen: list[bytes] = []
    _clean(film, 0, len(film), 0, seen)
    tops = [box.kind for box in _boxes(content, 0, len(content))]
    if tops[:1] != [b"ftyp"] or b"moov" not in tops or not {b"mdat", b"moof"} & set(tops):
        raise UploadRefused(_DAMAGED)
    if b"vide" not in seen:
        raise UploadRefused("There is no picture in this film. Choose one with a picture.")
    return bytes(film)


def _clean(film: bytearray, start: int, end: int, depth: int, seen: list[bytes]) -> None:
    for box in _boxes(film, start, end):
        if box.kind not in _KEPT or (depth == 0 and box.kind not in _TOP):
            film[box.start + 4 : box.start + 8] = b"free"
            film[box.inner : box.end] = bytes(box.end - box.inner)
        elif box.kind in _DATED:
            _undate(film, box)
        elif box.kind == b"hdlr":
            seen.append(_plays(film, box))
        elif box.kind in _HOLDERS:
            if depth == _DEEPEST:
                raise UploadRefused(_DAMAGED)
            _clean(film, box.inner, box.end, depth + 1, seen)


def _undate(film: bytearray, box: _Box) -> None:
    """Forget when it was filmed."""
    wide = 8 if film[box.inner : box.inner + 1] == b"\1" else 4
    first = box.inner + 4
    if first + 2 * wide > box.end:
        raise UploadRefused(_DAMAGED)
    film[first : first + 2 * wide] = bytes(2 * wide)


def _plays(film: bytearray, box: _Box) -> bytes:
    """Return what a track plays, its maker's name for it erased."""
    plays = bytes(film[box.inner + 8 : box.inner + 12])
    if plays not in _PLAYS:
        raise UploadRefused(
            "The film holds more than picture and sound. Export it anew as MP4 and choose that."
        )
    film[box.inner + 24 : box.end] = bytes(max(0, box.end - box.inner - 24))
    return plays


def _boxes(film: bytes | bytearray, start: int, end: int) -> Iterator[_Box]:
    """Give the boxes that fill a stretch of a film to its last byte. Raises UploadRefused."""
    count = 0
    while start < end:
        count += 1
        if end - start < 8 or count > _MOST_BOXES:
            raise UploadRefused(_DAMAGED)
        size, kind = struct.unpack_from(">I4s", film, start)
        inner = start + 8
        if size == 1 and end - start >= 16:
            (size,) = struct.unpack_from(">Q", film, inner)
            inner += 8
        elif size == 0:  # to the end of the file
            size = end - start
        if size < inner - start or size > end - start:
            raise UploadRefused(_DAMAGED)
        yield _Box(kind, start, inner, start + size)
        start += size
