"""The dated table of hours, Sundays and holidays by state (SPEC P-3; RULINGS 4).

An organization may edit it, and only tighten it: `tightened` refuses anything that would
allow a text the law does not.
"""

import csv
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Final

from portal.compliance.errors import LooserThanLaw
from portal.compliance.rules.holidays import Holiday, holidays

FEDERAL: Final = "US"
CANADA: Final = "CA-COUNTRY"
STRICTEST: Final = "STRICTEST"
# Rows kept for people to read; no text is decided by them.
INFORMATION: Final = frozenset(("ME-AUTOMATED", "RECOMMENDED_DEFAULT"))
_DERIVED: Final = frozenset((STRICTEST, CANADA)) | INFORMATION
_MIDNIGHT: Final = 24 * 60
_DATA: Final = Path(__file__).parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Span:
    """Open hours of one day in minutes after local midnight, the end exclusive."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if (self.start, self.end) != (0, 0) and not 0 <= self.start < self.end <= _MIDNIGHT:
            raise ValueError(f"Hours run from a time to a later one of the day, not {self}.")

    @classmethod
    def read(cls, start: str, end: str) -> "Span":
        """Read "09:00" and "20:00", or "closed" for either."""
        return CLOSED if "closed" in (start, end) else cls(_minutes(start), _minutes(end))

    def meet(self, other: "Span") -> "Span":
        """Return the hours that both allow."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else CLOSED

    def __bool__(self) -> bool:
        return self.start < self.end

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}" if self else "closed"


CLOSED: Final = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Row:
    """What one state allows; `verified` says how far its citation was checked."""

    code: str
    name: str
    weekday: Span
    saturday: Span
    sunday: Span
    bars_holidays: bool
    max_per_day: int | None
    citation: str
    verified: str = ""
    scope: str = ""
    notes: str = ""
    closed_days: frozenset[date] = frozenset()

    def usual(self, day: date) -> Span:
        """Return the hours of a day's weekday, holidays aside."""
        return (*5 * (self.weekday,), self.saturday, self.sunday)[day.weekday()]

    def holiday(self, day: date) -> Holiday | None:
        """Return the holiday that closes a day here, if one does."""
        if not self.bars_holidays:
            return None
        where = None if self.code == STRICTEST else frozenset((self.code,))
        return holidays(where, day.year).get(day)

    def hours(self, day: date) -> Span:
        """Return the open hours of a day."""
        if day in self.closed_days or self.holiday(day):
            return CLOSED
        return self.usual(day)


@dataclass(frozen=True, slots=True)
class Edit:
    """How an officer tightens a row; what is None stays. Closed days are added."""

    weekday: Span | None = None
    saturday: Span | None = None
    sunday: Span | None = None
    bars_holidays: bool | None = None
    max_per_day: int | None = None
    closed_days: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class PolicyTable:
    """The rules that hold from a day on, by state."""

    holds_from: date
    rows: Mapping[str, Row] = field(repr=False)


def table_on(day: date, tables: tuple[PolicyTable, ...] | None = None) -> PolicyTable:
    """Return the rules that hold on a day; tables stand in order of their dates.

    Raises LookupError for a day before the first.
    """
    known = tables or TABLES
    place = bisect_right([table.holds_from for table in known], day)
    if not place:
        raise LookupError(f"No rules of hours hold on {day.isoformat()}.")
    return known[place - 1]


def tightened(
    table: PolicyTable, edits: Mapping[str, Edit], *, holds_from: date | None = None
) -> PolicyTable:
    """Return a table with an organization's edits by state (RULINGS 4).

    The row for unknown states follows. Raises LooserThanLaw, naming the field and the fix,
    when an edit allows more than the table, leaves no day open or names no state.
    """
    rows = dict(table.rows)
    for code, edit in edits.items():
        if code not in rows or code in (_DERIVED - {CANADA}):
            raise LooserThanLaw(f"No state has the code {code}. Use its two postal letters.")
        rows[code] = _tighten(rows[code], edit)
    states = [row for code, row in rows.items() if code not in _DERIVED]
    rows[STRICTEST] = reduce(_meet, states, rows[STRICTEST])
    if not _opens(rows[STRICTEST]):
        raise LooserThanLaw(
            "Together these hours leave no time for people whose state is unknown. "
            "Keep an hour of one day that every state has open."
        )
    return PolicyTable(holds_from or table.holds_from, rows)


def _tighten(row: Row, edit: Edit) -> Row:
    """Return a row with an edit, or refuse it."""
    if row.bars_holidays and edit.bars_holidays is False:
        raise LooserThanLaw(f"{row.name}: holidays must stay closed ({row.citation}).")
    most = edit.max_per_day
    if most is not None and (most < 1 or (row.max_per_day and most > row.max_per_day)):
        upto = f"1 to {row.max_per_day}" if row.max_per_day else "1 or more"
        raise LooserThanLaw(f"{row.name}: texts in 24 hours must be {upto} ({row.citation}).")
    new = replace(
        row,
        weekday=_within(row, "weekday", row.weekday, edit.weekday),
        saturday=_within(row, "Saturday", row.saturday, edit.saturday),
        sunday=_within(row, "Sunday", row.sunday, edit.sunday),
        bars_holidays=row.bars_holidays or bool(edit.bars_holidays),
        max_per_day=most or row.max_per_day,
        closed_days=row.closed_days | edit.closed_days,
    )
    if not _opens(new):
        raise LooserThanLaw(f"{row.name}: leave at least one day of the week open.")
    return new


def _within(row: Row, day: str, law: Span, wanted: Span | None) -> Span:
    """Return the hours wanted for a kind of day, or refuse what the law's do not contain."""
    if wanted is None:
        return law
    if law.meet(wanted) != wanted:
        allowed = f"must lie within {law}" if law else "must stay closed"
        raise LooserThanLaw(f"{row.name}: {day} hours {allowed} ({row.citation}).")
    return wanted


def _opens(row: Row) -> bool:
    return any((row.weekday, row.saturday, row.sunday))


def _meet(one: Row, other: Row) -> Row:
    """Return the first row, tightened to what the other allows as well."""
    most = [row.max_per_day for row in (one, other) if row.max_per_day]
    return replace(
        one,
        weekday=one.weekday.meet(other.weekday),
        saturday=one.saturday.meet(other.saturday),
        sunday=one.sunday.meet(other.sunday),
        bars_holidays=one.bars_holidays or other.bars_holidays,
        max_per_day=min(most, default=None),
        closed_days=one.closed_days | other.closed_days,
    )


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _read() -> Mapping[str, Row]:
    names = {FEDERAL: "Federal", CANADA: "Canada", STRICTEST: "Strictest of all states"}
    with (_DATA / "states.csv").open(encoding="utf-8", newline="") as file:
        names |= {row["code"]: row["name"] for row in csv.DictReader(file)}
    with (_DATA / "quiet_hours.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["state"]: Row(
                code=row["state"],
                name=names.get(row["state"], row["state"]),
                weekday=Span.read(row["start"], row["end"]),
                saturday=Span.read(row["sat_start"], row["sat_end"]),
                sunday=Span.read(row["sun_start"], row["sun_end"]),
                bars_holidays=row["holiday_rule"].startswith("barred"),
                max_per_day=int(row["max_per_24h"]) if row["max_per_24h"] else None,
                citation=row["citation"],
                verified=row["verified"],
                scope=row["scope"],
                notes=row["notes"],
            )
            for row in csv.DictReader(file)
        }


# Pennsylvania's row is that of Act 47 of 2026, the newest rule in the table.
TABLES: Final = (PolicyTable(date(2026, 10, 18), _read()),)
