"""What a planned send comes to: by cost, by reason, by day (R-7, R-8, RULINGS 16)."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from portal.core.phone import is_mms_region
from portal.messaging.rules import hours, rates
from portal.messaging.rules.plan import (
    Advice,
    ClassAdvice,
    ClassCost,
    DayShare,
    PlannedText,
    ReasonCount,
)
from portal.messaging.values import Draft, Fate, Gate

_NAMES_SHOWN: Final = 5
_NORTH_AMERICA: Final = "United States and Canada"
_AUSTRALIA: Final = "Australia"
_WITH_MEDIA: Final = "United States, Canada and Australia, with what is attached (MMS)"
_WITH_LINK: Final = ", text with a link to what is attached"
_HOME: Final = "United States, Canada and Caribbean"
_CARIBBEAN: Final = "Caribbean"
_ABROAD: Final = "Other countries"
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def classes(texts: Sequence[PlannedText], draft: Draft) -> tuple[ClassCost, ...]:
    """Group whoever is sent to by what they get and what it costs (R-8, R-3)."""
    counted = Counter(
        (_class(text, draft), text.credits, text.segments)
        for text in texts
        if text.outcome is not Fate.BLOCKED
    )
    return tuple(
        ClassCost(label, people, each, segments)
        for ((_, label), each, segments), people in sorted(counted.items())
    )


def _class(text: PlannedText, draft: Draft) -> tuple[int, str]:
    """Return the class of a text and its place among the others."""
    if any(part.media for part in text.parts):
        return 0, _WITH_MEDIA
    has_link = any(item.page for item in draft.media)
    is_abroad = text.country_code != 1
    where = _ABROAD if is_abroad else _CARIBBEAN if draft.media else _HOME
    return 1 + is_abroad, where + (_WITH_LINK if has_link else "")


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
    found, elsewhere = Counter[tuple[str, int, int]](), 0
    for text in texts:
        if text.outcome is Fate.BLOCKED or not rates.is_dear(text.credits):
            continue
        which = (text.body, text.country_code, text.region)
        if which not in known:
            known[which] = rates.mms_advice(*which)
        if (advice := known[which]) is not None:
            label = _AUSTRALIA if text.region == "AU" else _NORTH_AMERICA
            found[label, advice.sms_credits, advice.mms_credits] += 1
        elif not is_mms_region(text.region):
            elsewhere += 1
    if not found:
        return None
    lines = tuple(ClassAdvice(label, n, sms, mms) for (label, sms, mms), n in sorted(found.items()))
    return Advice(
        found.total(),
        sum(line.people * line.sms_each for line in lines),
        sum(line.people * line.mms_each for line in lines),
        lines,
        elsewhere,
    )
