"""What other slices may know of registrations."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from portal.core.formats import date_words
from portal.core.steps import Trouble
from portal.core.tenancy import Tenant
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.registrations import Review


class Kind(StrEnum):
    """What is registered."""

    A2P = "a2p"  # the organization's brand, its campaign, and its local numbers
    TOLL_FREE = "toll_free"  # one toll-free number


class State(StrEnum):
    """Where a registration stands."""

    DRAFT = "draft"
    SUBMITTING = "submitting"  # being told to the carrier, step by step
    IN_REVIEW = "in_review"
    REGISTERED = "registered"
    REJECTED = "rejected"
    SUSPENDED = "suspended"  # was registered; the carriers stopped it


STATE_WORDS = {
    State.DRAFT: "Draft",
    State.SUBMITTING: "Being sent in",
    State.IN_REVIEW: "In review",
    State.REGISTERED: "Registered",
    State.REJECTED: "Rejected",
    State.SUSPENDED: "Suspended",
}


class Step(StrEnum):
    """One thing that is told to, or asked of, the carrier; each can be done again."""

    PRIMARY = "primary"
    PROFILE = "profile"
    ADDRESS = "address"
    BUSINESS = "business"
    REPRESENTATIVE = "representative"
    ADDRESS_DOCUMENT = "address_document"
    ATTACH_PROFILE = "attach_profile"
    SUBMIT_PROFILE = "submit_profile"
    A2P_PROFILE = "a2p_profile"
    A2P_INFORMATION = "a2p_information"
    ATTACH_A2P = "attach_a2p"
    SUBMIT_A2P = "submit_a2p"
    BRAND = "brand"
    AWAIT_BRAND = "await_brand"
    CAMPAIGN = "campaign"
    AWAIT_CAMPAIGN = "await_campaign"
    NUMBERS = "numbers"
    WATCH = "watch"  # for as long as it is registered
    VERIFICATION = "verification"
    AWAIT_VERIFICATION = "await_verification"
    UPDATE_PARTS = "update_parts"
    RESUBMIT_BRAND = "resubmit_brand"
    RESUBMIT_CAMPAIGN = "resubmit_campaign"
    WITHDRAW_CAMPAIGN = "withdraw_campaign"  # for another one: a service has one at most
    RESUBMIT_VERIFICATION = "resubmit_verification"


class Page(StrEnum):
    """A page of the wizard."""

    BUSINESS = "business"
    CONTACT = "contact"
    MESSAGES = "messages"
    OPT_IN = "opt_in"
    CHECK = "check"


PAGE_WORDS = {
    Page.BUSINESS: "Business",
    Page.CONTACT: "Contact",
    Page.MESSAGES: "Messages",
    Page.OPT_IN: "Opt-in",
    Page.CHECK: "Check and send in",
}


@dataclass(frozen=True, slots=True)
class Details:
    """All that is told to carriers; a draft may lack any of it."""

    legal_name: str = ""
    business_kind: str = ""
    ein: str = ""
    website: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    tier: str = "low"  # "low": up to 2,000 segments a day, without vetting; "standard": vetted
    first_name: str = ""
    last_name: str = ""
    title: str = ""
    position: str = ""
    email: str = ""
    phone: str = ""
    use_case: str = ""
    description: str = ""
    sample_1: str = ""
    sample_2: str = ""
    sample_3: str = ""
    has_links: bool = False
    has_phone: bool = False
    opt_in_message: str = ""
    opt_out_message: str = ""
    help_message: str = ""
    form_id: str = ""  # the published form it was filled from; "" for a page of one's own
    opt_in_url: str = ""
    message_flow: str = ""
    privacy_url: str = ""
    terms_url: str = ""
    image_url: str = ""  # a picture of the form, for toll-free verification
    volume: str = ""  # texts a month, for toll-free verification

    @property
    def samples(self) -> tuple[str, ...]:
        """Return the sample texts that are filled in."""
        return tuple(text for text in (self.sample_1, self.sample_2, self.sample_3) if text)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, every field named."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Details":
        """Return what was stored; a field that is not there has its default."""
        return cls(**{f.name: stored[f.name] for f in fields(cls) if f.name in stored})


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found at one address."""

    url: str
    problem: str = ""  # why it could not be read
    is_login: bool = False
    missing: tuple[str, ...] = ()  # the points of C-3 that the page does not show
    says_no_sharing: bool = False
    says_stop_and_help: bool = False
    is_taken_as_read: bool = False  # an example's address in the sandbox: nobody looked

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Seen":
        """Return what was stored."""
        return cls(**{**stored, "missing": tuple(stored.get("missing", ()))})


class Level(StrEnum):
    """How grave a problem is."""

    STOP = "stop"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Problem:
    """One usual cause of rejection: the field, what is wrong, and how to mend it."""

    field: str
    page: Page
    sentence: str
    level: Level = Level.STOP


@dataclass(frozen=True, slots=True)
class Rejected:
    """One reason the carriers gave, in plain words, with the field to mend."""

    code: int | None
    sentence: str
    field: str
    page: Page
    said: str = ""  # in the carrier's words


@dataclass(frozen=True, slots=True)
class RegistrationRef:
    """One registration: what is said in it, and where it stands."""

    id: UUID
    organization_id: UUID
    kind: Kind
    e164: str | None  # of a toll-free number
    state: State
    details: Details
    todo: tuple[Step, ...]
    carrier_status: str
    reasons: tuple[Rejected, ...]
    may_send_in_again: bool  # now
    again_until: datetime | None  # None: without a limit
    trouble: Trouble | None
    seen: Mapping[str, Seen]
    seen_at: datetime | None
    score: int | None  # of a vetted brand
    submitted_at: datetime | None
    decided_at: datetime | None
    next_at: datetime | None
    round: int
    edits: int
    edited_by: str
    edited_at: datetime
    begun_at: datetime
    step_since: datetime | None = None  # since when its next step is the next
    sids: Mapping[str, str] = field(default_factory=dict)  # what the carrier calls its parts
    ended_at: datetime | None = None  # a newer request took its place, or its number went
    is_in_progress: bool = False  # somebody talks to the carrier about it right now

    @property
    def tenant(self) -> Tenant:
        """Return whose it is."""
        return Tenant(self.organization_id)

    @property
    def state_label(self) -> str:
        """Return the state in words."""
        return STATE_WORDS[self.state]

    @property
    def may_be_edited(self) -> bool:
        """Say whether what it says can be changed now."""
        is_open = self.state is State.REJECTED and self.may_send_in_again
        is_changed = self.state is State.DRAFT or is_open or self.needs_new_campaign
        return self.ended_at is None and is_changed

    @property
    def needs_new_campaign(self) -> bool:
        """Say whether the carriers take the campaign no second time: only another one helps."""
        is_shut = self.state is State.REJECTED and not self.may_send_in_again
        return self.kind is Kind.A2P and is_shut

    @property
    def may_begin_anew(self) -> bool:
        """Say whether only a new request helps: of a toll-free number, one may be begun."""
        is_shut = self.state is State.SUSPENDED or (
            self.state is State.REJECTED and not self.may_send_in_again
        )
        return self.kind is Kind.TOLL_FREE and self.ended_at is None and is_shut

    @property
    def is_waiting(self) -> bool:
        """Say whether it moves on by itself."""
        return self.ended_at is None and self.state in (State.SUBMITTING, State.IN_REVIEW)

    @property
    def step(self) -> Step | None:
        """Return what is to be done next."""
        return self.todo[0] if self.todo else None


@dataclass(frozen=True, slots=True)
class Expected:
    """By when the carriers should have answered, and whether that day has passed."""

    on: date
    is_late: bool

    @property
    def words(self) -> str:
        """Return the day as it is shown."""
        return date_words(self.on)


@dataclass(frozen=True, slots=True)
class Brand:
    """A registered brand: its trust score, or None where it was not vetted."""

    score: int | None


@dataclass(frozen=True, slots=True)
class BrandDay:
    """What a registered brand sent on its Pacific day, all accounts together (S-5)."""

    segments: int
    cap: int


@dataclass(frozen=True, slots=True)
class Order:
    """One step to carry out at the carrier, with all that it takes."""

    registration_id: UUID
    organization_id: UUID
    kind: Kind
    step: Step
    lease: int  # which run; an older run's outcome is not believed
    details: Details
    sids: Mapping[str, str]
    asked_at: datetime | None  # when an earlier run asked for the same and never knew the end
    now: datetime
    credentials: CarrierCredentials | None = field(repr=False)
    service_sid: str | None = None
    number_sids: tuple[str, ...] = ()
    earlier_sids: tuple[str, ...] = ()  # of requests of the same number that have ended


class Result(StrEnum):
    """How one step ended."""

    DONE = "done"
    PENDING = "pending"  # a review goes on
    WAITING = "waiting"  # it may have been made already, and lists may not show it yet
    REFUSED = "refused"  # the carrier would not have it as it is
    REJECTED = "rejected"  # a review ended badly
    SUSPENDED = "suspended"
    NOT_NOW = "not_now"  # nothing was done, or nobody knows: the trouble says which


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the carrier answered to an order."""

    result: Result
    sid: str | None = None
    review: Review | None = None
    trouble: Trouble | None = None
    asked_at: datetime | None = None  # to be kept: since when something may have been made
