"""When a report goes, and about which days: pure dates in the organization's zone."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.core.days import moment_of
from portal.reports.rules.periods import Period, Span, of_days
from portal.schedules.values import Rhythm

GOES_AT: Final = time(7)  # before the working day begins
_WEEK: Final = timedelta(days=7)


def next_time(rhythm: Rhythm, after: datetime, zone: str) -> datetime:
    """Return the next Monday or 1st at seven, later than `after`.

    Where the clocks skip seven it is the moment they skip to; where seven comes twice, the first.
    """
    day = after.astimezone(ZoneInfo(zone)).date()
    day = day - timedelta(days=day.weekday()) if rhythm is Rhythm.WEEKLY else day.replace(day=1)
    while _at(day, zone) <= after:
        day = day + _WEEK if rhythm is Rhythm.WEEKLY else _next_month(day)
    return _at(day, zone)


def period_before(rhythm: Rhythm, at: datetime, zone: str) -> Period:
    """Return the whole week or month that was over last at a moment."""
    today = at.astimezone(ZoneInfo(zone)).date()
    if rhythm is Rhythm.WEEKLY:
        monday = today - timedelta(days=today.weekday())
        return of_days(Span(monday - _WEEK, monday - timedelta(days=1)))
    last = today.replace(day=1) - timedelta(days=1)
    return of_days(Span(last.replace(day=1), last))


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _at(day: date, zone: str) -> datetime:
    return moment_of(day, GOES_AT, zone)
