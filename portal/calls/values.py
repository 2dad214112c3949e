"""The words of calls."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.gateways.credentials import CarrierCredentials


class CallState(StrEnum):
    """How far a call came; a later one is never undone by an earlier one."""

    RINGING = "ringing"  # at the forwarding phone
    TOLD = "told"  # it is not forwarded: the caller was told to text
    MISSED = "missed"  # nobody took it at the forwarding phone
    ANSWERED = "answered"


STATE_WORDS: Final = {
    CallState.RINGING: "Ringing",
    CallState.TOLD: "Told to text",
    CallState.MISSED: "Not taken",
    CallState.ANSWERED: "Answered",
}


class Shown(StrEnum):
    """Which number the forwarding phone shows."""

    CALLER = "caller"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Where a number's calls go, and what is asked of a new phone before they do.

    A phone counts only once somebody heard the code there; `pending_phone` is one that did not yet.
    """

    sender_id: UUID
    phone: str | None
    shown: Shown
    verified_at: datetime | None
    verified_by: str
    pending_phone: str | None
    pending_until: datetime | None


@dataclass(frozen=True, slots=True)
class CodeCall:
    """One call that says a code: what it takes to place it."""

    sender_id: UUID
    organization_id: UUID
    account_id: UUID
    from_number: str
    phone: str
    credentials: CarrierCredentials = field(repr=False)
    twiml: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rung:
    """A call that rings at a number: what becomes of it."""

    phone: str | None  # None: it is not forwarded
    caller_id: str
    name: str  # of the brokerage, for the words a caller hears


@dataclass(frozen=True, slots=True)
class CallRef:
    """One call, without who called."""

    id: UUID
    at: datetime
    state: CallState
    seconds: int | None
    talk_seconds: int | None


@dataclass(frozen=True, slots=True)
class DaySums:
    """The calls of some days."""

    day: date | None
    calls: int = 0
    forwarded: int = 0
    answered: int = 0
    minutes: int = 0  # of callers' legs, each begun one counted
    forwarded_minutes: int = 0  # of the legs to the forwarding phone, likewise

    @property
    def missed(self) -> int:
        """Return how many rang at the forwarding phone and were not taken."""
        return self.forwarded - self.answered
