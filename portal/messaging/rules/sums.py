"""What a planned send comes to: by cost, by reason, by day (R-7, R-8, RULINGS 16)."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from portal.messaging.rules import hours, rates
from portal.messaging.rules.plan import Advice, ClassCost, DayShare, PlannedText, ReasonCount
from portal.messaging.values import Draft, Fate, Gate

_NAMES_SHOWN: Final = 5
_HOME: Final = "United States, Canada and Caribbean"
_ABROAD: Final = "Other countries"
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def classes(texts: Sequence[PlannedText]) -> tuple[ClassCost, ...]:
    """Group whoever is sent to by what they cost (R-8)."""
    counted = Counter(
        (text.country_code != 1, text.credits, text.segments)
        for text in texts
        if text.outcome is not Fate.BLOCKED
    )
    return tuple(
        ClassCost(_ABROAD if abroad else _HOME, people, each, segments)
        for (abroad, each, segments), people in sorted(counted.items())
    )


def reasons(texts: Sequence[PlannedText]) -> tuple[ReasonCount, ...]:
    """Return why people are held or blocked, the commonest reason first."""
    grouped: dict[tuple[object, ...], list[PlannedText]] = defaultdict(list)
    for text in texts:
        if text.gate is not None:
            grouped[reason_of(text.gate)].append(text)
    return tuple(
        ReasonCount(
            _soonest(found),
            len(found),
            tuple(text.name for text in found[:_NAMES_SHOWN]),
        )
        for found in sorted(grouped.values(), key=len, reverse=True)
        if found[0].gate is not None
    )


def _soonest(found: Sequence[PlannedText]) -> Gate:
    """Return the gate of whoever goes first: texts to people of one cap go at their own times."""
    shut = [text.gate for text in found if text.gate is not None]
    return min(shut, key=lambda gate: gate.held_until or _NEVER)


def reason_of(gate: Gate) -> tuple[object, ...]:
    """Return what one line of the pre-flight is about: of hours, those that open together."""
    until = gate.held_until if gate.code in hours.CODES else None
    return gate.code, gate.outcome, gate.sentence, until


def days(texts: Sequence[PlannedText]) -> tuple[DayShare, ...]:
    """Return how many texts each day gets (RULINGS 16)."""
    shares: dict[date, list[PlannedText]] = defaultdict(list)
    for text in texts:
        if text.day is not None and text.outcome is not Fate.BLOCKED:
            shares[text.day].append(text)
    return tuple(
        DayShare(day, len(found), sum(text.segments for text in found))
        for day, found in sorted(shares.items())
    )


def advice(texts: Sequence[PlannedText], draft: Draft) -> Advice | None:
    """Say what MMS would save where it is delivered and an SMS is dear (R-7)."""
    if draft.media:
        return None
    known: dict[tuple[str, int, str | None], rates.MmsAdvice | None] = {}
    found = []
    for text in texts:
        if text.outcome is Fate.BLOCKED or not rates.is_dear(text.credits):
            continue
        which = (text.body, text.country_code, text.region)
        if which not in known:
            known[which] = rates.mms_advice(*which)
        if (advice := known[which]) is not None:
            found.append(advice)
    if not found:
        return None
    return Advice(len(found), sum(a.sms_credits for a in found), sum(a.mms_credits for a in found))
