"""The gate of how often a person is texted in 24 hours, by the rules of their state (S-2, S-11)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from portal.compliance.rules import frequency, windows
from portal.compliance.rules.frequency import Cap
from portal.compliance.rules.policy import Rulebook
from portal.compliance.values import RuleUsed
from portal.core.formats import plural
from portal.messaging.rules.hours import FIX, FOUND_BY
from portal.messaging.values import Fate, Gate, Kind

CAP: Final = "frequency_cap"


@dataclass(frozen=True, slots=True)
class TooOften:
    """A person has had as many texts as their state allows; until when, and by which rule."""

    gate: Gate
    free_at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)  # as stored with the text (S-2)


class Caps:
    """Asks an organization's rules for many people, each place once."""

    def __init__(self, book: Rulebook) -> None:
        """Judge by this book."""
        self._book = book
        self._known: dict[tuple[datetime, str, str], Cap | None] = {}

    def of(self, at: datetime, *, state: str, e164: str) -> Cap | None:
        """Return the cap that holds for a number at a time, or None."""
        is_home = e164.startswith("+1") and len(e164) == 12
        asked = (at, state, e164[:5] if is_home else e164)
        if asked not in self._known:
            self._known[asked] = frequency.cap(
                at, state=state or None, phone=e164, table=self._book
            )
        return self._known[asked]


def counts(kind: Kind, *, is_answer: bool) -> bool:
    """Say whether a text is one the laws count: no notice, and no answer to the person's own."""
    return kind is not Kind.SYSTEM and not (kind is Kind.ONE_TO_ONE and is_answer)


def too_often(at: datetime, cap: Cap | None, texted: Iterable[datetime]) -> TooOften | None:
    """Return what holds one more text at a time, given the times of the others; None: it may go."""
    if cap is None:
        return None
    free_at = frequency.free_at(at, texted, cap.most)
    if free_at == at:
        return None
    law = windows.LAW.on(at.date()).rows[cap.row.code]
    rule = RuleUsed(
        cap.row.name,
        f"at most {plural(cap.most, 'text')} in 24 hours",
        cap.row.citation,
        cap.row.verified,
        FOUND_BY[cap.place.source],
        cap.place.zones,
        cap.row.since,
        is_own=cap.most != law.max_per_day,
        is_cap=True,
    )
    facts = {
        "cap": cap.most,
        "rule": cap.row.code,
        "by": cap.place.source,
        "table": at.date().isoformat(),
    }
    return TooOften(
        Gate(CAP, cap.sentence, Fate.HELD, *FIX, held_until=free_at, rule=rule), free_at, facts
    )
