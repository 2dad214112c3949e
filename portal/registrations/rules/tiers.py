"""How much a registered brand may send in a day, all its accounts together (S-5, FACTS 5.5)."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

PACIFIC: Final = ZoneInfo("America/Los_Angeles")  # the carrier's day ends at midnight there
UNVETTED: Final = 2_000
# From this trust score on, so many segments a day.
TIERS: Final = ((75, 200_000), (50, 40_000), (25, 10_000), (1, UNVETTED))
SAFE_PERCENT: Final = 80  # of the carrier's cap: all traffic counted as if it were T-Mobile's
ALERTS: Final = (50, 70)  # percent of the cap (S-5)


def carrier_cap(score: int | None) -> int:
    """Return the segments a day the carrier lets through for a brand; None: it was not vetted."""
    if score is None:
        return UNVETTED
    return next((cap for least, cap in TIERS if score >= least), UNVETTED)


def daily_cap(score: int | None) -> int:
    """Return the segments a day that we let a brand send: a safe part of the carrier's cap."""
    return carrier_cap(score) * SAFE_PERCENT // 100


def day_of(at: datetime) -> date:
    """Return the brand's day at a time."""
    return at.astimezone(PACIFIC).date()


def next_day(at: datetime) -> datetime:
    """Return when the brand's next day begins."""
    return begins(day_of(at) + timedelta(days=1))


def begins(day: date) -> datetime:
    """Return when a day of a brand begins."""
    return datetime.combine(day, time(), PACIFIC)


def alert_of(before: int, after: int, cap: int) -> int | None:
    """Return the share of the cap that was passed between two counts, if one was: the highest."""
    passed = [share for share in ALERTS if before * 100 < cap * share <= after * 100]
    return max(passed) if passed else None
