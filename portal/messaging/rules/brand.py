"""The gate of a registered brand's day, which all accounts of an organization share (S-5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from portal.messaging.values import Fate, Gate
from portal.registrations.rules import tiers

BRAND_SEGMENTS: Final = "brand_segments"


@dataclass(frozen=True, slots=True)
class Leaving:
    """One text that will leave, if the brand's day has room: when at the earliest, and how big."""

    at: datetime
    segments: int
    is_reply: bool


@dataclass(frozen=True, slots=True)
class BrandWait:
    """Who will wait for the brand's days to come, as things stand (S-5)."""

    people: int
    until: datetime  # when the last of them may go
    left: int  # segments of the first day, before this send
    cap: int


def brand_day(used: int, segments: int, cap: int, next_day: datetime) -> Gate | None:
    """Hold what would pass the brand's day until the next one begins."""
    if used + segments <= cap:
        return None
    return Gate(
        BRAND_SEGMENTS,
        "Today's limit of your brand, all accounts together, is reached. It goes after midnight "
        "Pacific time.",
        Fate.HELD,
        held_until=next_day,
    )


def foresee(
    texts: Iterable[Leaving], used: int, score: int | None, now: datetime
) -> BrandWait | None:
    """Return who will find the brand's day full, given what has left on it; None: nobody.

    Days to come count as empty, and texts take their places in order. What other sends have
    still to hand over is not known here.
    """
    cap, carrier_cap = tiers.daily_cap(score), tiers.carrier_cap(score)
    taken: dict[date, int] = {tiers.day_of(now): used}
    open_from: dict[date, date] = {}  # a day that was found full sends the next one on at once
    people, last, first = 0, now, None
    for text in texts:
        wanted = tiers.day_of(max(text.at, now))
        first = first or wanted
        most = carrier_cap if text.is_reply else cap
        day = wanted if text.is_reply else open_from.get(wanted, wanted)
        while taken.get(day, 0) and taken[day] + text.segments > most:
            day += timedelta(days=1)
        taken[day] = taken.get(day, 0) + text.segments
        if not text.is_reply:
            open_from[wanted] = day
        if day > wanted:
            people, last = people + 1, max(last, tiers.begins(day))
    if not people or first is None:
        return None
    before = used if first == tiers.day_of(now) else 0
    return BrandWait(people, last, max(0, cap - before), cap)
