"""When a step is due: its day after enrolment, at its time where the account is (P-1, S-11)."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.core.days import moment_of
from portal.drips.values import Step

# A step that is later than this waits for its own time of day again: so what was held, paused or
# missed goes on in order and in the plan's own rhythm, not all at once.
LATE: Final = timedelta(hours=1)

FOLLOWS_WITHIN: Final = timedelta(minutes=5)  # of the text before it, once that has left


def due_at(step: Step, started_at: datetime, zone: str) -> datetime:
    """Return when a step is due for somebody enrolled then; what is past by then is at once."""
    if step.at is None:
        return started_at
    day = started_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=step.day)
    return max(started_at, moment_of(day, step.at, zone))


def next_due(
    step: Step, started_at: datetime, zone: str, after: datetime, days_between: int = 0
) -> datetime:
    """Return when a step is due once the one before it was taken, or the plan went on, at `after`.

    Where it would be late, it comes as many days after that as the plan has between the two.
    """
    due = due_at(step, started_at, zone)
    return due if due >= after - LATE else retimed(step, after, zone, days_between)


def moved(step: Step, due: datetime, now: datetime, old_zone: str, new_zone: str) -> datetime:
    """Return when a step that is due then comes once its account has another zone.

    It keeps its day and its time of day, where the account is now; what that makes late comes at
    its time of day again.
    """
    if step.at is None:
        return due
    day = due.astimezone(ZoneInfo(old_zone)).date()
    at = moment_of(day, step.at, new_zone)
    return at if at >= now - LATE else retimed(step, now, new_zone)


def retimed(step: Step, after: datetime, zone: str, days_between: int = 0) -> datetime:
    """Return the first moment after `after`, so many days later, that has the step's time of day."""
    if step.at is None:
        return after
    day = after.astimezone(ZoneInfo(zone)).date() + timedelta(days=days_between)
    at = moment_of(day, step.at, zone)
    return at if at > after else moment_of(day + timedelta(days=1), step.at, zone)
