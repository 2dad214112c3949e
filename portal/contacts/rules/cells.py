"""What text of a cell is kept."""

import unicodedata
from typing import Final

_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\ufeff")


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
