"""What other slices may know of numbers that are being brought over."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from portal.core.steps import Trouble
from portal.core.tenancy import Tenant
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import Owned
from portal.gateways.porting import PortNews


class State(StrEnum):
    """Where bringing a number over stands."""

    DRAFT = "draft"
    SENDING = "sending"  # being told to Twilio, step by step
    UNDERWAY = "underway"  # reviewed, signed, with the carrier that loses it
    ACTION_NEEDED = "action_needed"  # turned down; something is to be mended
    ARRIVING = "arriving"  # it is ours and being set up
    DONE = "done"
    CANCELING = "canceling"
    CANCELED = "canceled"


STATE_WORDS = {
    State.DRAFT: "Draft",
    State.SENDING: "Being sent in",
    State.UNDERWAY: "Underway",
    State.ACTION_NEEDED: "Action needed",
    State.ARRIVING: "Arriving",
    State.DONE: "Here",
    State.CANCELING: "Being canceled",
    State.CANCELED: "Canceled",
}
_UNSIGNED = "waiting for signature"  # Twilio's word for a request that is not signed


class Step(StrEnum):
    """One thing that is told to, or asked of, Twilio; each can be done again."""

    ACCOUNT = "account"  # the organization's account at the carrier, on first need
    LISTEN = "listen"
    UPLOAD = "upload"
    ORDER = "order"
    AWAIT = "await"
    ARRIVE = "arrive"
    JOIN = "join"
    WITHDRAW = "withdraw"


class Page(StrEnum):
    """A page of the wizard."""

    CARRIER = "carrier"
    AUTHORITY = "authority"
    LETTER = "letter"


PAGE_WORDS = {
    Page.CARRIER: "Current carrier",
    Page.AUTHORITY: "Who may move it",
    Page.LETTER: "Sign and send in",
}


@dataclass(frozen=True, slots=True)
class Details:
    """What is told about the losing carrier's account, secrets apart; a draft may lack any."""

    customer_type: str = "Business"
    customer_name: str = ""
    account_phone: str = ""
    street: str = ""
    street_2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    representative: str = ""
    email: str = ""
    may_sign: bool = False
    on: str = ""  # the day it should move, ISO

    @property
    def day(self) -> date | None:
        """Return the day it should move."""
        try:
            return date.fromisoformat(self.on)
        except ValueError:
            return None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, every field named."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Details":
        """Return what was stored; a field that is not there has its default."""
        return cls(**{f.name: stored[f.name] for f in fields(cls) if f.name in stored})


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill of the losing carrier, kept sealed until the number is here."""

    name: str  # under which it is kept
    file_name: str
    media_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a number can be brought over, in words."""

    e164: str
    shown: str
    is_portable: bool
    sentence: str
    needs_pin: bool = False
    number_type: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is to be mended: the field, its page, and how."""

    field: str
    page: Page
    sentence: str
    said: str = ""  # in the carrier's words


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the timeline."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class PortInRef:
    """One number that is being brought over: what is said of it, and where it stands."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    e164: str
    name: str
    state: State
    details: Details
    has_account_number: bool
    has_pin: bool
    needs_pin: bool
    number_type: str
    bill: Bill | None
    todo: tuple[Step, ...]
    carrier_status: str
    signature_url: str
    port_date: date | None
    problems: tuple[Problem, ...]
    trouble: Trouble | None
    letter: str
    signed_by: str
    signed_at: datetime | None
    submitted_at: datetime | None
    ended_at: datetime | None
    next_at: datetime | None
    round: int
    edits: int
    edited_by: str
    sender_id: UUID | None
    is_in_progress: bool = False  # somebody talks to the carrier about it right now

    @property
    def tenant(self) -> Tenant:
        """Return whose it is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def state_label(self) -> str:
        """Return the state in words."""
        return STATE_WORDS[self.state]

    @property
    def may_be_edited(self) -> bool:
        """Say whether what it says can be changed now."""
        return self.state in (State.DRAFT, State.ACTION_NEEDED)

    @property
    def may_be_canceled(self) -> bool:
        """Say whether it can be called off."""
        return self.state in (State.DRAFT, State.SENDING, State.UNDERWAY, State.ACTION_NEEDED)

    @property
    def waits_for_signature(self) -> bool:
        """Say whether Twilio's letter is with whoever signs."""
        return self.state is State.UNDERWAY and self.carrier_status.lower() == _UNSIGNED

    @property
    def is_waiting(self) -> bool:
        """Say whether it moves on by itself."""
        return self.next_at is not None


@dataclass(frozen=True, slots=True)
class Order:
    """One step to carry out at Twilio, with all that it takes."""

    port_in_id: UUID
    tenant: Tenant
    step: Step
    lease: int  # which run; an older run's outcome is not believed
    e164: str
    name: str
    details: Details
    account_number: str = field(repr=False)
    pin: str = field(repr=False)
    bill: Bill | None
    document_sid: str | None
    request_sid: str | None
    withdrawn: tuple[str, ...]  # requests of ours that are called off
    carrier_sid: str | None
    asked_at: datetime | None  # when an earlier run asked for the same and never knew the end
    submitted_on: date
    now: datetime
    credentials: CarrierCredentials | None = field(repr=False)
    service_sid: str | None


class Result(StrEnum):
    """How one step ended."""

    DONE = "done"
    PENDING = "pending"
    WAITING = "waiting"  # it may have been asked for already, and lists may not show it yet
    TURNED_DOWN = "turned_down"
    MOVED = "moved"  # too late to call it off: the number is ours
    NOT_NOW = "not_now"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Twilio answered to an order."""

    result: Result
    sid: str | None = None
    news: PortNews | None = None
    owned: Owned | None = None
    credentials: CarrierCredentials | None = field(default=None, repr=False)
    service_sid: str | None = None
    trouble: Trouble | None = None
    asked_at: datetime | None = None  # to be kept: since when something may have been asked for
    may_have_opened: bool = False
