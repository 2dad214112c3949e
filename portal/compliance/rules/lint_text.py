"""What the lint says, and a text brought to plain letters for it (SPEC H-1)."""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

Rule = Literal[
    "sender",
    "opt_out",
    "solicitation",
    "forbidden",
    "shortener",
    "foreign_link",
    "caps",
    "bait",
    "personal_data",
]
Level = Literal["info", "warn", "block"]
Span = tuple[int, int]

DATA: Final = Path(__file__).parent.parent / "data"
_LISTS: Final = tomllib.loads((DATA / "lint_lists.toml").read_text(encoding="utf-8"))

_LOOKALIKES: Final = str.maketrans(
    "аеорсухівкмнтјѕԁԛԝһαεοριυνκτχӏıʟɡ", "aeopcyxibkmhtjsdqwhaeopiuvktxlilg"
)
_DROPPED: Final = frozenset("'’‘ʼ´`")
_DASHES: Final = frozenset("-‐‑‒–—―_")
_UNSPOKEN: Final = str.maketrans(dict.fromkeys(_DROPPED, "") | dict.fromkeys(_DASHES, " "))
_DISGUISES: Final = str.maketrans("013@$", "oieas")
_disguised: Final = re.compile(r"(?<=[a-z])[013@$](?=[a-z])")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the lint noticed: its rule, how grave, the words, why and how to mend it.

    `matched` quotes the text and is as private as the text itself; it is empty where
    something is missing.
    """

    rule: Rule
    level: Level
    matched: str
    message: str
    kind: str = ""  # of words, where the rule looks for several kinds


@dataclass(frozen=True, slots=True)
class Plain:
    """A text in plain letters that knows where each of them stood in the text as written."""

    body: str
    text: str
    places: tuple[int, ...]

    def quote(self, span: Span) -> str:
        """Return the words of a span as they were written."""
        start, end = span
        if start >= end:
            return ""
        return self.body[self.places[start] : self.places[end - 1] + 1].strip()

    def without(self, spans: Iterable[Span]) -> "Plain":
        """Blank out some spans; places stay as they were."""
        letters = list(self.text)
        for start, end in spans:
            letters[start:end] = " " * (end - start)
        return Plain(self.body, "".join(letters), self.places)


def plain(body: str) -> Plain:
    """Bring a text to small letters without accents, look-alikes and invisible characters."""
    pairs = [(letter, place) for place, char in enumerate(body) for letter in _folded(char)]
    return Plain(body, "".join(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))


def letters(body: str) -> str:
    """Return a text in plain letters where nobody asks where each of them stood."""
    return body.lower() if body.isascii() else "".join(map(_folded, body))


def spoken(line: str) -> str:
    """Return plain letters as `words` would, in one line."""
    return undisguised(" ".join(line.translate(_UNSPOKEN).split()))


def undisguised(line: str) -> str:
    """Undo "l0an"."""
    return _disguised.sub(lambda found: found.group().translate(_DISGUISES), line)


def words(text: Plain) -> Plain:
    """Leave out apostrophes, make dashes and runs of blanks one blank, undo "l0an"."""
    pairs: list[tuple[str, int]] = []
    for char, place in zip(text.text, text.places, strict=True):
        if char in _DROPPED:
            continue
        letter = "\n" if char in "\r\n" else " " if char.isspace() or char in _DASHES else char
        if letter.isspace() and pairs and pairs[-1][0].isspace():
            continue
        pairs.append((letter, place))
    line = undisguised("".join(pair[0] for pair in pairs))
    return Plain(text.body, line, tuple(pair[1] for pair in pairs))


def compiled(patterns: Iterable[str]) -> Callable[[str], re.Match[str] | None]:
    """Compile patterns into one search for whole words."""
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(patterns)})(?![a-z0-9])").search


def listed(name: str) -> frozenset[str]:
    """Return a list of plain words by its name in `data/lint_lists.toml`."""
    return frozenset(_LISTS[name].split())


@lru_cache(maxsize=4096)
def _folded(char: str) -> str:
    """Return the plain letters one character stands for: none for an invisible one."""
    if char.isascii():
        return char.lower()
    if unicodedata.category(char) in {"Cf", "Mn", "Me"}:
        return ""
    wide = unicodedata.normalize("NFKC", char).casefold().translate(_LOOKALIKES)
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKD", wide)
        if unicodedata.category(letter) not in {"Mn", "Me"}
    )
