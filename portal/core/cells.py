"""Cells of a CSV that no spreadsheet runs (PROMISES 4, row 4; S5).

A spreadsheet runs a cell that begins with = + - @ or a control sign as a formula, also after
spaces and in full-width dress; an apostrophe in front makes it text (OWASP ASVS 1.2.10).
`plain(safe(value)) == value` for every value, so that what was exported can be imported again.
"""

from typing import Final

_RUNS: Final = frozenset("=+-@\t\r\n\0＝＋－＠")
_QUOTE: Final = "'"
_UNSEEN: Final = "\0"  # dropped on the way by some readers: what follows it begins the cell


def is_formula(value: str) -> bool:
    """Say whether a spreadsheet would run the value."""
    start = value.replace(_UNSEEN, "").lstrip()[:1]
    return value[:1] in _RUNS or start in _RUNS if value else False


def safe(value: str) -> str:
    """Return the value so that no spreadsheet runs it (PROMISES 4.4)."""
    return _QUOTE + value if _needs_quote(value) else value


def plain(value: str) -> str:
    """Return what safe() was given; a value that safe() never wrote is left alone."""
    if value[:1] == _QUOTE and _needs_quote(value[1:]):
        return value[1:]
    return value


def _needs_quote(value: str) -> bool:
    inner = value.lstrip(_QUOTE)  # an apostrophe before one counts as the value's own
    return is_formula(value) or (inner != value and is_formula(inner))
