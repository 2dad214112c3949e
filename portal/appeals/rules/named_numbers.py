"""The numbers a carrier names, out of a list, a CSV or the text of its mail (A-2 part 6, A-3).

What is no phone number is set aside first: dates, times, tickets, addresses, the carrier's ids.
What is left and looks like a number is read by the one reader of numbers there is; what that
can't read is told with its reason, never dropped.
"""

import csv
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from portal.contacts.rules.numbers import Reading, read
from portal.contacts.values import PROBLEM_WORDS, Problem
from portal.proofs.values import MOST_NUMBERS, Asked

MOST_CHARACTERS: Final = 1_000_000  # of a text that is read; MOST_NUMBERS with a name fit well
MOST_UNREAD: Final = 200  # are told; what is beyond only counts
_SHOWN: Final = 60
_SEP: Final = r"[ .\-]{0,3}"
_GAP: Final = "\x00"  # stands where something was taken out, so that what is beside it stays apart
_UNTEXTABLE: Final = frozenset({Problem.TOLL_FREE, Problem.PREMIUM})

# In their order. None of them can run over a line.
_OTHER_THINGS: Final = (
    r"https?://\S+|www\.\S+",
    r"[\w.+\-]{1,64}@[\w.\-]{1,255}",
    r"(?<!\w)[A-Za-z]{2}[0-9a-f]{32}(?!\w)",  # the carrier's ids
    r"(?<!\w)[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?!\w)",
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])",  # an address on the internet
    r"(?<!\d)(?:19|20)\d\d[-/.][01]?\d[-/.][0-3]?\d(?:[T ][0-2]?\d:\d\d(?::\d\d)?)?(?!\d)",
    r"(?<![\d(+])[0-3]?\d[-/.][0-3]?\d[-/.](?:19|20)?\d\d(?!\d)",
    r"(?<!\d)[0-2]?\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?!\d)",
    r"[$€£] ?\d[\d,.]{0,20}",
    r"\d[\d,.]{0,20} ?%",
    # A ticket and its like: one solid row of digits after a word that says so.
    (
        r"(?i:(?<![a-z])(?:ticket|case|request|reference|ref|incident|invoice|order|campaign|"
        r"brand|account|error|conversation|thread|id|sid|zip)(?![a-z])"
        r"(?: ?(?:number|no\.?|nr\.?|id|code|sid))?[ :=#]{0,3})[A-Za-z]{0,6}[-_]?\d{4,24}(?![\w(\-])"
    ),
    r"#\d{4,20}(?!\d)",
    r"(?i:(?<!\w)(?!(?:tel|phone|cell|mobile|fax|to|sms)[-_]))[A-Za-z]{2,10}[-_]\d[\w\-]{3,30}",
    # A word of letters and digits; 3125550142x12 and 1.3E+10 are none.
    r"(?<![\w+])(?!\d{4,15}(?:x|ext)\d)(?!\d+E)(?=\d{0,40}[A-Za-z_])(?=[A-Za-z_]{0,40}\d)\w{6,80}",
)
_NOT_NUMBERS: Final = re.compile("|".join(_OTHER_THINGS))
_EXTENSION: Final = r"(?: ?[,;]?(?: |(?<=\d))(?:ext(?:ension|n)?\.?|x)[ .:=#]{0,2}\d{1,6}(?!\d))?"
_HOME: Final = re.compile(
    rf"(?<![\d+])(?:\+?1{_SEP})?(?:\(\d{{3}}\)|(?<!\()\d{{3}}){_SEP}\d{{3}}{_SEP}\d{{4}}(?!\d)"
    rf"{_EXTENSION}",
    re.IGNORECASE,
)
_ABROAD: Final = re.compile(r"(?:\+|(?<![\d+])(?:011|00)[ \-]?)[1-9](?:[ .\-()]{0,3}\d){6,17}")
_ROUNDED: Final = re.compile(r"(?<!\w)\d(?:[.,]\d{1,15})?E\+?\d{1,2}(?!\w)", re.IGNORECASE)
_LOOKS_SO: Final = re.compile(r"\+?\(?\d(?:[ .\-()/]{0,3}\d){4,19}")
_ZIP: Final = re.compile(r"\d{5}(?:-\d{4})?")
_FEWEST_DIGITS: Final = 5  # of a line that is nothing else
_FEWEST_IN_WORDS: Final = 7  # of a piece in the middle of words
_WORDS: Final = re.compile(r"[a-z]{2,}")
_PHONE_WORDS: Final = frozenset(
    {"phone", "telephone", "tel", "mobile", "cell", "msisdn", "recipient", "recipients", "destination", "to"}
)  # fmt: skip
_OTHER_WORDS: Final = frozenset(
    {"ticket", "account", "case", "id", "sid", "order", "zip", "from", "sender"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that looks like a number and is none: in which line, as written, and why."""

    line: int
    written: str
    why: str


@dataclass(frozen=True, slots=True)
class Named:
    """The numbers of a text, each once, in their order; and what was left out of them."""

    numbers: tuple[Asked, ...]
    unread: tuple[Unread, ...] = ()
    unread_count: int = 0  # `unread` holds the first of them
    left_out: tuple[Asked, ...] = ()  # numbers nobody texts, and the account's own: with the reason
    is_cut: bool = False  # there are more than are taken: the rest was not read

    @property
    def e164s(self) -> tuple[str, ...]:
        """Return the numbers alone."""
        return tuple(asked.e164 for asked in self.numbers if asked.e164)


def named_in(text: str, *, own: Collection[str] = (), most: int = MOST_NUMBERS) -> Named:
    """Return the numbers a text names; `own` are the account's, in E.164, which no proof is for.

    A table with headings is read in the columns that say they hold phone numbers, if one does.
    Raises nothing: a text without numbers gives none.
    """
    reader = _Reader(frozenset(own), most)
    is_cut = len(text) > MOST_CHARACTERS
    lines = text[:MOST_CHARACTERS].splitlines()
    for number, pieces in _table(lines) or _prose(lines):
        for piece in pieces:
            if not reader.take(number, piece):
                return reader.result(is_cut=True)
    return reader.result(is_cut=is_cut)


class _Reader:
    """What was found so far."""

    def __init__(self, own: Collection[str], most: int) -> None:
        self._own = own
        self._most = most
        self._numbers: dict[str, Asked] = {}
        self._left_out: dict[str, Asked] = {}
        self._unread: dict[tuple[int, str], Unread] = {}

    def take(self, line: int, piece: str) -> bool:
        """Read one piece; say whether there is room for more."""
        found = read(piece)
        shown = piece.strip()[:_SHOWN]
        if found.e164 is None:
            self._unread.setdefault((line, shown), Unread(line, shown, _why(found)))
        elif found.e164 in self._own:
            why = "It is a number of this account, not of somebody texted."
            self._left_out.setdefault(found.e164, Asked(shown, found.e164, why))
        elif found.problem in _UNTEXTABLE:
            self._left_out.setdefault(found.e164, Asked(shown, found.e164, found.why))
        elif found.e164 not in self._numbers:
            if len(self._numbers) >= self._most:
                return False
            self._numbers[found.e164] = Asked(shown, found.e164)
        return True

    def result(self, *, is_cut: bool) -> Named:
        unread = tuple(self._unread.values())
        return Named(
            tuple(self._numbers.values()),
            unread[:MOST_UNREAD],
            len(unread),
            tuple(self._left_out.values()),
            is_cut=is_cut,
        )


def _why(found: Reading) -> str:
    return PROBLEM_WORDS[found.problem] if found.problem else found.why


def _prose(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Give the pieces of each line that are to be read as numbers, by the line's number."""
    for number, line in enumerate(lines, 1):
        if any(map(str.isdigit, line)):
            yield number, _pieces(_plain(line))


def _pieces(line: str) -> list[str]:
    """Return what is or looks like a phone number in a line, in the order it stands there."""
    found: dict[int, str] = {}

    def taking(match: re.Match[str]) -> str:
        found[match.start()] = match.group()
        return _GAP * len(match.group())

    bare = _NOT_NUMBERS.sub(_blank, line)
    rest = _ABROAD.sub(lambda match: _taken_abroad(match, found), bare)
    rest = _ROUNDED.sub(taking, _HOME.sub(taking, rest))
    has_words = any(map(str.isalpha, rest)) or bare != line or bool(found)
    fewest = _FEWEST_IN_WORDS if has_words else _FEWEST_DIGITS
    _LOOKS_SO.sub(lambda match: taking(match) if _is_so(match.group(), fewest) else "", rest)
    return [found[start] for start in sorted(found)]


def _taken_abroad(match: re.Match[str], found: dict[int, str]) -> str:
    """Take a number with a country code; where digits of a next one follow, cut it there."""
    written = match.group()
    home = _HOME.match(written)
    if home is not None:
        end = home.end()
    else:
        ends = [len(written), *(i for i in range(len(written) - 1, 6, -1) if written[i] == " ")]
        end = next((e for e in ends[:6] if read(written[:e]).e164), len(written))
    found[match.start()] = written[:end]
    return _GAP * end + written[end:]


def _is_so(piece: str, fewest: int) -> bool:
    """Say whether a piece that could not be read was meant as a phone number."""
    return sum(map(str.isdigit, piece)) >= fewest and not (
        _ZIP.fullmatch(piece.strip(" ")) and fewest == _FEWEST_IN_WORDS
    )


def _blank(match: re.Match[str]) -> str:
    return _GAP * len(match.group())


def _table(lines: list[str]) -> list[tuple[int, list[str]]] | None:
    """Return the cells of the columns that hold phone numbers; None where it is no such table."""
    first = next((place for place, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return None
    head = lines[first].lstrip("\ufeff")
    delimiter = max(",;\t|", key=head.count)
    if head.count(delimiter) == 0 or _pieces(_plain(head)):
        return None
    headings = _cells(head, delimiter)
    wanted = [place for place, heading in enumerate(headings) if _names_phones(heading)]
    if not wanted:
        return None
    rows = []
    for number, line in enumerate(lines[first + 1 :], first + 2):
        if line.strip():
            cells = _cells(line, delimiter)
            written = [cells[place] for place in wanted if place < len(cells)]
            rows.append((number, [c for c in map(_plain, written) if any(map(str.isdigit, c))]))
    return rows


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line; a line break inside quotes ends a cell, as it ends a line."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _names_phones(heading: str) -> bool:
    """Say whether a heading is one of a column of recipients' numbers."""
    words = _WORDS.findall(heading.lower())
    said = set(words)
    if said & _OTHER_WORDS:
        return False
    return bool(said & _PHONE_WORDS) or words in (["number"], ["numbers"])


def _plain(line: str) -> str:
    """Return a line with digits, dashes and blanks of any script as plain ones."""
    if line.isascii():
        return line.replace("\t", " , ")
    return "".join(map(_plain_sign, line)).replace("\t", " , ")


def _plain_sign(char: str) -> str:
    kind = unicodedata.category(char)
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    if kind == "Pd" or char == "\u2212":
        return "-"
    if kind == "Zs":
        return " "
    if kind == "Cf":
        return ""
    return {"\uff0b": "+", "\uff08": "(", "\uff09": ")", "\uff0e": "."}.get(char, char)
