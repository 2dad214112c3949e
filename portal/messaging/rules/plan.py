"""A send before it happens: who goes, who waits, who is left out, and what it costs (S-1, R-8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from portal.messaging.rules.brand import BrandWait
from portal.messaging.rules.price import Share
from portal.messaging.values import Counters, Fate, Gate


@dataclass(frozen=True, slots=True)
class Part:
    """What the carrier takes at once of a longer text (R-4)."""

    body: str
    encoding: str
    segments: int
    credits: int
    media: int = 0  # attachments that go with it


def sum_of_segments(parts: Sequence[Part]) -> int:
    """Return the carrier segments of all parts of a text."""
    return parts[0].segments if len(parts) == 1 else sum(part.segments for part in parts)


@dataclass(frozen=True, slots=True)
class PlannedText:
    """What would happen to one recipient, and why."""

    contact_id: UUID | None
    name: str
    e164: str | None
    outcome: Fate
    gate: Gate | None
    body: str
    parts: tuple[Part, ...]
    country_code: int
    region: str | None = None
    is_reply: bool = False  # answers the person's own text of the last 24 hours
    draws_on_reserve: bool = False
    passed_limit: str = ""  # which it goes over at the sender's risk (S-5)
    day: date | None = None  # the day whose limits it counts against
    not_before: datetime | None = None
    from_e164: str | None = None
    is_first: bool = False  # nobody texted this number from this account before (S-3)
    consent_record_id: UUID | None = None
    hours: Mapping[str, Any] | None = None  # the facts by which the rules of hours hold it

    @property
    def credits(self) -> int:
        """Credits of all its parts."""
        if len(self.parts) == 1:  # nearly every text, and asked for several times each
            return self.parts[0].credits
        return sum(part.credits for part in self.parts)

    @property
    def segments(self) -> int:
        """Carrier segments of all its parts."""
        return sum_of_segments(self.parts)

    @property
    def encoding(self) -> str:
        """The encoding of its first part."""
        return self.parts[0].encoding if self.parts else "GSM-7"

    @property
    def is_international(self) -> bool:
        """Whether the foreign rate holds (K-3)."""
        return self.e164 is not None and self.country_code != 1


@dataclass(frozen=True, slots=True)
class ClassCost:
    """One recipient class of the cost table (R-8): everybody who costs the same."""

    label: str
    people: int
    credits_each: int
    segments_each: int

    @property
    def credits(self) -> int:
        """Credits of the class."""
        return self.people * self.credits_each


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """One reason for holding or blocking, and how many it concerns."""

    gate: Gate
    count: int
    names: tuple[str, ...]  # the first few people


@dataclass(frozen=True, slots=True)
class DayShare:
    """How many of a spread send go on one day (RULINGS 16)."""

    day: date
    people: int
    segments: int


@dataclass(frozen=True, slots=True)
class ClassAdvice:
    """Recipients of one class for whom MMS would be cheaper, and what each costs either way."""

    label: str
    people: int
    sms_each: int
    mms_each: int

    @property
    def saves(self) -> int:
        """Credits it would save for the class."""
        return self.people * (self.sms_each - self.mms_each)


@dataclass(frozen=True, slots=True)
class Advice:
    """For some recipients MMS would be cheaper (R-7): what they cost either way, by class."""

    people: int
    sms_credits: int
    mms_credits: int
    classes: tuple[ClassAdvice, ...] = ()
    elsewhere: int = 0  # people who cost as much where no MMS is delivered

    @property
    def saves(self) -> int:
        """Credits it would save in all."""
        return self.sms_credits - self.mms_credits


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole send before it happens: who goes, who waits, who is left out, what it costs."""

    texts: tuple[PlannedText, ...]
    stopper: Gate | None  # a gate that stops everything; nothing can be sent
    classes: tuple[ClassCost, ...]
    reasons: tuple[ReasonCount, ...]
    days: tuple[DayShare, ...]
    counters: Counters  # today, before this send
    recipients_taken: int  # of today's limits, by this send
    segments_taken: int
    available: int  # credits before this send
    share: Share | None  # the sender's own part of a shared account, before this send (SPEC 1)
    forcing: tuple[str, ...]  # characters that made the template dear
    replacements: Mapping[str, str]
    advice: Advice | None
    over_limit: int  # people beyond today's limits: choose trim or spread
    brand: BrandWait | None  # who will wait for the brand's next days; they count as going
    key: str  # stands for exactly this text, these recipients and this cost

    def having(self, outcome: Fate) -> tuple[PlannedText, ...]:
        """Return the texts with this outcome, in order."""
        return tuple(text for text in self.texts if text.outcome is outcome)

    def _count(self, outcome: Fate) -> int:
        return sum(text.outcome is outcome for text in self.texts)

    @property
    def go(self) -> int:
        """How many people are texted at once (or at the scheduled time)."""
        return self._count(Fate.GO)

    @property
    def held(self) -> int:
        """How many go later."""
        return self._count(Fate.HELD)

    @property
    def blocked(self) -> int:
        """How many are left out."""
        return self._count(Fate.BLOCKED)

    @property
    def credits(self) -> int:
        """Credits reserved on sending: of everybody who goes now or later."""
        return sum(t.credits for t in self.texts if t.outcome is not Fate.BLOCKED)

    @property
    def segments(self) -> int:
        """Carrier segments of everybody who goes now or later."""
        return sum(t.segments for t in self.texts if t.outcome is not Fate.BLOCKED)

    @property
    def balance_after(self) -> int:
        """Credits left after this send; below zero means it can't be made."""
        return self.available - self.credits

    @property
    def shortfall(self) -> int:
        """Credits missing for the whole send."""
        return max(0, -self.balance_after)

    @property
    def barrier(self) -> Gate | None:
        """The gate that stops all of it, for the account or for its sender."""
        return self.stopper or (self.share.gate(self.credits) if self.share else None)

    @property
    def may_send(self) -> bool:
        """Whether anything would go, and there are credits for all of it."""
        return self.barrier is None and self.shortfall == 0 and self.go + self.held > 0
