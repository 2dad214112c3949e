"""Periods, hashes of erased numbers, and answers about reassigned numbers: pure."""

import csv
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.contacts.rules.numbers import read
from portal.retention.values import TERMS, Keeping


def days_of(chosen: Mapping[str, int]) -> dict[Keeping, int]:
    """Return the period of every class: what was chosen, never less than the least (C-10, C-11)."""
    return {
        kind: max(chosen.get(kind.value, term.default), term.least) for kind, term in TERMS.items()
    }


def why_term_fails(kind: Keeping, days: int) -> str | None:
    """Return what is wrong with a period, or None."""
    term = TERMS[kind]
    if days < term.least:
        return f"{term.words}: keep them {term.least:,} days at least ({term.source})."
    if days > term.most:
        return f"{term.words}: {term.most:,} days are the most."
    return None


def cutoff(now: datetime, days: int) -> datetime:
    """Return the time before which something kept so many days is due."""
    return now - timedelta(days=days)


def number_hmac(pepper: str, organization_id: UUID, e164: str) -> str:
    """Return the keyed hash by which an erased number is known again, and by nobody else."""
    return hmac.new(
        pepper.encode(), f"{organization_id}:{e164}".encode(), hashlib.sha256
    ).hexdigest()


class Verdict(StrEnum):
    """What a database of reassigned numbers answers (FCC, 47 CFR 64.1200(m))."""

    YES = "yes"  # permanently disconnected since the date
    NO = "no"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of an answer; without a date it is about every consent of the number."""

    e164: str
    since: date | None
    verdict: Verdict


_DATES: Final = (
    (re.compile(r"(\d{4})-?(\d{2})-?(\d{2})"), (0, 1, 2)),
    (re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})"), (2, 0, 1)),
)
_WORDS: Final = {
    "yes": Verdict.YES, "y": Verdict.YES, "no": Verdict.NO, "n": Verdict.NO,
    "no data": Verdict.NO_DATA, "nodata": Verdict.NO_DATA, "no_data": Verdict.NO_DATA,
}  # fmt: skip


def read_answers(lines: Iterable[str]) -> Iterator[Answer | int]:
    """Give the answers of a CSV file in whatever order its columns come; a bad line as its number.

    A line must hold a number and yes, no or no data; a first line without either is a heading.
    """
    for number, line in enumerate(lines, 1):
        try:
            cells = next(csv.reader([line]), [])
        except csv.Error:  # a cell without end
            yield number
            continue
        told = [cell.strip() for cell in cells]
        verdicts = [_WORDS[cell.lower()] for cell in told if cell.lower() in _WORDS]
        numbers = [e164 for cell in told if (e164 := _number(cell))]
        if len(verdicts) == 1 and len(numbers) == 1:
            since = next((day for cell in told if (day := _date(cell))), None)
            yield Answer(numbers[0], since, verdicts[0])
        elif any(told) and not (number == 1 and not verdicts and not numbers):
            yield number


def _number(cell: str) -> str | None:
    digits = re.sub(r"[^0-9]", "", cell)
    if _date(cell) or len(digits) not in {10, 11}:
        return None
    return read(cell).e164


def _date(cell: str) -> date | None:
    for pattern, (year, month, day) in _DATES:
        if found := pattern.fullmatch(cell):
            parts = found.groups()
            try:
                return date(int(parts[year]), int(parts[month]), int(parts[day]))
            except ValueError:
                return None
    return None
