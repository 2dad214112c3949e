"""When a task is due, in the account's own time."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.tasks.values import PutOff

LONGEST_TITLE: Final = 200
LONGEST_NOTE: Final = 2_000
USUAL_TIME: Final = time(9)
_DAYS: Final = {PutOff.TOMORROW: 1, PutOff.THREE_DAYS: 3, PutOff.WEEK: 7}


def moment(day: date, at: time, zone: str) -> datetime:
    """Return a day and a time of the account as a moment.

    Where the clocks skip the time, that is the moment they skip to; where it comes twice, the first.
    """
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def end_of_day(now: datetime, zone: str) -> datetime:
    """Return when the account's day ends."""
    return moment(now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), time(0), zone)


def put_off_to(due_at: datetime, now: datetime, far: PutOff, zone: str) -> datetime:
    """Return so many days from today, at the time of day the task had."""
    here = ZoneInfo(zone)
    day = now.astimezone(here).date() + timedelta(days=_DAYS[far])
    return moment(day, due_at.astimezone(here).time(), zone)


def tidy_title(text: str) -> str:
    """Return a title on one line, without what no page can show."""
    return " ".join(text.replace("\0", "").split())
