"""Reading a do-not-call file line by line, whatever it was written with (SPEC S-2).

The layout of the registry's files is not published, so every usual one is taken: ten digits, an
area code and seven digits in two columns, or seven digits of a file for one area code; signs
between digits, a leading 1, quotation marks, further columns, dates, and A or D for what a
change list adds or deletes.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from portal.dnc.values import Batch, Entry, FileKind, Reject

LONGEST_TEXT: Final = 80  # of a rejected line that is kept
_COLUMNS: Final = re.compile(r"[,;\t|]")
_WORDS: Final = re.compile(r"[\s,;\t|]+")
_NOT_DIGITS: Final = re.compile(r"[^0-9]+")
_DATE: Final = re.compile(
    r"(?:(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})|(?P<m2>\d{1,2})/(?P<d2>\d{1,2})/(?P<y2>\d{4})"
    r"|(?P<y3>(?:19|20)\d\d)(?P<m3>\d\d)(?P<d3>\d\d))"
    r"(?:[T ].*)?",
    re.ASCII,
)
_FLAGS: Final = {
    **dict.fromkeys(("a", "add", "added", "addition", "insert", "new"), False),
    **dict.fromkeys(("d", "del", "delete", "deleted", "deletion", "remove", "removed"), True),
}
_RECORD: Final = 11  # ten digits and the end of the line
_FIRST_DIGITS: Final = frozenset(b"23456789")

NO_NUMBER: Final = "There is no phone number of ten digits. Correct the line or leave it out."
NO_AREA: Final = (
    "The area code is missing. Name the area code of this file when you upload it, or put it before "
    "the number."
)
NOT_US: Final = "Area codes begin with 2 to 9. Correct the number or leave the line out."
NO_FLAG: Final = (
    "A change list says A (added) or D (deleted) for each number. Add the letter, or upload the file "
    "as a full list."
)
IS_REMOVAL: Final = (
    "This line deletes a number, which a full list does not do. Upload the file as a change list."
)


class Gathering:
    """What was read of one piece of a file, good and bad."""

    def __init__(self, kind: FileKind) -> None:
        """Take what belongs to a file of this kind."""
        self._kind = kind
        self._entries: list[Entry] = []
        self._rejects: list[Reject] = []

    def take(self, read: Entry | str | None, line: int, text: str) -> None:
        """Keep what was read of a line: its number, or why it is left out."""
        if isinstance(read, Entry):
            if self._kind is FileKind.CHANGES and read.is_removal is None:
                read = NO_FLAG
            elif self._kind is FileKind.FULL and read.is_removal:
                read = IS_REMOVAL
            else:
                self._entries.append(read)
                return
        if read is not None:
            self._rejects.append(Reject(line, " ".join(text.split())[:LONGEST_TEXT], read))

    def batch(self) -> Batch:
        """Return what was kept since the last time."""
        entries, rejects = self._entries, tuple(self._rejects)
        self._entries, self._rejects = [], []
        if self._kind is FileKind.CHANGES:
            return Batch(changes=tuple(entries), rejects=rejects)
        return Batch(b",".join(b"%d" % one.number for one in entries), rejects=rejects)


def read_block(block: bytes, first_line: int, kind: FileKind, area_code: str) -> Batch:
    """Read whole lines; the usual layouts of a full list go without a look at each line."""
    if kind is FileKind.FULL and (plain := _plain(block)) is not None:
        return Batch(plain)
    gathering = Gathering(kind)
    for place, line in enumerate(block.decode("utf-8", "replace").split("\n"), first_line):
        gathering.take(read_line(line, area_code, is_first=place == 1), place, line)
    return gathering.batch()


def read_line(line: str, area_code: str = "", *, is_first: bool = False) -> Entry | str | None:
    """Return the number of a line, why there is none, or None for a line that need not have one.

    Such are empty lines and a first line that names columns.
    """
    if not line.strip():
        return None
    read = entry_of([cell.strip(" \"'\ufeff\r") for cell in _COLUMNS.split(line)], area_code)
    is_spaced = isinstance(read, Entry) and read.is_removal is None and line.rstrip()[-1].isalpha()
    if read == NO_NUMBER or is_spaced:
        words = entry_of([word.strip("\"'") for word in _WORDS.split(line) if word], area_code)
        read = words if isinstance(words, Entry) else read
    if isinstance(read, str) and is_first and not re.search(r"\d{5}", line):
        return None
    return read


def entry_of(cells: list[str], area_code: str) -> Entry | str:
    """Return the number that cells hold, in however many of them, or why there is none."""
    flag: bool | None = None
    on: date | None = None
    parts: list[str] = []
    for cell in cells:
        if cell.casefold() in _FLAGS:
            flag = _FLAGS[cell.casefold()]
        elif found := _DATE.fullmatch(cell):
            on = on or _day(found)
        elif digits := _NOT_DIGITS.sub("", cell):
            parts.append(digits)
    digits = next(_numbers(parts), "")
    if not digits and area_code:
        digits = next((area_code + part for part in parts if len(part) == 7), "")
    if not digits:
        return NO_AREA if any(len(part) == 7 for part in parts) else NO_NUMBER
    if digits[0] in "01":
        return NOT_US
    return Entry(int(digits), flag, on)


def sniff(block: bytes) -> FileKind:
    """Say what a file is by its first lines: a change list where most carry a letter for it."""
    read = [read_line(line, "200") for line in block.decode("utf-8", "replace").split("\n")[1:101]]
    flagged = [isinstance(one, Entry) and one.is_removal is not None for one in read if one]
    return FileKind.CHANGES if sum(flagged) * 2 > len(flagged) else FileKind.FULL


def _plain(block: bytes) -> bytes | None:
    """Return the numbers of a block that has nothing but ten digits on each line, else None.

    A comma may part the area code from the rest. Everything is done by the block: five million
    lines looked at one by one would take longer than writing them down (G17).
    """
    body = block.translate(None, b"\r,")
    if not body.endswith(b"\n"):
        body += b"\n"
    if len(body) % _RECORD or body[_RECORD - 1 :: _RECORD].strip(b"\n"):
        return None
    digits = body.replace(b"\n", b"")
    if len(digits) != len(body) // _RECORD * (_RECORD - 1) or not digits.isdigit():
        return None
    if not _FIRST_DIGITS.issuperset(body[::_RECORD]):
        return None
    return body[:-1].replace(b"\n", b",")


def _numbers(parts: list[str]) -> Iterator[str]:
    """Give the ways ten digits may be written in cells: whole, with a 1, as 3 and 7, or 3, 3 and 4."""
    for part in parts:
        if len(part) == 10:
            yield part
        elif len(part) == 11 and part[0] == "1":
            yield part[1:]
    rest = parts[1:] if parts and parts[0] == "1" else parts
    for place, part in enumerate(rest):
        for following in (rest[place + 1 : place + 2], rest[place + 1 : place + 3]):
            if [len(part), *map(len, following)] in ([3, 7], [3, 3, 4]):
                yield part + "".join(following)


def _day(found: re.Match[str]) -> date | None:
    year, month, day = (found[n] or found[f"{n}2"] or found[f"{n}3"] for n in "ymd")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
