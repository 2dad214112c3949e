"""The dated table of hours, Sundays and holidays by state (SPEC P-3; RULINGS 4).

An organization may edit it, and only tighten it: `tightened` refuses anything that would
allow a text the law does not.
"""

import csv
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache, reduce
from itertools import groupby
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
_COMPILED_FOR: Final = date(2026, 1, 1)
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

    @classmethod
    def parse(cls, written: str) -> "Span":
        """Read what str() wrote: "09:00-20:00" or "closed"."""
        start, _, end = written.partition("-")
        return cls.read(start, end)

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
    """What one state allows; `verified` says how far its citation was checked.

    `since` is the day its law began, where that is known.
    """

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
    since: date | None = None
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

    def opens_as(self, other: "Row") -> bool:
        """Say whether another row opens at the very same times."""
        mine, theirs = (
            (row.weekday, row.saturday, row.sunday, row.bars_holidays, row.closed_days)
            for row in (self, other)
        )
        return mine == theirs


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

    def on(self, _day: date) -> "PolicyTable":
        """Return the table itself: it is asked for every day."""
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """Tables in the order of their dates: each holds from its day until the next one's."""

    tables: tuple[PolicyTable, ...]

    def on(self, day: date) -> PolicyTable:
        """Return the table that holds on a day; the first holds for all that was before it."""
        place = bisect_right([table.holds_from for table in self.tables], day)
        return self.tables[max(place - 1, 0)]


# One table, or several that follow each other; asked for a local day of the recipient.
Rules = PolicyTable | Rulebook


@dataclass(frozen=True, slots=True)
class DatedEdit:
    """How an organization tightens one row from a day on, until its next edit of that row."""

    code: str
    holds_from: date
    edit: Edit


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
    for code, edit in edits.items():
        _check(table, code, edit)
    tight = _apply(table, edits, holds_from or table.holds_from)
    if not _opens(tight.rows[STRICTEST]):
        raise LooserThanLaw(
            "Together these hours leave no time for people whose state is unknown. "
            "Keep an hour of one day that every state has open."
        )
    return tight


@lru_cache(maxsize=1024)
def rulebook(edits: tuple[DatedEdit, ...] = ()) -> Rulebook:
    """Return the law of every day with an organization's edits, the later of one day winning.

    Where the law has become tighter than an edit since, both hold: nothing here ever opens an
    hour. One organization's edits always give the same book, so what was found in it is kept.
    """
    if not edits:
        return Rulebook(TABLES)
    days = {table.holds_from for table in TABLES} | {each.holds_from for each in edits}
    return Rulebook(tuple(_edition(day, edits) for day in sorted(days)))


def check_edit(new: DatedEdit) -> None:
    """Refuse an edit that the law of a day it may hold on doesn't allow. Raises LooserThanLaw."""
    for table in {Rulebook(TABLES).on(new.holds_from), TABLES[-1]}:
        _check(table, new.code, new.edit)


def _edition(day: date, edits: Iterable[DatedEdit]) -> PolicyTable:
    standing = sorted(
        (each for each in edits if each.holds_from <= day), key=lambda each: each.holds_from
    )
    chosen = {each.code: each.edit for each in standing}
    return _apply(Rulebook(TABLES).on(day), chosen, day)


def _apply(table: PolicyTable, edits: Mapping[str, Edit], holds_from: date) -> PolicyTable:
    """Return a table that opens only what both it and the edits do; the strictest row follows."""
    rows = dict(table.rows)
    for code, edit in edits.items():
        rows[code] = _tighten(rows[code], edit)
    states = [row for code, row in rows.items() if code not in _DERIVED]
    rows[STRICTEST] = reduce(_meet, states, rows[STRICTEST])
    return PolicyTable(holds_from, rows)


def _check(table: PolicyTable, code: str, edit: Edit) -> None:
    """Refuse an edit that names no state, allows more than its row, or leaves it no day."""
    if code not in EDITABLE:
        raise LooserThanLaw(f"No state has the code {code}. Use its two postal letters.")
    row = table.rows[code]
    if row.bars_holidays and edit.bars_holidays is False:
        raise LooserThanLaw(f"{row.name}: holidays must stay closed ({row.citation}).")
    most = edit.max_per_day
    if most is not None and (most < 1 or (row.max_per_day and most > row.max_per_day)):
        upto = f"1 to {row.max_per_day}" if row.max_per_day else "1 or more"
        raise LooserThanLaw(f"{row.name}: texts in 24 hours must be {upto} ({row.citation}).")
    for day, law, wanted in (
        ("weekday", row.weekday, edit.weekday),
        ("Saturday", row.saturday, edit.saturday),
        ("Sunday", row.sunday, edit.sunday),
    ):
        if wanted is not None and law.meet(wanted) != wanted:
            allowed = f"must lie within {law}" if law else "must stay closed"
            raise LooserThanLaw(f"{row.name}: {day} hours {allowed} ({row.citation}).")
    if not _opens(_tighten(row, edit)):
        raise LooserThanLaw(f"{row.name}: leave at least one day of the week open.")


def _tighten(row: Row, edit: Edit) -> Row:
    """Return what a row and an edit of it both allow."""
    most = [each for each in (row.max_per_day, edit.max_per_day) if each]
    return replace(
        row,
        weekday=row.weekday.meet(edit.weekday) if edit.weekday is not None else row.weekday,
        saturday=row.saturday.meet(edit.saturday) if edit.saturday is not None else row.saturday,
        sunday=row.sunday.meet(edit.sunday) if edit.sunday is not None else row.sunday,
        bars_holidays=row.bars_holidays or bool(edit.bars_holidays),
        max_per_day=min(most, default=None),
        closed_days=row.closed_days | edit.closed_days,
    )


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


def _read() -> tuple[PolicyTable, ...]:
    """Read the file into a table for each day on which a row of it changed."""
    names = {FEDERAL: "Federal", CANADA: "Canada", STRICTEST: "Strictest of all states"}
    with (_DATA / "states.csv").open(encoding="utf-8", newline="") as file:
        names |= {row["code"]: row["name"] for row in csv.DictReader(file)}
    with (_DATA / "quiet_hours.csv").open(encoding="utf-8", newline="") as file:
        read = [_row(fields, names) for fields in csv.DictReader(file)]
    by_code = {code: list(rows) for code, rows in groupby(read, key=lambda row: row.code)}
    changes = {row.since for rows in by_code.values() for row in rows[1:] if row.since}
    return tuple(
        PolicyTable(day, {code: _newest(rows, day) for code, rows in by_code.items()})
        for day in sorted({_COMPILED_FOR, *changes})
    )


def _newest(rows: Sequence[Row], day: date) -> Row:
    """Return the row of a day; the first of the file holds for all that was before it."""
    return [row for row in rows if row is rows[0] or (row.since and row.since <= day)][-1]


def _row(fields: Mapping[str, str], names: Mapping[str, str]) -> Row:
    return Row(
        code=fields["state"],
        name=names.get(fields["state"], fields["state"]),
        weekday=Span.read(fields["start"], fields["end"]),
        saturday=Span.read(fields["sat_start"], fields["sat_end"]),
        sunday=Span.read(fields["sun_start"], fields["sun_end"]),
        bars_holidays=fields["holiday_rule"].startswith("barred"),
        max_per_day=int(fields["max_per_24h"]) if fields["max_per_24h"] else None,
        citation=fields["citation"],
        verified=fields["verified"],
        scope=fields["scope"],
        notes=fields["notes"],
        since=date.fromisoformat(fields["since"]) if fields["since"] else None,
    )


TABLES: Final = _read()
EDITABLE: Final = frozenset(TABLES[-1].rows) - (_DERIVED - {CANADA})
