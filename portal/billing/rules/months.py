"""Months in an organization's time zone: when each 1st begins, and which one a moment means (B-3)."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.core.days import moment_of

_FIRST_OF_ALL: Final = timedelta(hours=14)  # before UTC: where on Earth a day begins first
_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Month:
    """One calendar month in a time zone, as instants."""

    first_day: date
    last_day: date
    starts_at: datetime
    ends_at: datetime  # the first instant of the next month

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return self.last_day.day


def day_start(day: date, zone: str) -> datetime:
    """Return the first instant of a local day, in UTC.

    Where the clocks skip midnight, that is the moment they skip to; where midnight
    comes twice, the earlier one.
    """
    return moment_of(day, time(), zone)


def local_day(moment: datetime, zone: str) -> date:
    """Return the date it is in zone at moment."""
    return moment.astimezone(ZoneInfo(zone)).date()


def month_of(moment: datetime, zone: str) -> Month:
    """Return the calendar month of zone that moment falls in (B-3)."""
    first = local_day(moment, zone).replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    following = last + timedelta(days=1)
    return Month(first, last, day_start(first, zone), day_start(following, zone))


def first_at(moment: datetime, zone: str) -> datetime:
    """Return when the 1st that began somewhere at this moment begins in zone (B-3).

    For what was worked out before an organization moved to another time zone. A 1st begins
    somewhere between 14 hours before and 12 hours after it does in UTC, so the moment says which
    1st was meant, wherever that was.
    """
    somewhere = (moment.astimezone(UTC) + _FIRST_OF_ALL).date()
    return day_start(somewhere.replace(day=1), zone)


def month_before(moment: datetime, zone: str) -> Month:
    """Return the month in zone that ends with the 1st that this moment means (`first_at`)."""
    return month_of(first_at(moment, zone) - _MOMENT, zone)


def days_left(month: Month, today: date) -> int:
    """Return how many days of the month are left, today included: from none to all of them."""
    return min(month.days, max(0, (month.last_day - today).days + 1))


def period(month: date) -> str:
    """Return a month as references name it: 2026-09."""
    return f"{month:%Y-%m}"


def months_down(newest: date, oldest: date) -> list[date]:
    """Return the first days of the months from newest to oldest, both included."""
    count = (newest.year - oldest.year) * 12 + newest.month - oldest.month + 1
    numbers = [newest.year * 12 + newest.month - 1 - step for step in range(count)]
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]
