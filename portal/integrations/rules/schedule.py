"""When a delivery that failed is tried again: eight tries within a day."""

from datetime import datetime, timedelta
from typing import Final

# The wait before the second try, before the third and so on: 23 h 36 min 5 s in all.
WAITS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=15),
)
MOST_TRIES: Final = len(WAITS) + 1
GIVEN_UP_BEFORE_OFF: Final = 3  # in a row, nothing having arrived in between
GONE: Final = 410  # the receiver says that nobody will ever listen there again


def next_try(tries: int, now: datetime) -> datetime | None:
    """Return when to try again after so many tries; None: give up."""
    return now + WAITS[tries - 1] if tries < MOST_TRIES else None


def off_reason(status: int | None, given_up: int) -> str | None:
    """Return why an endpoint is switched off after a failure, None when it stays on."""
    if status == GONE:
        return "The address answered 410 Gone."
    if given_up >= GIVEN_UP_BEFORE_OFF:
        return f"{given_up} events in a row could not be delivered within a day each."
    return None
