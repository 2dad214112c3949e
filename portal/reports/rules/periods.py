"""Which days a report covers, what it is compared with, and into which pieces it is cut (M-3).

Days are dates of an account's own calendar, so no change of clocks makes one longer or lost.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.core import formats
from portal.core.errors import BadInput

LONGEST: Final = 1_100  # days: three years
_BY_DAY, _BY_WEEK = 45, 200  # days up to which a report shows days, or weeks; then months
_ONE: Final = timedelta(days=1)
PRESETS: Final[Mapping[str, str]] = {
    "7-days": "Last 7 days",
    "30-days": "Last 30 days",
    "90-days": "Last 90 days",
    "this-month": "This month",
    "last-month": "Last month",
    "this-year": "This year",
    "last-year": "Last year",
    "12-months": "Last 12 months",
}
USUAL: Final = "30-days"
FROM_TO: Final = "from-to"


@dataclass(frozen=True, slots=True)
class Span:
    """Some days in a row, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """Return how many."""
        return (self.last - self.first).days + 1

    @property
    def after(self) -> date:
        """Return the first day that is no longer of it."""
        return self.last + _ONE

    @property
    def words(self) -> str:
        """Return them as people write them: 1 to 30 Nov 2026."""
        return formats.span_words(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a report, as asked for, and those before that it is compared with."""

    name: str  # of PRESETS, or FROM_TO
    span: Span
    before: Span


@dataclass(frozen=True, slots=True)
class Piece:
    """One row of a report by time: a day, a week or a month, as far as it is in the period."""

    span: Span
    label: str
    short: str


def period(name: str, first: date | None, last: date | None, now: date) -> Period:
    """Return the period asked for: from and to win over a preset. Raises BadInput."""
    if first is not None or last is not None:
        return _from_to(first, last, now)
    name = name or USUAL
    if name not in PRESETS:
        raise BadInput(f"period: choose one of {', '.join(PRESETS)}, or give from and to.")
    month = now.replace(day=1)
    year = now.replace(month=1, day=1)
    match name:
        case "this-month":
            before = _month_before(month)
            same = min(now.day, _days_in(before))
            return Period(name, Span(month, now), Span(before, before.replace(day=same)))
        case "last-month":
            return replace(of_days(_month(_month_before(month))), name=name)
        case "this-year":
            span = Span(year, now)
            return Period(name, span, Span(_year_before(year), _year_before(now)))
        case "last-year":
            first = _year_before(year)
            whole = Span(first, year - _ONE)
            return Period(name, whole, Span(_year_before(first), first - _ONE))
        case "12-months":
            first = _year_before(now) + _ONE
            return Period(name, Span(first, now), Span(_year_before(first), first - _ONE))
    return _period(name, Span(now - timedelta(days=int(name.partition("-")[0]) - 1), now))


def of_days(span: Span) -> Period:
    """Return these very days, beside as many before; beside the month before where they are one."""
    if span == _month(span.first):
        return Period(FROM_TO, span, _month(_month_before(span.first)))
    return _period(FROM_TO, span)


def today(now: datetime, zone: str) -> date:
    """Return what day it is in a time zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def pieces(span: Span) -> list[Piece]:
    """Return the span cut into days, weeks from Monday on, or months, the oldest first."""
    found, first = [], span.first
    while first <= span.last:
        if span.days <= _BY_DAY:
            last, label, short = (
                first,
                f"{first:%a} {formats.date_words(first)}",
                f"{first.day} {first:%b}",
            )
        elif span.days <= _BY_WEEK:
            last = min(first + timedelta(days=6 - first.weekday()), span.last)
            label, short = Span(first, last).words, f"{first.day} {first:%b}"
        else:
            last = min(_month(first).last, span.last)
            label, short = f"{first:%B %Y}", f"{first:%b %y}"
        found.append(Piece(Span(first, last), label, short))
        first = last + _ONE
    return found


def unit(span: Span) -> str:
    """Return what the pieces of a span are called."""
    if span.days <= _BY_DAY:
        return "day"
    return "week" if span.days <= _BY_WEEK else "month"


def _from_to(first: date | None, last: date | None, now: date) -> Period:
    if first is None:
        raise BadInput("from: give the first day too, like 2026-03-01.")
    last = last or max(now, first)
    if last < first:
        raise BadInput(f"to: {last} is before {first}. Give a day on or after the first one.")
    span = Span(first, last)
    if span.days > LONGEST:
        raise BadInput(f"from: the period has {span.days:,} days. Choose at most {LONGEST:,}.")
    if first.year < 2000 or last.year > 2200:
        raise BadInput("from: give days between the years 2000 and 2200.")
    return _period(FROM_TO, span)


def _period(name: str, span: Span) -> Period:
    """Return the period with as many days right before it."""
    before = Span(span.first - timedelta(days=span.days), span.first - _ONE)
    return Period(name, span, before)


def _month(first: date) -> Span:
    return Span(first, first.replace(day=_days_in(first)))


def _days_in(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _month_before(first: date) -> date:
    return (first - _ONE).replace(day=1)


def _year_before(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1)
