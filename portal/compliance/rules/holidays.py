"""Federal and state holidays on which some states bar automated texts (SPEC P-3).

A date on a Saturday or Sunday is kept on that day and on the neighbouring Friday or Monday,
because states differ in which of the two they mean.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

_WEEKDAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_SATURDAY: Final = 5
_SUNDAY: Final = 6
_DAY: Final = timedelta(days=1)
FEDERAL: Final = "US"


@dataclass(frozen=True, slots=True)
class Holiday:
    """A holiday as a rule that gives its day in a year; `where` is a state or "US"."""

    where: str
    name: str
    rule: str
    since: int
    citation: str

    def days(self, year: int) -> tuple[date, ...]:
        """Return the days on which it is kept that belong to a year's date."""
        if year < self.since:
            return ()
        words = self.rule.split()
        if "-" in words[0]:
            day = _date(year, words[0])
            return (day, *_neighbour(day))
        if words[0] == "EASTER":
            return (easter(year) + int(words[1]) * _DAY,)
        if words[0] == "ELECTION":
            is_kept = len(words) == 1 or year % 2 == 0
            return (_nth(year, 11, "MON", 1) + _DAY,) if is_kept else ()
        if words[1] == "NEAR":
            return (_week_of(_date(year, words[2])),)
        later = int(words[3]) if len(words) > 3 else 0
        return (_nth(year, int(words[2]), words[0], int(words[1])) + later * _DAY,)


def _read() -> tuple[Holiday, ...]:
    path = Path(__file__).parent.parent / "data" / "holidays.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Holiday(row["where"], row["name"], row["rule"], int(row["since"] or 0), row["citation"])
            for row in csv.DictReader(file)
        )


HOLIDAYS: Final = _read()


@lru_cache(maxsize=1024)
def holidays(where: frozenset[str] | None, year: int) -> Mapping[date, Holiday]:
    """Return the holidays of a year in the states given, federal ones always included.

    None stands for every state with a list, for people whose state is unknown.
    """
    found: dict[date, Holiday] = {}
    for holiday in HOLIDAYS:
        if where is None or holiday.where == FEDERAL or holiday.where in where:
            for nearby in (year - 1, year, year + 1):
                for day in holiday.days(nearby):
                    if day.year == year:
                        found.setdefault(day, holiday)
    return found


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar."""
    century, golden = year // 100, year % 19
    moon = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon -= (moon // 28) * (1 - (29 // (moon + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    return date(year, 3, 28) + (moon - weekday) * _DAY


def _date(year: int, month_day: str) -> date:
    return date.fromisoformat(f"{year:04}-{month_day}")


def _neighbour(day: date) -> tuple[date, ...]:
    """Return the working day on which a date at a week-end is kept instead."""
    if day.weekday() == _SATURDAY:
        return (day - _DAY,)
    return (day + _DAY,) if day.weekday() == _SUNDAY else ()


def _week_of(day: date) -> date:
    """Return the Monday before a working day, or the Monday after a week-end."""
    monday = day - day.weekday() * _DAY
    return monday + 7 * _DAY if day.weekday() >= _SATURDAY else monday


def _nth(year: int, month: int, weekday: str, which: int) -> date:
    """Return the first, second, ... or last (-1) such weekday of a month."""
    start = date(year, month, 1)
    ahead = (_WEEKDAYS.index(weekday) - start.weekday()) % 7
    first = start + ahead * _DAY
    if which > 0:
        return first + 7 * (which - 1) * _DAY
    last = first + 28 * _DAY
    return last if last.month == month else first + 21 * _DAY
