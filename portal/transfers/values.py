"""What other slices, and the steps of a transfer, may hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from portal.core.steps import Trouble
from portal.core.tenancy import Tenant
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import NO_CAPABILITIES, Capabilities
from portal.gateways.transfers import OldAccount, OldText, ServiceUse, TheirNumber
from portal.numbers.values import Opening


class Path(StrEnum):
    """How the number comes: by a call of ours, or by Twilio's support (FACTS 1.7)."""

    SAME_OWNER = "same_owner"
    UNRELATED = "unrelated"


class Step(StrEnum):
    """One thing to be done; each may be done again."""

    CONNECT = "connect"
    PICK = "pick"
    CHECK = "check"
    CONFIRM = "confirm"
    OPEN = "open"
    CARRY = "carry"
    MOVE = "move"
    AWAIT = "await"
    POINT = "point"
    JOIN = "join"
    LAST_LOOK = "last_look"
    TEST = "test"
    CLEAN_UP = "clean_up"


class Ending(StrEnum):
    """How a transfer ended."""

    MOVED = "moved"
    GONE = "gone"  # it came, and left again before the last step
    GIVEN_UP = "given_up"
    EXPIRED = "expired"


class Weight(StrEnum):
    """What a finding means for the move."""

    STOP = "stop"  # it can't be moved like this
    CHANGE = "change"  # something that works today will not
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found at the old account, in words."""

    code: str
    weight: Weight
    sentence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who authorised the move of a number out of an unrelated account, and when."""

    name: str
    title: str
    email: str
    signed_at: datetime
    signed_by: str


@dataclass(frozen=True, slots=True)
class StepNote:
    """How one step went so far."""

    outcome: str  # done, trouble or skipped
    tries: int
    at: datetime
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class TransferRef:
    """One transfer as it stands; the old account's token is not in it."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    path: Path | None
    old_account_sid: str
    old_account_name: str
    has_token: bool
    is_token_refused: bool
    e164: str | None
    number_sid: str | None
    number_name: str
    todo: tuple[Step, ...]
    notes: Mapping[Step, StepNote]
    findings: tuple[Finding, ...]
    looked_at: datetime | None
    signature: Signature | None
    requested_at: datetime | None
    ticket: str
    carried: int
    is_log_whole: bool
    sender_id: UUID | None
    trouble: Trouble | None
    next_at: datetime | None
    started_by: str
    started_at: datetime
    moved_at: datetime | None
    ended_at: datetime | None
    ending: Ending | None
    is_in_progress: bool = False
    may_be_moved: bool = False  # an earlier run never heard the carrier's answer

    @property
    def tenant(self) -> Tenant:
        """Return whose it is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def step(self) -> Step | None:
        """Return what is to be done next; None once it ended."""
        return self.todo[0] if self.todo and self.ended_at is None else None

    @property
    def is_open(self) -> bool:
        """Say whether it has not ended."""
        return self.ended_at is None

    @property
    def is_seen(self) -> bool:
        """Say whether the old account was, or is to be, opened with its token."""
        return bool({Step.CONNECT} & {*self.notes, *self.todo})

    @property
    def may_be_given_up(self) -> bool:
        """Say whether nothing was moved, for certain, so that it can be left as it was."""
        waits = not self.is_in_progress and not self.may_be_moved
        return self.is_open and self.sender_id is None and waits


@dataclass(frozen=True, slots=True)
class Order:
    """One step to carry out, with all that it takes."""

    transfer_id: UUID
    organization_id: UUID
    account_id: UUID
    step: Step
    lease: int  # which run; an older run's outcome is not believed
    old_account_sid: str
    number_sid: str | None
    e164: str | None
    name: str
    asked_at: datetime | None  # when an earlier run asked for the same and never knew the end
    now: datetime
    since: datetime  # from when on texts are looked for
    old: CarrierCredentials | None = field(default=None, repr=False)
    opening: Opening | None = field(default=None, repr=False)
    heard_at: datetime | None = None  # when the test text came in

    @property
    def tenant(self) -> Tenant:
        """Return whose it is."""
        return Tenant(self.organization_id, self.account_id)


class Result(StrEnum):
    """How one step ended."""

    DONE = "done"
    PENDING = "pending"  # somebody else has to do something, and hasn't yet
    NOT_NOW = "not_now"  # nothing was done, or nobody knows: the trouble says which


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an order; what is None was not asked for or not reached."""

    result: Result
    trouble: Trouble | None = None
    asked_at: datetime | None = None  # to be kept: since when the number may have been moved
    is_token_refused: bool = False  # the old account's own credentials
    account: OldAccount | None = None
    number: TheirNumber | None = None
    service: ServiceUse | None = None
    opening: Opening | None = field(default=None, repr=False)
    may_have_opened: bool = False
    texts: tuple[OldText, ...] = ()
    is_log_whole: bool = True

    @property
    def capabilities(self) -> Capabilities:
        """Return what the number can do, as far as it was seen."""
        return self.number.capabilities if self.number else NO_CAPABILITIES
