"""Days that count: how long a list may be used, and a relationship exempts.

A list may be 31 days old on the day of the text (47 CFR 64.1200(c)(2)(i)(D), 16 CFR
310.4(b)(3)(iv)). A relationship exempts for 18 months after a transaction and 3 months after an
inquiry (64.1200(f)(5)); its last day here is the one before the same day of that month, so
that a text is inside the months whichever way they are counted. Days are those of the zone of
whoever asks: these functions take dates alone.
"""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

from portal.dnc.values import Relation

FRESH_DAYS: Final = 31
NOTICE_DAYS: Final = 7  # officers are told this long before
MONTHS: Final = {Relation.TRANSACTION: 18, Relation.INQUIRY: 3}


def days_left(as_of: date, today: date) -> int:
    """Return how many days after today a list may still be used; below 0: it is too old."""
    return FRESH_DAYS - (today - as_of).days


def is_fresh(as_of: date, today: date) -> bool:
    """Say whether a text of today may rest on a list downloaded that day."""
    return days_left(as_of, today) >= 0


def last_day_of_check(checked_on: date) -> date:
    """Return the last day a look by hand counts: as long as a list would."""
    return checked_on + timedelta(days=FRESH_DAYS)


def last_day(relation: Relation, happened_on: date) -> date:
    """Return the last day on which a relationship exempts."""
    whole = happened_on.month - 1 + MONTHS[relation]
    year, month = happened_on.year + whole // 12, whole % 12 + 1
    day = min(happened_on.day, monthrange(year, month)[1])
    return date(year, month, day) - timedelta(days=1)


def is_running(relation: Relation, happened_on: date, today: date) -> bool:
    """Say whether a relationship exempts on a day."""
    return happened_on <= today <= last_day(relation, happened_on)
