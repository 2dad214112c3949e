"""Days as an address or a form bears them, and the moments they begin at somewhere."""

from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from portal.core.errors import BadInput

FIRST_YEAR: Final = 1900  # beyond these a slip of the keyboard, and beyond what time zones reckon
LAST_YEAR: Final = 2999


def day_of(name: str, typed: str) -> date | None:
    """Return the day that was typed into a field, None where nothing was. Raises BadInput."""
    if not typed:
        return None
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        raise BadInput(f"{name}: {typed[:40]} is not a day. Write it like 2026-03-14.") from None
    if not is_sane(found):
        raise BadInput(f"{name}: check the year. Days go from {FIRST_YEAR} to {LAST_YEAR}.")
    return found


def is_sane(day: date) -> bool:
    """Say whether somebody can have meant this day."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def moment_of(day: date, at: time, zone: str) -> datetime:
    """Return a day and a time somewhere as a moment, in UTC.

    Where the clocks skip the time, that is the moment they skip to; where it comes twice, the first.
    """
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)
