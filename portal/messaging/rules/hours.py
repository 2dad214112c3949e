"""When a text to one person may go, and until when it may wait with the carrier (P-3, S-2).

The rules themselves are `compliance.rules.windows`; here is what they mean for a text: which
of them it keeps, what frees it of them, and that a window about to close counts as closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from portal.compliance.errors import NeverOpen
from portal.compliance.rules import windows
from portal.compliance.rules.places import zone
from portal.compliance.rules.policy import Rulebook
from portal.compliance.rules.windows import Why
from portal.compliance.values import RuleUsed
from portal.core.formats import plural
from portal.messaging.values import Fate, Gate, Timing

# From the last look to the first byte 20 seconds, in the carrier's queue 60.
LEAST: Final = timedelta(seconds=80)
ANSWERS_FOR: Final = timedelta(hours=24)
INSISTS_FOR: Final = timedelta(minutes=15)
ASK_AGAIN: Final = timedelta(days=1)  # where no time within a year is open
_AREA: Final = 5  # "+1" and the area code, which says all that a number of country code 1 says
_CODES: Final = {
    "hours": "quiet_hours",
    "sunday": "quiet_day",
    "saturday": "quiet_day",
    "holiday": "holiday",
    "closed day": "closed_day",
    "open": "quiet_hours",  # it closes in a moment
}
CODES: Final = frozenset({*_CODES.values(), "never_open"})
FIX: Final = ("compliance.hours", "See the rule")  # takes account_id
FOUND_BY: Final = {
    "address": "the address",
    "area code": "the area code",
    "address and area code": "address and area code",
    "country code": "the country code",
    "unknown": "nothing: the strictest rule holds",
}


@dataclass(frozen=True, slots=True)
class Hours:
    """What the rules say of one text at one time; `code` is empty where it may go."""

    opens_at: datetime  # the time itself where it may go then
    closes_at: datetime  # until when it may be handed to the person
    code: str = ""
    sentence: str = ""
    rule: RuleUsed | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)  # as stored with the text (S-2)

    @property
    def is_open(self) -> bool:
        """Say whether the text may go."""
        return not self.code

    @property
    def gate(self) -> Gate | None:
        """Return the gate that holds the text until it may go, or None."""
        if self.is_open:
            return None
        return Gate(self.code, self.sentence, Fate.HELD, *FIX, self.opens_at, self.rule)


def freed(told: Hours, at: datetime, until: datetime | None, timing: Timing) -> Hours:
    """Return the hours of a text that keeps none until a time, where that lasts long enough."""
    if until is None or until - at < LEAST or (told.is_open and told.closes_at >= until):
        return told
    return Hours(at, until, facts={"timing": timing.value, "free_until": until.isoformat()})


def words_of(stored: Mapping[str, Any] | None) -> str:
    """Return the rule a text was judged by, from the facts stored with it, with its citation."""
    if not stored:
        return ""
    if "free_until" in stored:
        is_insisted = stored["timing"] == Timing.INSISTED
        return "Sent outside the hours, with a reason" if is_insisted else "An answer: no hours"
    if "table" not in stored:
        return ""
    row = windows.LAW.on(date.fromisoformat(stored["table"])).rows.get(stored["rule"])
    if row is None:
        return ""
    if "cap" in stored:
        return f"{row.name}: at most {plural(stored['cap'], 'text')} in 24 hours ({row.citation})"
    return f"{row.name} hours {stored['hours']} ({row.citation})"


class Clockwork:
    """Asks an organization's rules for many texts, each place once.

    A campaign of thousands asks for a few hundred places at one instant.
    """

    def __init__(self, book: Rulebook) -> None:
        """Judge by this book."""
        self._book = book
        self._known: dict[tuple[datetime, str, str, bool], Hours] = {}

    def look(self, at: datetime, *, state: str, e164: str, timing: Timing) -> Hours:
        """Return what the rules say of a text to a number at a time."""
        is_home = e164.startswith("+1") and len(e164) == 12
        automated = timing is Timing.AUTOMATED
        asked = (at, state, e164[:_AREA] if is_home else e164, automated)
        if (known := self._known.get(asked)) is None:
            known = self._known[asked] = self._judge(at, state, e164, automated=automated)
        return known

    def _judge(self, at: datetime, state: str, e164: str, *, automated: bool) -> Hours:
        ask: Any = {
            "state": state or None, "phone": e164, "automated": automated, "table": self._book
        }  # fmt: skip
        try:
            told = windows.why(at, **ask)
            closes_at = windows.closes(told.opens_at, **ask)
            if told.is_open and closes_at - at >= LEAST:
                return Hours(at, closes_at, facts=self._facts(told, automated=automated))
            opens_at = told.opens_at
            if told.is_open or closes_at - opens_at < LEAST:
                opens_at = windows.next_allowed(closes_at, **ask)
                closes_at = windows.closes(opens_at, **ask)
        except NeverOpen as error:
            return Hours(at + ASK_AGAIN, at + ASK_AGAIN, "never_open", error.message)
        return Hours(
            opens_at,
            closes_at,
            _CODES[told.reason],
            _sentence(told),
            self._rule(told),
            self._facts(told, automated=automated),
        )

    def _facts(self, told: Why, *, automated: bool) -> dict[str, Any]:
        """Return what decided, short: it is stored with every text."""
        table = self._book.on(told.opens_at.date())
        return {
            "timing": (Timing.AUTOMATED if automated else Timing.BY_HAND).value,
            "rule": told.row.code,
            "hours": str(told.row.usual(_local_day(told))),
            "why": told.reason,
            "zones": list(told.zones),
            "by": told.source,
            "table": table.holds_from.isoformat(),
            "tzdata": told.tzdata,
        }

    def _rule(self, told: Why) -> RuleUsed:
        law = windows.LAW.on(_local_day(told)).rows[told.row.code]
        return RuleUsed(
            told.row.name,
            str(told.row.usual(_local_day(told))),
            told.citation,
            told.row.verified,
            FOUND_BY[told.source],
            told.zones,
            told.row.since,
            is_own=not told.row.opens_as(law),
        )


def _sentence(told: Why) -> str:
    """Return the rule's sentence; of a window about to close, the hours that are about to end."""
    if told.is_open:
        hours = told.row.usual(_local_day(told))
        return (
            f"{told.row.name} rule: texts go {hours}, {windows.place_of(told.zone)} time, "
            f"and that ends in a moment ({told.citation})."
        )
    return told.sentence


def _local_day(told: Why) -> date:
    return told.opens_at.astimezone(zone(told.zone)).date()
