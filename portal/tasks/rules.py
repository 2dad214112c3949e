"""When a task is due, in the account's own time."""

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.core.days import moment_of
from portal.core.typed import line
from portal.tasks.values import PutOff

LONGEST_TITLE: Final = 200
LONGEST_NOTE: Final = 2_000
USUAL_TIME: Final = time(9)
_DAYS: Final = {PutOff.TOMORROW: 1, PutOff.THREE_DAYS: 3, PutOff.WEEK: 7}


def end_of_day(now: datetime, zone: str) -> datetime:
    """Return when the account's day ends."""
    return moment_of(now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), time(0), zone)


def put_off_to(due_at: datetime, now: datetime, far: PutOff, zone: str) -> datetime:
    """Return so many days from today, at the time of day the task had."""
    here = ZoneInfo(zone)
    day = now.astimezone(here).date() + timedelta(days=_DAYS[far])
    return moment_of(day, due_at.astimezone(here).time(), zone)


def tidy_title(text: str) -> str:
    """Return a title on one line, without what no page can show."""
    return line(text, None)
