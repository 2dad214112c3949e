"""Reading a do-not-call file in XML, whatever its elements are called (SPEC S-2).

Values are what counts: ten digits are a number, seven belong to the area code that stands
around or before them, a letter or word says added or deleted. An element with a number begins
an entry; what its siblings add to it, they add until the next number or the end of the parent.
"""

from typing import Final
from xml.parsers import expat  # no entity is declared: a document type ends the reading

from portal.dnc.errors import ListRefused
from portal.dnc.rules.lines import NO_AREA, NO_NUMBER, Gathering, entry_of
from portal.dnc.values import Batch, Entry, FileKind

_DEEPEST: Final = 50
_LONGEST_VALUE: Final = 200
_SNIFFED: Final = 100
_MOST_CELLS: Final = 50


class _Element:
    __slots__ = ("area", "cells", "held", "line", "text")

    def __init__(self, cells: list[str], area: str, line: int) -> None:
        self.cells, self.area, self.line = cells, area, line
        self.text = ""
        self.held: tuple[list[str], int] | None = None  # an entry whose siblings may add to it


class MarkupReader:
    """Takes a file piece by piece and gives what each piece completes."""

    def __init__(self, kind: FileKind, area_code: str) -> None:
        """Read as this kind of file; seven digits alone belong to `area_code`."""
        self._gathering = Gathering(kind)
        self._stack: list[_Element] = [_Element([], area_code, 1)]
        self.kinds: list[bool] = []  # of the entries read, whether they say added or deleted
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._said
        self._parser.StartDoctypeDeclHandler = self._refuse

    def feed(self, piece: bytes, *, is_last: bool = False) -> Batch:
        """Read a piece. Raises ListRefused where it is no XML."""
        try:
            self._parser.Parse(piece, is_last)
        except expat.ExpatError as error:
            raise ListRefused(
                f"Line {error.lineno}: the XML breaks off or is damaged here "
                f"({expat.ErrorString(error.code)}). Download the file again."
            ) from None
        if is_last and (left := self._stack[0].held) is not None:
            self._take(*left, self._stack[0].area)
        return self._gathering.batch()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._stack) > _DEEPEST:
            raise ListRefused(
                f"Line {self._parser.CurrentLineNumber}: the elements of this XML lie too deep in each "
                "other. Download the file again, as text."
            )
        outer = self._stack[-1]
        area = next((value for value in attributes.values() if _is_area(value)), outer.area)
        cells = [value[:_LONGEST_VALUE] for value in attributes.values()]
        self._stack.append(_Element(cells, area, self._parser.CurrentLineNumber))

    def _said(self, text: str) -> None:
        mine = self._stack[-1]
        if len(mine.text) < _LONGEST_VALUE:
            mine.text += text

    def _end(self, _name: str) -> None:
        mine, outer = self._stack.pop(), self._stack[-1]
        if mine.held is not None:
            self._take(*mine.held, mine.area)
        cells = [*mine.cells, *([mine.text.strip()] if mine.text.strip() else [])]
        if not cells:
            return
        if _has_number(cells):
            if outer.held is not None:
                self._take(*outer.held, outer.area)
            outer.held = cells, mine.line
        elif mine.held is None:
            if outer.held is not None:
                outer.held[0].extend(cells[: _MOST_CELLS - len(outer.held[0])])
            elif len(cells) == 1 and _is_area(cells[0]):
                outer.area = cells[0]

    def _take(self, cells: list[str], line: int, area: str) -> None:
        read = entry_of(cells, area)
        if read in (NO_AREA, NO_NUMBER) and area:
            read = entry_of([area, *cells], "")
        if isinstance(read, Entry) and len(self.kinds) < _SNIFFED:
            self.kinds.append(read.is_removal is not None)
        self._gathering.take(read, line, " ".join(cells))

    def _refuse(self, *_declared: object) -> None:
        raise ListRefused(
            f"Line {self._parser.CurrentLineNumber}: the XML declares a document type, which no list "
            "needs and a trick may hide in. Remove the DOCTYPE line."
        )


def sniff(piece: bytes) -> FileKind:
    """Say what an XML file is by its beginning: a change list where most entries say so."""
    reader = MarkupReader(FileKind.FULL, "200")
    try:
        reader.feed(piece)
    except ListRefused:
        return FileKind.FULL  # it says so itself when it is read
    return FileKind.CHANGES if sum(reader.kinds) * 2 > len(reader.kinds) else FileKind.FULL


def _is_area(value: str) -> bool:
    return len(value) == 3 and value.isascii() and value.isdigit() and value[0] not in "01"


def _has_number(cells: list[str]) -> bool:
    return any(len("".join(filter(str.isdigit, cell))) in (7, 10, 11) for cell in cells)
