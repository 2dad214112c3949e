"""Days as an address or a form bears them."""

from datetime import date
from typing import Final

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
