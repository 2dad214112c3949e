"""Business days, and the tenth of them by which a revocation must be honored (Q-7).

47 CFR 64.1200(a)(10): within a reasonable time, not longer than ten business days. Saturdays,
Sundays and federal holidays, on the day they are kept, are none.
"""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.compliance.rules.holidays import FEDERAL, holidays

TO_HONOR: Final = 10
_FIRST_OF_WEEKEND: Final = 5
_DAY: Final = timedelta(days=1)


def is_business_day(day: date) -> bool:
    """Say whether offices work on a day."""
    if day.weekday() >= _FIRST_OF_WEEKEND:
        return False
    return not any(day in holidays(frozenset({FEDERAL}), year) for year in (day.year, day.year + 1))


def due_on(received: date, days: int = TO_HONOR) -> date:
    """Return the last day of a time limit that begins the day after something was received."""
    day = received
    while days:
        day += _DAY
        days -= is_business_day(day)
    return day


def lapses(received: datetime, zone: str, days: int = TO_HONOR) -> datetime:
    """Return the moment a time limit is over: as its last business day ends in a zone."""
    here = ZoneInfo(zone)
    last = due_on(received.astimezone(here).date(), days)
    morning = datetime.combine(last + _DAY, datetime.min.time(), here)
    return morning.astimezone(received.tzinfo)


def left(today: date, due: date) -> int:
    """Return how many business days are left, today not counted; below zero, how many it is late."""
    if today > due:
        return -left(due, today)
    return sum(is_business_day(today + n * _DAY) for n in range(1, (due - today).days + 1))
