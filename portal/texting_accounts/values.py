"""What other slices may hold of a texting account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from portal.core.tenancy import Tenant
from portal.people.values import MembershipRef

DAILY_RECIPIENTS = 200  # S-5
DAILY_SEGMENTS = 2_000  # S-5


class AccountState(StrEnum):
    """Whether an account may send."""

    ACTIVE = "active"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    CLOSED = "closed"


STATE_LABELS = {
    AccountState.ACTIVE: "Active",
    AccountState.PAUSED: "Paused",
    AccountState.SUSPENDED: "Suspended",
    AccountState.CLOSED: "Closed",
}


BULK_PAUSED_LABEL = "Bulk paused"


class Cause(StrEnum):
    """Why a carrier suspends or restricts an account (A-1)."""

    HIGH_ERRORS = "high_error_rate"
    HIGH_OPT_OUTS = "high_opt_out_rate"
    CONSENT = "consent_violation"
    NO_SENDER = "lack_of_sender_identification"
    NO_OPT_OUT = "lack_of_opt_out_language"
    SIMILAR = "similar_messages"
    PROVISIONING = "provisioning_restriction"
    OTHER = "other"


CAUSE_LABELS = {
    Cause.HIGH_ERRORS: "High error rate",
    Cause.HIGH_OPT_OUTS: "High opt-out rate",
    Cause.CONSENT: "Consent violation",
    Cause.NO_SENDER: "Lack of sender identification",
    Cause.NO_OPT_OUT: "Lack of opt-out language",
    Cause.SIMILAR: "Same or similar message across many numbers",
    Cause.PROVISIONING: "Provisioning restriction",
    Cause.OTHER: "Other",
}


class RestrictionKind(StrEnum):
    """What a restriction did to the account (H-6)."""

    PAUSE = "pause"
    SUSPENSION = "suspension"
    CLOSING = "closing"
    BULK_PAUSE = "bulk_pause"  # of bulk and plan texts alone: replies go on (H-4)


RESTRICTION_LABELS = {
    RestrictionKind.PAUSE: "Paused",
    RestrictionKind.SUSPENSION: "Suspended",
    RestrictionKind.CLOSING: "Closed",
    RestrictionKind.BULK_PAUSE: "Bulk paused",
}


@dataclass(frozen=True, slots=True)
class RestrictionRef:
    """One restriction of an account: who set it, why, and when it was lifted (H-6)."""

    id: UUID
    account_id: UUID
    kind: RestrictionKind
    cause: Cause | None  # None: the carrier has not said, or it is none of the carrier's
    reason: str | None
    set_by: str
    set_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
    lift_note: str | None

    @property
    def kind_label(self) -> str:
        """Return what it did, in a word."""
        return RESTRICTION_LABELS[self.kind]

    @property
    def cause_label(self) -> str:
        """Return the carrier's reason in words."""
        return CAUSE_LABELS[self.cause] if self.cause else "Not said yet"


@dataclass(frozen=True, slots=True)
class AccountRef:
    """One texting account: an agent's own or a team's shared one."""

    id: UUID
    organization_id: UUID
    name: str
    owner_user_id: UUID | None
    team_id: UUID | None
    timezone: str
    state: AccountState
    state_reason: str | None
    daily_recipient_limit: int
    daily_segment_limit: int
    ramp_limit: int | None = None  # people a day while the number is new, or begins again (H-5)
    ramp_clean_days: int | None = None
    ramp_start: int | None = None  # with how many it began again after a pause (H-8); None: new
    bulk_pause: str | None = None  # why bulk and plan texts wait; None: they go (H-4)

    @property
    def recipients_a_day(self) -> int:
        """Return the limit of people a day that holds now (S-5, H-5)."""
        if self.ramp_limit is None:
            return self.daily_recipient_limit
        return min(self.daily_recipient_limit, self.ramp_limit)

    @property
    def ramp_why(self) -> str:
        """Return why fewer people a day may be texted for now."""
        if self.ramp_start is None:
            return "The number is new"
        return "The account begins again after a pause"

    @property
    def is_ramping(self) -> bool:
        """Say whether a new number, or a pause before, keeps the account below its own limit."""
        return self.recipients_a_day < self.daily_recipient_limit

    @property
    def tenant(self) -> Tenant:
        """Return this account as a tenant."""
        return Tenant(self.organization_id, self.id)

    @property
    def is_shared(self) -> bool:
        """Say whether a team shares it."""
        return self.team_id is not None

    @property
    def is_active(self) -> bool:
        """Say whether it may send."""
        return self.state is AccountState.ACTIVE

    @property
    def state_label(self) -> str:
        """Return the state in a word or two; bulk texts that wait are no active account (H-4)."""
        return BULK_PAUSED_LABEL if self.is_bulk_paused else STATE_LABELS[self.state]

    @property
    def state_why(self) -> str:
        """Return why it stands so, or nothing where it simply sends."""
        return (self.bulk_pause if self.is_bulk_paused else self.state_reason) or ""

    @property
    def sends_all(self) -> bool:
        """Say whether every kind of text goes."""
        return self.is_active and self.bulk_pause is None

    @property
    def is_bulk_paused(self) -> bool:
        """Say whether it sends, but no bulk and plan texts (H-4, H-8)."""
        return self.is_active and self.bulk_pause is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """An account as a member of its organization comes to it."""

    account: AccountRef
    member: MembershipRef
    is_reached: bool  # else they read along at most (S-4)


@dataclass(frozen=True, slots=True)
class AccountMemberRef:
    """A person who works in a shared account, with an optional cap of credits a month."""

    user_id: UUID
    name: str
    email: str
    monthly_cap: int | None
