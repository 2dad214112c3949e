"""The words of messaging that other slices, workers and templates may hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Generic, Literal, TypeVar
from uuid import UUID

from portal.compliance.values import RuleUsed
from portal.contacts.values import ContactRef, NumberRef
from portal.messaging.values.media import FILES as FILES
from portal.messaging.values.media import Fetching as Fetching
from portal.messaging.values.media import MediaRef as MediaRef

T = TypeVar("T")


class Kind(StrEnum):
    """Why a text is sent; the gates differ by kind (RULINGS 15)."""

    ONE_TO_ONE = "one_to_one"
    BULK = "bulk"
    PLAN = "plan"  # a step of a SmartPlan
    SYSTEM = "system"  # free: notices and keyword confirmations

    @property
    def is_marketing(self) -> bool:
        """Say whether it is automated marketing, which needs consent in writing (C-8)."""
        return self in MARKETING


MARKETING = frozenset({Kind.BULK, Kind.PLAN})


class Priority(IntEnum):
    """What leaves first."""

    PERSON = 0  # one-to-one texts and answers to keywords
    NOTICE = 1
    CAMPAIGN = 2


class Timing(StrEnum):
    """Which rules of hours a text keeps (P-3)."""

    AUTOMATED = "automated"  # those of the person's state: hours, Sundays, holidays
    BY_HAND = "by_hand"  # the federal window, and none while it answers the person's own text
    ANSWER = "answer"  # of ours to a keyword: none for a day
    INSISTED = "insisted"  # a person sends it now and says why: none for a quarter of an hour


class State(StrEnum):
    """Where a text stands (PROMISES 2.2). `reason_code` says why it is held or blocked."""

    QUEUED = "queued"  # scheduled, when its time is still to come
    HELD = "held"
    CLAIMED = "claimed"  # a worker has it, nothing has left
    SUBMITTING = "submitting"  # it may be leaving right now
    UNKNOWN = "unknown"  # it may have left; only evidence decides
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"  # accepted, then failed before the phone
    REJECTED = "rejected"  # the carrier refused it
    BLOCKED = "blocked"
    CANCELED = "canceled"
    UNCONFIRMED = "unconfirmed"  # a day without evidence: not charged
    EXPIRED = "expired"  # the carrier could not be reached in time


WAITING = frozenset({State.QUEUED, State.HELD})
CANCELABLE = WAITING | {State.CLAIMED}
IN_DOUBT = frozenset({State.SUBMITTING, State.UNKNOWN})
ACCEPTED_FAMILY = frozenset(
    {State.ACCEPTED, State.SENT, State.DELIVERED, State.UNDELIVERED, State.FAILED}
)
TERMINAL = frozenset(
    {
        State.DELIVERED,
        State.UNDELIVERED,
        State.FAILED,
        State.REJECTED,
        State.BLOCKED,
        State.CANCELED,
        State.UNCONFIRMED,
        State.EXPIRED,
    }
)

STATE_LABELS: Mapping[State, str] = {
    State.QUEUED: "Queued",
    State.HELD: "Held",
    State.CLAIMED: "Queued",
    State.SUBMITTING: "Sending",
    State.UNKNOWN: "Checking with the carrier",
    State.ACCEPTED: "Accepted by the carrier",
    State.SENT: "Sent",
    State.DELIVERED: "Delivered",
    State.UNDELIVERED: "Not delivered",
    State.FAILED: "Failed",
    State.REJECTED: "Refused by the carrier",
    State.BLOCKED: "Blocked",
    State.CANCELED: "Canceled",
    State.UNCONFIRMED: "Not confirmed, not charged",
    State.EXPIRED: "Gave up, not charged",
}


class FenceCause(StrEnum):
    """Why all sending of an organization stands still (I14)."""

    OLDER = "older_database"  # the copy of the mark outside the database is ahead of it
    UNSENT = "unsent_evidence"  # the carrier reports a text that the database says never left
    STRAYS = "stray_texts"  # the carrier sent texts that no row accounts for
    BY_HAND = "by_hand"  # a person said that a backup was restored

    @classmethod
    def of_old_records(cls) -> frozenset["FenceCause"]:
        """Return the causes after which a waiting text may have gone already."""
        return frozenset({cls.OLDER, cls.UNSENT, cls.BY_HAND})


@dataclass(frozen=True, slots=True)
class Mark:
    """A database's high-water mark: which database, which life of it, how far in that life."""

    incarnation: UUID
    generation: int
    beat: int

    def is_behind(self, other: "Mark") -> bool:
        """Say whether the other mark has seen what this one has not."""
        if self.incarnation != other.incarnation:
            return True
        return (self.generation, self.beat) < (other.generation, other.beat)


RECEIPT_WITHIN = timedelta(hours=72)  # then none is expected any more (PROMISES 2.2)


class CampaignState(StrEnum):
    """What its people asked of a campaign; whether it is done follows from its texts."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELED = "canceled"


class Fate(StrEnum):
    """What the gates say about one text."""

    GO = "go"
    HELD = "held"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Gate:
    """One rule's no: its code, a sentence for people and the way to mend it."""

    code: str
    sentence: str
    outcome: Fate = Fate.BLOCKED
    fix_endpoint: str | None = None  # takes account_id
    fix_label: str | None = None
    held_until: datetime | None = None  # None: until somebody mends it
    rule: RuleUsed | None = None  # of hours


MissingChoice = Literal["block", "fallback"]
OverLimitChoice = Literal["trim", "spread"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wants to send, before it is merged for each recipient."""

    body: str
    kind: Kind
    media: tuple[MediaRef, ...] = ()
    send_at: datetime | None = None  # None: now (S-8)
    missing: MissingChoice = "block"  # S-9
    fallbacks: Mapping[str, str] = field(default_factory=dict)  # by field, for missing="fallback"
    over_limit: OverLimitChoice | None = None  # RULINGS 16; None: not asked yet
    name: str = ""
    is_by_program: bool = False  # a program of the customer's wrote it, no hand
    now_because: str = ""  # why a person sends it outside the hours (P-3)

    @property
    def timing(self) -> Timing:
        """Return which rules of hours it keeps: bulk and programs' texts are automated (P-3)."""
        if self.kind is not Kind.ONE_TO_ONE or self.is_by_program:
            return Timing.AUTOMATED
        return Timing.INSISTED if self.now_because else Timing.BY_HAND


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person on the list and the number chosen for them; None: they have none."""

    contact: ContactRef
    number: NumberRef | None


@dataclass(frozen=True, slots=True)
class Counters:
    """Today's daily limits of an account and how much of them is taken (S-5)."""

    day: date
    recipients: int
    recipients_limit: int
    segments: int
    segments_limit: int

    @property
    def recipients_left(self) -> int:
        """Room for further new recipients."""
        return max(0, self.recipients_limit - self.recipients)

    @property
    def segments_left(self) -> int:
        """Room for further segments."""
        return max(0, self.segments_limit - self.segments)


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """Why some texts of a campaign are held, blocked or ended, and how many."""

    state: State
    code: str
    sentence: str
    count: int
    fix_endpoint: str | None = None
    fix_label: str | None = None
    until: datetime | None = None  # when the first of them goes


@dataclass(frozen=True, slots=True)
class CampaignRef:
    """One send as its page and the list show it; a one-to-one text is a campaign of one."""

    id: UUID
    account_id: UUID
    organization_id: UUID
    name: str
    kind: Kind
    state: CampaignState
    body: str
    created_at: datetime
    created_by: UUID | None
    created_by_name: str
    scheduled_at: datetime | None
    people: int
    credits: int  # reserved at confirm
    counts: Mapping[State, int] = field(default_factory=dict)
    media: tuple[MediaRef, ...] = ()

    def count(self, *states: State) -> int:
        """How many of its texts are in these states."""
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        """How many texts it has, parts counted."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """How many texts have come to an end or been accepted by the carrier."""
        return self.count(*(TERMINAL | ACCEPTED_FAMILY))

    @property
    def is_moving(self) -> bool:
        """Whether something may still change by itself soon (keep polling)."""
        return any(
            n for state, n in self.counts.items() if state not in TERMINAL and state != State.HELD
        )


@dataclass(frozen=True, slots=True)
class ErrorMeaning:
    """What a carrier's error code means and what to do (S-10)."""

    code: int
    meaning: str
    family: str  # permanent, transient, content, account, optout
    action: str


@dataclass(frozen=True, slots=True)
class TextView:
    """One text, out or in, as conversations, timelines and campaign rows show it."""

    id: UUID
    is_inbound: bool
    e164: str | None
    name: str
    contact_id: UUID | None
    body: str
    at: datetime
    state: State | None  # None: inbound
    state_label: str
    kind: Kind | None  # None: inbound
    part: int = 1
    parts: int = 1
    credits: int = 0
    segments: int = 0
    reason_code: str | None = None
    reason: str | None = None  # the gate's sentence
    fix_endpoint: str | None = None
    fix_label: str | None = None
    until: datetime | None = None  # held until, or scheduled for
    error: ErrorMeaning | None = None
    actor: str = ""
    keyword: str | None = None  # stop, start or help, of an inbound text
    media: tuple[MediaRef, ...] = ()
    campaign_id: UUID | None = None
    may_send_again: bool = False  # ended without reaching the person
    is_unconfirmed: bool = False  # sending again may text the person twice
    lacks_receipt: bool = False  # taken by the carrier, and nothing heard since
    sid: str | None = None  # of an inbound text, which the ledger names it by
    hours_rule: str = ""  # it was judged by, with its citation (P-3)
    exempt_by: str = ""  # what let it pass the do-not-call lists, where something had to (S-2)
    warning: str = ""  # it went over a daily limit, at its sender's risk (S-5)
    purpose: str = ""  # what an automatic text is for


@dataclass(frozen=True, slots=True)
class ConversationRef:
    """One line of the inbox: an account and a number that wrote to each other (Q-5)."""

    id: UUID
    account_id: UUID
    e164: str
    contact_id: UUID | None
    name: str
    last_at: datetime
    preview: str
    unread: int
    needs_answer: bool
    is_opted_out: bool
    is_held: bool  # they seem to have asked for no more texts
    last_inbound_at: datetime | None
    assignee_id: UUID | None = None  # who of the account answers it


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list and the cursor of the next page; None: there is none."""

    rows: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class FenceRef:
    """Sending that stands still until the carrier's records and ours agree (I14)."""

    id: UUID
    organization_id: UUID
    cause: FenceCause
    since: datetime  # the carrier's list is read from here
    tripped_at: datetime
    reconciled_at: datetime | None  # the newest look at the list that came to its end
    recovered: int  # texts the carrier turned out to have
    learned: int  # texts received that were not known
    waiting: int  # texts that may have gone already, and may not
    strays: int  # texts of the carrier's that nobody has explained
    lifted_at: datetime | None
    lifted_by: str | None
    reason: str | None

    @property
    def needs_a_person(self) -> bool:
        """Say whether looking alone can't settle it."""
        return bool(self.waiting or self.strays) or self.cause is FenceCause.BY_HAND


@dataclass(frozen=True, slots=True)
class DraftRef:
    """A text being written, kept on the server so that nothing is lost."""

    id: UUID
    account_id: UUID
    author_id: UUID
    body: str
    contact_ids: tuple[UUID, ...]
    numbers: Mapping[UUID, UUID]  # contact id -> chosen number id
    name: str
    options: Mapping[str, str]  # missing, over_limit, send_at as typed
    nonce: str  # to send it with, once
    updated_at: datetime

    @property
    def file_ids(self) -> tuple[UUID, ...]:
        """Return the files put to it, in order."""
        return tuple(UUID(id_) for id_ in self.options.get(FILES, "").split(",") if id_)
