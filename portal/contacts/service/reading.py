"""Storing an uploaded CSV and reading it back in records, whatever it was written with (K-1)."""

import codecs
import csv
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TextIO, cast

from portal.contacts.errors import FileRefused
from portal.contacts.rules import files
from portal.contacts.service import sheets
from portal.core import private_files
from portal.core.settings import settings

MAX_BYTES: Final = 25_000_000
MAX_ROWS: Final = 100_000  # K-1
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 5_000
MAX_RECORD_LINES: Final = 60  # more lines in one record: a quotation mark was never closed
SAMPLES: Final = 5
_CHUNK: Final = 1 << 16
_HEAD: Final = 50_000


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it was kept."""

    name: str
    size: int
    sha256: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is laid out."""

    delimiter: str
    has_header: bool
    columns: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]
    total_rows: int


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the line it begins on, how many lines it takes, its cells."""

    line: int
    lines: int
    cells: list[str]


def path_of(stored_name: str) -> Path:
    """Return where a stored file lies."""
    return settings().evidence_dir / "imports" / stored_name


def store(stream: BinaryIO) -> Stored:
    """Keep a file under a random name. Raises FileRefused when it is no text or too large."""
    head = stream.read(len(sheets.MAGIC))
    if head == sheets.MAGIC:
        return _store_workbook(head + stream.read(MAX_BYTES))
    stream = cast(BinaryIO, _Rejoined(head, stream))
    name, looks = f"{secrets.token_hex(16)}.csv", _Looks()
    try:
        with private_files.create(path_of(name)) as file:
            while chunk := stream.read(_CHUNK):
                looks.at(chunk)
                file.write(chunk)
    except FileRefused:
        remove(name)
        raise
    return looks.stored(name)


def remove(stored_name: str) -> None:
    """Delete a stored file, if it is there, with the workbook or archive it was taken from."""
    path = path_of(stored_name)
    path.unlink(missing_ok=True)
    path.with_suffix(".xlsx").unlink(missing_ok=True)
    for beside in path.parent.glob(f"{path.name}.*"):
        beside.unlink(missing_ok=True)


def scan(stored: Stored) -> Shape:
    """Read a whole file once: its layout and its number of rows.

    Raises FileRefused, naming line and fix, when it cannot be read to the end.
    """
    try:
        with _text(stored.name, stored.encoding) as text:
            sample = text.read(_HEAD)
    except UnicodeDecodeError:
        raise FileRefused(_damaged(1)) from None
    if not sample.strip():
        raise FileRefused("The file is empty. Choose a CSV file that has rows.")
    told = _told_separator(sample)
    delimiter = told or files.separator_of(sample.partition("\n")[2] if told else sample)
    first: list[str] | None = None
    samples: list[tuple[str, ...]] = []
    has_header = False
    width = total = 0
    for record in read(stored.name, stored.encoding, delimiter):
        _check(record)
        if first is None:
            first, has_header = record.cells, files.looks_like_header(record.cells)
            if has_header:
                width = _width(record.cells)
                continue
        total += 1
        if not has_header:
            width = max(width, _width(record.cells))
        if len(samples) < SAMPLES:
            samples.append(tuple(cell[:200] for cell in record.cells))
        if total > MAX_ROWS:
            raise FileRefused(
                f"The file has more than {MAX_ROWS:,} rows. Split it and import the parts."
            )
    if not total:
        raise FileRefused(
            "The file has a header but no rows. Export it again with the contacts in it."
        )
    columns = files.column_names(first if has_header else None, width)
    return Shape(delimiter, has_header, tuple(columns), tuple(samples), total)


def read(stored_name: str, encoding: str, delimiter: str) -> Iterator[Record]:
    """Give the records of a file that have anything in them, header included.

    Raises FileRefused when the file is gone or is no CSV from some line on.
    """
    try:
        text = _text(stored_name, encoding)
    except FileNotFoundError:
        raise FileRefused("The uploaded file is no longer there. Upload it again.") from None
    with text:
        offset = 0
        if _told_separator(text.readline(10)):
            offset = 1
        else:
            text.seek(0)
        reader = csv.reader(text, delimiter=delimiter)
        line = offset + 1
        try:
            for cells in reader:
                end = offset + reader.line_num
                if any(cell and not cell.isspace() for cell in cells):
                    yield Record(line, end - line + 1, cells)
                line = end + 1
        except csv.Error:
            raise FileRefused(_unclosed(line)) from None
        except UnicodeDecodeError:
            raise FileRefused(_damaged(line)) from None


def _check(record: Record) -> None:
    if record.lines > MAX_RECORD_LINES:
        raise FileRefused(_unclosed(record.line))
    if len(record.cells) > MAX_COLUMNS:
        raise FileRefused(
            f"Line {record.line} has {len(record.cells)} columns; {MAX_COLUMNS} is the most. "
            "Delete the columns you do not need."
        )


def _unclosed(line: int) -> str:
    return (
        f"Line {line} opens a quotation mark that is never closed, so the rest of the file "
        "became one cell. Add the closing mark or remove the opening one."
    )


def _damaged(line: int) -> str:
    return (
        f"The file cannot be read from line {line} on: its signs are damaged. "
        "Save it as CSV UTF-8 and upload that."
    )


def _width(cells: Sequence[str]) -> int:
    """Count the columns up to the last that has anything in it."""
    return max((i for i, cell in enumerate(cells, 1) if cell.strip()), default=0)


def _told_separator(start: str) -> str | None:
    """Return the separator a first line such as sep=; names, as Excel writes it."""
    line = start.split("\n", 1)[0].strip('\r"')
    return line[4] if line[:4].lower() == "sep=" and len(line) == 5 else None


def _text(stored_name: str, encoding: str) -> TextIO:
    return path_of(stored_name).open(encoding=encoding, newline="")


def _store_workbook(content: bytes) -> Stored:
    """Keep a workbook as it came, and its first sheet as the CSV that is read; its hash is the former's."""
    looks = _Looks()
    if len(content) > MAX_BYTES:
        raise FileRefused(_too_large())
    made = sheets.as_csv(content, MAX_ROWS)
    looks.at(made)
    stem = secrets.token_hex(16)
    for ending, kept in ((".xlsx", content), (".csv", made)):
        with private_files.create(path_of(stem + ending)) as file:
            file.write(kept)
    return Stored(f"{stem}.csv", len(content), hashlib.sha256(content).hexdigest(), "utf-8")


def _too_large() -> str:
    most = MAX_BYTES // 1_000_000
    return f"The file is larger than {most} MB. Split it and import the parts."


class _Rejoined:
    """A stream whose first bytes were looked at already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int) -> bytes:
        head, self._head = self._head, b""
        return head + self._rest.read(size - len(head))


class _Looks:
    """What a file's bytes say of it, chunk by chunk."""

    def __init__(self) -> None:
        self.size = 0
        self._lines = 0
        self._total = hashlib.sha256()
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._is_utf8 = self._fits_cp1252 = True
        self._marked: str | None = None

    def at(self, chunk: bytes) -> None:
        """Look at the next chunk. Raises FileRefused for what is no text or too much of it."""
        if not self.size:
            kind = files.other_format(chunk)
            if kind:
                raise FileRefused(
                    f"This is {kind}, not a CSV file. Open it in your spreadsheet, choose "
                    "Save as, CSV UTF-8, and upload that file."
                )
            self._marked = files.bom_encoding(chunk)
        self.size += len(chunk)
        if self.size > MAX_BYTES:
            raise FileRefused(_too_large())
        if self._marked != "utf-16" and b"\0" in chunk:
            line = self._lines + chunk[: chunk.index(b"\0")].count(b"\n") + 1
            raise FileRefused(
                f"Line {line} holds a NUL character, which no text file has. "
                "Export the file again, or save it as CSV UTF-8."
            )
        self._lines += chunk.count(b"\n")
        self._is_utf8 = self._is_utf8 and self._decodes(chunk)
        self._fits_cp1252 = self._fits_cp1252 and not chunk.translate(None, _CP1252)
        self._total.update(chunk)

    def stored(self, name: str) -> Stored:
        """Return what was found once the last chunk was seen."""
        is_utf8 = self._is_utf8 and self._decodes(b"", final=True)
        plain = "utf-8" if is_utf8 else "cp1252" if self._fits_cp1252 else "latin-1"
        lies = self._marked == "utf-8-sig" and not is_utf8
        encoding = plain if lies or self._marked is None else self._marked
        return Stored(name, self.size, self._total.hexdigest(), encoding)

    def _decodes(self, chunk: bytes, *, final: bool = False) -> bool:
        try:
            self._utf8.decode(chunk, final)
        except UnicodeDecodeError:
            return False
        return True


_CP1252: Final = bytes(b for b in range(256) if b not in {0x81, 0x8D, 0x8F, 0x90, 0x9D})
