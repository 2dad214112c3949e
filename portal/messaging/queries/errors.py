"""What the carrier's error codes mean: data/twilio_error_codes.csv, as shipped (S-10)."""

import csv
from functools import cache
from pathlib import Path

from portal.messaging.values import ErrorMeaning

_FILE = Path(__file__).parent.parent / "data" / "twilio_error_codes.csv"
_UNKNOWN = "A code we don't know yet"
_ASK = "Don't send it again by itself; look the code up with the carrier"


def error_meaning(code: int | None) -> ErrorMeaning | None:
    """Return what a code means and what to do; an unknown code is shown as such."""
    if code is None:
        return None
    return _dictionary().get(code) or ErrorMeaning(code, _UNKNOWN, "unknown", _ASK)


def error_meanings(words: str = "") -> list[ErrorMeaning]:
    """Return the whole dictionary by code, or what has all of these words in it."""
    wanted = words.casefold().split()
    return [
        each
        for each in sorted(_dictionary().values(), key=lambda meaning: meaning.code)
        if all(
            word in f"{each.code} {each.meaning} {each.family} {each.action}".casefold()
            for word in wanted
        )
    ]


@cache
def _dictionary() -> dict[int, ErrorMeaning]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {
            int(row["code"]): ErrorMeaning(
                int(row["code"]), row["meaning"], row["class"], row["action"]
            )
            for row in csv.DictReader(file)
        }
