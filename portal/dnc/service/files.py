"""Keeping an uploaded list and reading it in pieces: text, CSV or XML, packed or not (SPEC S-2).

Memory does not grow with the file: a piece is a megabyte, whatever it was unpacked from. The
pieces of a file are the same each time it is read, so a run that died goes on after the last one
it wrote down.
"""

import codecs
import gzip
import hashlib
import re
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from portal.contacts.rules.files import bom_encoding, other_format
from portal.core import clock, private_files
from portal.core.archives import DAMAGED, opened
from portal.core.settings import settings
from portal.dnc.errors import ListRefused
from portal.dnc.rules import lines, markup
from portal.dnc.values import Batch, FileKind

MAX_BYTES: Final = 1_000_000_000  # as it comes
MAX_UNPACKED: Final = 4_000_000_000
MAX_FILES: Final = 1_000  # in one archive
PIECE: Final = 1 << 20
_HEAD: Final = 1 << 16
_LOCKED: Final = 0x1
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_AREA_IN_NAME: Final = re.compile(r"(?<!\d)([2-9]\d\d)(?!\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it was kept."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Part:
    """One file, alone or out of an archive."""

    name: str
    stream: IO[bytes]
    area_code: str


def path_of(stored_name: str) -> Path:
    """Return where a stored file lies."""
    return settings().evidence_dir / "dnc" / stored_name


def store(stream: BinaryIO) -> Stored:
    """Keep a file under a random name. Raises ListRefused for one that is empty or too large."""
    name, size, digest = secrets.token_hex(16), 0, hashlib.sha256()
    with private_files.create(path_of(name)) as file:
        while size <= MAX_BYTES and (piece := stream.read(PIECE)):
            size += len(piece)
            digest.update(piece)
            file.write(piece)
    if not size or size > MAX_BYTES:
        remove(name)
        raise ListRefused(
            "The file is larger than 1 GB. Upload a file for each area code."
            if size
            else "The file is empty. Download it again."
        )
    return Stored(name, size, digest.hexdigest())


def remove(stored_name: str) -> None:
    """Delete a stored file, if it is there."""
    path_of(stored_name).unlink(missing_ok=True)


def stored_before(moment: datetime) -> set[str]:
    """Return the names of files that were stored before then, by the machine's own clock."""
    before = (moment - clock.offset()).timestamp()  # files know nothing of time a test moved
    folder = path_of("")
    if not folder.exists():
        return set()
    return {path.name for path in folder.iterdir() if path.stat().st_mtime < before}


def sniff(stored_name: str) -> FileKind:
    """Say by its beginning whether a file is a full list or one of changes. Raises ListRefused."""
    with ExitStack() as closing, _open(stored_name) as raw:
        parts = _parts(raw, "", "", closing)  # kept: it closes what it gave when it goes
        try:
            head, _ = _begun(next(parts).stream)
        except DAMAGED:
            raise ListRefused(_BROKEN) from None
    if _is_markup(head):
        return markup.sniff(head)
    return lines.sniff(head.rpartition(b"\n")[0] or head)


def pieces(
    stored_name: str, file_name: str, kind: FileKind, area_code: str, *, skip: int = 0
) -> Iterator[Batch]:
    """Give what a file holds, piece by piece, the first `skip` pieces left out.

    Raises ListRefused, naming line and fix, for what can't be read.
    """
    count = unpacked = 0
    with ExitStack() as closing, _open(stored_name) as raw:
        try:
            for part in _parts(raw, file_name, area_code, closing):
                for batch, read in _batches(part, kind):
                    count, unpacked = count + 1, unpacked + read
                    if unpacked > MAX_UNPACKED:
                        raise ListRefused("Unpacked, the file is larger than 4 GB. Split it.")
                    if count > skip:
                        yield _placed(batch, part.name, raw.tell())
        except DAMAGED:
            raise ListRefused(_BROKEN) from None


_BROKEN: Final = "The packed file is damaged or locked. Download it again, or unpack it first."


def _placed(batch: Batch, part: str, position: int) -> Batch:
    rejects = tuple(replace(one, part=part[-100:]) for one in batch.rejects)
    return replace(batch, rejects=rejects, position=position)


def _open(stored_name: str) -> BinaryIO:
    try:
        return path_of(stored_name).open("rb")
    except FileNotFoundError:
        raise ListRefused("The uploaded file is gone. Upload it again.") from None


def _parts(raw: BinaryIO, file_name: str, area_code: str, closing: ExitStack) -> Iterator[_Part]:
    """Give the files of an archive one after the other, or the one file there is."""
    head = raw.read(len(_ZIP))
    raw.seek(0)
    area_code = area_code or _area_of(file_name)
    if head.startswith(_GZIP):
        yield _Part("", cast("IO[bytes]", gzip.GzipFile(fileobj=raw)), area_code)
    elif head == _ZIP:
        archive = closing.enter_context(opened(raw))
        found = sorted(_judged(archive), key=lambda info: info.filename)
        for info in found:
            with archive.open(info) as stream:
                name = info.filename.rpartition("/")[2]
                is_one = len(found) == 1
                yield _Part("" if is_one else name, stream, _area_of(name) or area_code)
    else:
        yield _Part("", raw, area_code)


def _judged(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    found = [info for info in archive.infolist() if not info.is_dir()]
    names = {info.filename for info in found}
    if "[Content_Types].xml" in names:
        raise ListRefused(
            "This is an Excel workbook. Save the list as CSV or text, one number a line."
        )
    found = [info for info in found if not info.filename.startswith("__MACOSX/")]
    if not found or len(found) > MAX_FILES:
        raise ListRefused(f"The ZIP holds no file, or more than {MAX_FILES:,}. Pack it anew.")
    if any(info.flag_bits & _LOCKED for info in found):
        raise ListRefused(_BROKEN)
    if sum(info.file_size for info in found) > MAX_UNPACKED:
        raise ListRefused("Unpacked, the file is larger than 4 GB. Split it.")
    return found


def _area_of(file_name: str) -> str:
    """Return the area code a file's name holds; none where it holds several or no."""
    found = set(_AREA_IN_NAME.findall(file_name))
    return found.pop() if len(found) == 1 else ""


def _batches(part: _Part, kind: FileKind) -> Iterator[tuple[Batch, int]]:
    """Give the batches of one file with the bytes each took."""
    head, stream = _begun(part.stream)
    if _is_markup(head):
        yield from _markup_batches(head, stream, kind, part.area_code)
        return
    told = other_format(head)
    if told or b"\0" in head:
        raise ListRefused(
            f"This is {told or 'no text'}, not a list of numbers. Upload the file of the registry as "
            "text, CSV or XML, packed as ZIP or not."
        )
    yield from _text_batches(head, stream, kind, part.area_code)


def _begun(stream: IO[bytes]) -> tuple[bytes, IO[bytes]]:
    """Return the beginning of a file and the rest of it, both as UTF-8 without a mark."""
    head = stream.read(_HEAD)
    if bom_encoding(head) != "utf-16":
        return head.removeprefix(codecs.BOM_UTF8), stream
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    return decoder.decode(head).encode(), cast("IO[bytes]", _Recoded(stream, decoder))


def _markup_batches(
    head: bytes, stream: IO[bytes], kind: FileKind, area_code: str
) -> Iterator[tuple[Batch, int]]:
    reader = markup.MarkupReader(kind, area_code)
    piece = head
    while piece:
        following = stream.read(PIECE)
        yield reader.feed(piece, is_last=not following), len(piece)
        piece = following


def _text_batches(
    head: bytes, stream: IO[bytes], kind: FileKind, area_code: str
) -> Iterator[tuple[Batch, int]]:
    is_old_mac = b"\r" in head and b"\n" not in head
    rest, line = head, 1
    while True:
        piece = stream.read(PIECE)
        block = rest + piece
        if is_old_mac:
            block = block.replace(b"\r", b"\n")
        if not block:
            return
        cut = block.rfind(b"\n") + 1 if piece else len(block)
        if not cut:
            if len(block) > 2 * PIECE:
                raise ListRefused(
                    f"Line {line} is longer than a megabyte. Put one number on each line."
                )
            rest = block
            continue
        whole, rest = block[:cut], block[cut:]
        yield lines.read_block(whole, line, kind, area_code), len(whole)
        line += whole.count(b"\n")
        if not piece:
            return


class _Recoded:
    """A stream in another encoding, read as UTF-8."""

    def __init__(self, stream: IO[bytes], decoder: codecs.IncrementalDecoder) -> None:
        self._stream, self._decoder = stream, decoder

    def read(self, size: int) -> bytes:
        """Return about so many bytes; none at the end."""
        while piece := self._stream.read(size):
            if text := self._decoder.decode(piece):
                return text.encode()
        return b""


def _is_markup(head: bytes) -> bool:
    start = head.lstrip()[:200].lower()
    return start.startswith(b"<") and not start.startswith((b"<!doctype html", b"<html"))
