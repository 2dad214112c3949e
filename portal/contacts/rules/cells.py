"""What may stand in a cell of a CSV, and what text of one is kept.

A spreadsheet runs a cell that begins with = + - @ or a control sign as a formula, also after
spaces and in full-width dress; an apostrophe in front makes it text (OWASP ASVS 1.2.10).
`plain(safe(value)) == value` for every value, so that what was exported can be imported again.
"""

import unicodedata
from typing import Final

_RUNS: Final = frozenset("=+-@\t\r\n\0＝＋－＠")
_QUOTE: Final = "'"
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\ufeff")


def is_formula(value: str) -> bool:
    """Say whether a spreadsheet would run the value."""
    start = value.lstrip()[:1]
    return value[:1] in _RUNS or start in _RUNS if value else False


def safe(value: str) -> str:
    """Return the value so that no spreadsheet runs it (PROMISES 4.4)."""
    return _QUOTE + value if _needs_quote(value) else value


def plain(value: str) -> str:
    """Return what safe() was given; a value that safe() never wrote is left alone."""
    if value[:1] == _QUOTE and _needs_quote(value[1:]):
        return value[1:]
    return value


def tidy(value: str) -> str:
    """Return one line of text: composed, without control and direction signs, spaces single."""
    if value.isascii() and value.isprintable():  # nearly every cell: nothing to take out
        return " ".join(value.split()) if "  " in value else value.strip(" ")
    kept = (
        " " if c in "\t\r\n\x0b\x0c\x85\u2028\u2029" else c
        for c in unicodedata.normalize("NFC", value)
        if c not in _BIDI
    )
    shown = "".join(c for c in kept if unicodedata.category(c) not in {"Cc", "Cs"})
    return " ".join(shown.split())


def lost_letter(value: str) -> bool:
    """Say whether a ? stands inside a word: a letter was lost when the file was written."""
    return "?" in value and any(
        c == "?" and 0 < i < len(value) - 1 and value[i - 1].isalpha() and value[i + 1].isalpha()
        for i, c in enumerate(value)
    )


def _needs_quote(value: str) -> bool:
    inner = value.lstrip(_QUOTE)  # an apostrophe before one counts as the value's own
    return is_formula(value) or (inner != value and is_formula(inner))
