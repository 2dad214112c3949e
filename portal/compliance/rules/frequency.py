"""How many texts one person may get in 24 hours, by where they may be (SPEC S-2; RULINGS 4).

The laws speak of the same subject and of any number the texts come from. What a text is about
can't be told apart here, so every text of an organization counts as the same subject.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portal.compliance.rules.places import Place, presume, zone
from portal.compliance.rules.policy import FEDERAL, STRICTEST, TABLES, Row, Rules
from portal.core.formats import plural

WINDOW: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Cap:
    """The tightest of the rules that hold where a person may be, and how it was found."""

    most: int
    row: Row
    place: Place

    @property
    def sentence(self) -> str:
        """The rule in words for people, with its citation."""
        return (
            f"{self.row.name} rule: at most {plural(self.most, 'text')} to one person in 24 hours, "
            f"from all numbers of your organization together ({self.row.citation})."
        )


def cap(at: datetime, *, state: str | None, phone: str, table: Rules | None = None) -> Cap | None:
    """Return the cap that holds for a person at a time; None: no rule has one.

    `state` is the address's, as letters or name. Where the state stays unknown the strictest
    row holds, and the federal row always does.
    """
    place = presume(state, phone)[0]
    rows = (table or TABLES[-1]).on(at.astimezone(zone(place.zones[0])).date()).rows
    asked = (rows[code] for code in (*(place.codes or (STRICTEST,)), FEDERAL))
    capped = [(row.max_per_day, row) for row in asked if row.max_per_day]
    if not capped:
        return None
    most, row = min(capped, key=lambda each: each[0])
    return Cap(most, row, place)


def free_at(at: datetime, texted: Iterable[datetime], most: int) -> datetime:
    """Return the first time from `at` on at which one more text is within the cap."""
    times = sorted(texted)
    while True:
        recent = [each for each in times if at - WINDOW < each <= at]
        if len(recent) < most:
            return at
        at = recent[-most] + WINDOW
