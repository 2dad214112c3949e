"""The numbers on sale: 555-01xx in every area code, so that none can be anybody's."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from portal.sandbox.store import Store

_KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")
# People in demos and tests live below 0160, so these go first.
_FIRST = [160 + (step * 17) % 40 for step in range(40)]
_REST = [100 + (step * 17) % 60 for step in range(60)]


@dataclass(frozen=True)
class Place:
    """Where an area code lies."""

    npa: str
    country: str
    region: str
    locality: str


@cache
def places() -> dict[str, Place]:
    """Return the area codes of the United States and Canada."""
    table = Path(__file__).parent / "data" / "area_codes.csv"
    with table.open(encoding="utf-8", newline="") as lines:
        return {row["npa"]: Place(**row) for row in csv.DictReader(lines)}


def place_of(number: str) -> Place | None:
    """Return the place of a North American number."""
    return places().get(number[2:5]) if number.startswith("+1") else None


@dataclass(frozen=True)
class Search:
    """What a buyer looks for."""

    country: str = "US"
    toll_free: bool = False
    area_code: str = ""
    contains: str = ""
    region: str = ""
    locality: str = ""


def available(store: Store, search: Search, limit: int) -> list[str]:
    """Return numbers on sale that fit, in a fixed order; the same search finds the same ones."""
    taken = {row[0] for row in store.rows("SELECT e164 FROM numbers")}
    taken |= {row[0] for row in store.rows("SELECT DISTINCT recipient FROM messages")}
    taken |= {row[0] for row in store.rows("SELECT DISTINCT sender FROM messages")}
    wanted = _pattern(search.contains)
    found: list[str] = []
    for number in _stock(search):
        if len(found) >= limit:
            break
        if number not in taken and wanted.search(number):
            found.append(number)
    return found


def _stock(search: Search) -> Iterator[str]:
    if search.toll_free:
        codes = [code for code in _TOLL_FREE if search.area_code in {"", code}]
    else:
        codes = [
            place.npa
            for place in places().values()
            if place.country == search.country
            and search.area_code in {"", place.npa}
            and search.region.upper() in {"", place.region}
            and search.locality.lower() in {"", place.locality.lower()}
        ]
    # One number of each code in turn, so that a wide search shows many places.
    for line in (*_FIRST, *_REST):
        for code in codes:
            yield f"+1{code}5550{line}"


def _pattern(contains: str) -> re.Pattern[str]:
    """Return Twilio's pattern as an expression: * one digit, % any, + the start, $ the end."""
    symbols = {"*": r"\d", "%": r"\d*", "$": "$"}
    head = r"^\+1?" if contains.startswith("+") else ""
    body = contains.removeprefix("+").removeprefix("1") if head else contains
    digits = body.upper().translate(_KEYPAD)
    return re.compile(head + "".join(symbols.get(char, re.escape(char)) for char in digits))
