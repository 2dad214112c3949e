"""Whether somebody whose number a carrier names had agreed when they were texted (A-2 part 6).

What counts is what held when the texts left, not what stands today: an opt-out since then takes
nothing from the proof, and a consent recorded since then adds nothing to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.consent.values import Event, RecordRef, Strength
from portal.core import formats

_BEST_FIRST: Final = (
    Strength.EXPRESS_WRITTEN,
    Strength.EXPRESS,
    Strength.INQUIRY,
    Strength.NONE,
)
_ENDS: Final = frozenset({Event.OPTED_OUT, Event.ENDED})
_GIVES: Final = frozenset({Event.GIVEN, Event.OPTED_IN})


class Outcome(StrEnum):
    """What was found for one number."""

    PROVEN = "proven"
    WITHOUT = "without"  # it was texted, and the proof has a gap
    NEVER_TEXTED = "never_texted"  # by this account
    UNREAD = "unread"  # it is no number


OUTCOME_WORDS: Final[Mapping[Outcome, str]] = {
    Outcome.PROVEN: "Proof of opt-in",
    Outcome.WITHOUT: "Without proof",
    Outcome.NEVER_TEXTED: "Never texted by this account",
    Outcome.UNREAD: "Not a phone number",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """Texts to one number the carrier took, by the record they rested on when they left."""

    record_id: UUID | None
    texts: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it is kept today: what it lacks, and whether it is what was logged."""

    record: RecordRef
    missing: tuple[str, ...] = ()
    is_logged: bool = True


@dataclass(frozen=True, slots=True)
class NumberProof:
    """What was found for one number, as of one moment; `why` says what is missing."""

    written: str
    e164: str | None
    outcome: Outcome
    why: str = ""
    record_id: UUID | None = None
    who: str = ""
    how: str = ""  # the way they agreed
    strength: str = ""
    agreed_at: datetime | None = None
    texts: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    missing: tuple[str, ...] = field(default=())  # facts a carrier looks for that the record lacks

    @property
    def is_proven(self) -> bool:
        """Say whether there is proof."""
        return self.outcome is Outcome.PROVEN

    @property
    def outcome_words(self) -> str:
        """Return what was found, in words."""
        return OUTCOME_WORDS[self.outcome]


def judge(
    written: str,
    e164: str,
    sent: Sequence[Sent],
    history: Sequence[RecordRef],
    kept: Mapping[UUID, Kept],
    *,
    zone: str,
) -> NumberProof:
    """Return what proves that a number agreed before it was texted, or what is missing.

    `history` is of the number alone, newest first; `kept` holds at least what its texts rested on.
    Its words say times in the zone.
    """
    if not sent:
        best = _best(history, kept)
        return _told((written, e164), Outcome.NEVER_TEXTED, _never(history), best)
    totals = _Totals(
        sum(some.texts for some in sent),
        min(some.first_at for some in sent),
        max(some.last_at for some in sent),
    )
    rested = [kept[s.record_id] for s in sent if s.record_id in kept and s.record_id is not None]
    loose = [s for s in sent if s.record_id is None or s.record_id not in kept]
    for some in loose:
        held = held_at(history, some.first_at)
        if held is None or held_at(history, some.last_at) is None:
            why = _gap(some, totals, history, zone)
            return _told((written, e164), Outcome.WITHOUT, why, _first(rested), totals)
        rested.append(kept.get(held.id, Kept(held)))
    proof = min(rested, key=lambda k: (_BEST_FIRST.index(k.record.strength), k.record.happened_at))
    why = _unusable(proof, zone)
    outcome = Outcome.WITHOUT if why else Outcome.PROVEN
    return _told((written, e164), outcome, why, proof, totals)


def held_at(history: Sequence[RecordRef], at: datetime) -> RecordRef | None:
    """Return the consent of a number that held at a moment, None where none did.

    A record counts from when it says the person agreed, even if it was written down later.
    """
    before = [record for record in history if record.happened_at <= at]
    for record in sorted(before, key=lambda r: (r.happened_at, r.recorded_at), reverse=True):
        if record.event in _ENDS:
            return None
        is_over = record.expires_at is not None and record.expires_at <= at
        if record.event in _GIVES and record.strength is not Strength.NONE and not is_over:
            return record
    return None


@dataclass(frozen=True, slots=True)
class _Totals:
    texts: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None


def _told(
    number: tuple[str, str],
    outcome: Outcome,
    why: str,
    proof: Kept | None,
    totals: _Totals | None = None,
) -> NumberProof:
    record = proof.record if proof is not None else None
    totals = totals or _Totals()
    return NumberProof(
        written=number[0],
        e164=number[1],
        outcome=outcome,
        why=why,
        record_id=record.id if record else None,
        who=record.name if record else "",
        how=record.method_label if record else "",
        strength=record.strength_label if record else "",
        agreed_at=record.happened_at if record else None,
        texts=totals.texts,
        first_at=totals.first_at,
        last_at=totals.last_at,
        missing=proof.missing if proof is not None else (),
    )


def _never(history: Sequence[RecordRef]) -> str:
    known = any(record.event in _GIVES for record in history)
    return (
        "No text of this account went to it. A consent is recorded all the same."
        if known
        else "No text of this account went to it, and no consent is recorded."
    )


def _gap(some: Sent, totals: _Totals, history: Sequence[RecordRef], zone: str) -> str:
    """Say which texts no consent covers, and what there is instead."""
    what = (
        formats.plural(some.texts, "text")
        if some.texts == totals.texts
        else f"{formats.number(some.texts)} of {formats.plural(totals.texts, 'text')}"
    )
    gone = (
        f"{what} went without a consent on record, the first {formats.moment(some.first_at, zone)}."
    )
    if not history:
        return f"{gone} Nothing is recorded for this number."
    before = [record for record in history if record.happened_at <= some.last_at]
    if not before:
        later = formats.moment(min(record.happened_at for record in history), zone)
        return f"{gone} What is recorded begins later, {later}."
    latest = max(before, key=lambda record: record.happened_at)
    return f"{gone} Last before: {latest.event_label.lower()}, {formats.moment(latest.happened_at, zone)}."


def _unusable(proof: Kept, zone: str) -> str:
    """Say why a record can't be shown to anybody; nothing where it can."""
    record = proof.record
    if record.redacted_at is not None:
        return (
            "The consent is in the log, but its personal data was erased at the person's request, "
            f"{formats.moment(record.redacted_at, zone)}."
        )
    if not proof.is_logged:
        return "The record is not the one in the log: ask an administrator to check the log."
    return ""


def _first(rested: Sequence[Kept]) -> Kept | None:
    return min(rested, key=lambda k: k.record.happened_at, default=None)


def _best(history: Sequence[RecordRef], kept: Mapping[UUID, Kept]) -> Kept | None:
    given = [record for record in history if record.event in _GIVES]
    best = min(given, key=lambda r: (_BEST_FIRST.index(r.strength), r.happened_at), default=None)
    return kept.get(best.id, Kept(best)) if best is not None else None
