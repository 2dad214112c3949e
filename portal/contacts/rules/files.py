"""Telling how a CSV is written: encoding, separator, header (K-1)."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from portal.contacts.rules import people

SEPARATORS: Final = (",", ";", "\t", "|")
_NAMES: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_OTHER_FORMATS: Final = (
    (b"PK\x03\x04", "an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"{\\rtf", "a word-processor document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
)
_digits: Final = re.compile(r"\D*(?:\d\D{0,3}){7,15}\D*")


def other_format(head: bytes) -> str | None:
    """Return what a file is when its first bytes say that it is no CSV."""
    found = next((name for magic, name in _OTHER_FORMATS if head.startswith(magic)), None)
    if found:
        return found
    start = head[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        return "a web page"
    return "a JSON file" if start.startswith((b"{", b"[{")) else None


def bom_encoding(head: bytes) -> str | None:
    """Return the encoding a byte-order mark names."""
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return None


def decoded(content: bytes) -> str:
    """Return a small file as text: as its byte-order mark says, else as UTF-8 or as Windows writes.

    Excel's "Unicode text" is UTF-16 with a mark. What no encoding reads gets a sign in its place.
    """
    marked = bom_encoding(content)
    if marked == "utf-16":
        return content.decode(marked, errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def separator_of(sample: str) -> str:
    """Return the sign that parts the cells: the one that gives most rows the same, most cells."""
    best, best_score = ",", (0.0, 0)
    for separator in SEPARATORS:
        rows = [row for row in _rows(sample, separator) if any(row)]
        if not rows:
            continue
        width, hits = Counter(map(len, rows)).most_common(1)[0]
        score = (hits / len(rows) if width > 1 else 0.0, width)
        if score > best_score:
            best, best_score = separator, score
    return best


def separator_name(separator: str) -> str:
    """Return the separator in a word."""
    return _NAMES.get(separator, separator)


def looks_like_header(row: Sequence[str]) -> bool:
    """Say whether a first row names columns: no cell of it is a number or an address."""
    cells = [cell.strip() for cell in row if cell.strip()]
    return bool(cells) and not any(
        people.is_email(cell) or _digits.fullmatch(cell) for cell in cells
    )


def column_names(header: Sequence[str] | None, width: int) -> list[str]:
    """Return a name for each column: the header's, else its place; a second one says so."""
    seen: Counter[str] = Counter()
    names = []
    for place in range(width):
        given = header[place] if header and place < len(header) else ""
        name = " ".join(given.split())[:100] or f"Column {place + 1}"
        seen[name.casefold()] += 1
        count = seen[name.casefold()]
        names.append(name if count == 1 else f"{name} ({count})")
    return names


def _rows(sample: str, separator: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(sample, newline=""), delimiter=separator))[:50]
    except csv.Error:
        return []
