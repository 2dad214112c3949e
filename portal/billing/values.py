"""The words of billing that other slices may hold: plans, balances, lines of a statement."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class EntryKind(StrEnum):
    """What a line of the ledger did with credits (PROMISES 2.6)."""

    GRANT = "grant"
    RESERVE = "reserve"
    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRE = "expire"
    INBOUND = "inbound"
    REFUND = "refund"
    LATE_CAPTURE = "late_capture"  # in the house's book only, never in an account's
    ADJUST = "adjust"


class Slot(StrEnum):
    """The places a message has in the ledger; each is taken once (I4).

    Capture and release share RESOLVE: whichever comes first wins.
    """

    RESERVE = "reserve"
    RESOLVE = "resolve"
    LAPSE = "lapse"  # what a release gave back to a lot that had expired
    REFUND = "refund"


class SubscriptionState(StrEnum):
    """Where a subscription stands."""

    ACTIVE = "active"
    CANCELING = "canceling"  # runs until the 1st, can be withdrawn (B-7)
    ENDED = "ended"


class InvoiceState(StrEnum):
    """Whether a line was only written, or paid."""

    BILLED = "billed"  # no card: the brokerage pays as agreed (B-12)
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class PlanRef:
    """One plan of the catalogue, or the terms a subscription was bought on."""

    id: UUID
    name: str
    credits_per_month: int
    price_cents: int
    is_offered: bool = True


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The plan that suits a number of texts a month; it may cover less when none is big enough."""

    plan: PlanRef
    texts: int
    is_enough: bool


@dataclass(frozen=True, slots=True)
class Charge:
    """What one text will cost, by the id of its row."""

    message_id: UUID
    credits: int


@dataclass(frozen=True, slots=True)
class Balance:
    """Where an account stands now.

    `available` may be below zero, by inbound texts alone (B-10). `monthly_used` is what
    was charged this month, `monthly_left` all unexpired credits (RULINGS 7), never below zero.
    """

    available: int
    reserved: int
    spent: int
    expiring_this_month: int
    monthly_used: int
    monthly_left: int
    month_ends_on: date | None = None

    @property
    def used_percent(self) -> int:
        """Return how much of the month's credits is used, reserved ones included, rounded down."""
        used = self.monthly_used + self.reserved
        whole = used + self.monthly_left
        return used * 100 // whole if whole else 0


NO_BALANCE = Balance(0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class SubscriptionRef:
    """One account's subscription, on the terms it was bought on."""

    id: UUID
    account_id: UUID
    plan: PlanRef
    state: SubscriptionState
    started_at: datetime
    next_charge_at: datetime
    ends_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Say whether the account may set up numbers and send."""
        return self.state is not SubscriptionState.ENDED

    @property
    def is_canceling(self) -> bool:
        """Say whether it ends on the 1st unless the cancellation is withdrawn (B-7)."""
        return self.state is SubscriptionState.CANCELING


@dataclass(frozen=True, slots=True)
class Quote:
    """The arithmetic of a purchase, shown before it is made (B-2, B-13)."""

    plan: PlanRef
    price_today_cents: int
    today: date
    month_starts_on: date
    month_ends_on: date
    days_left: int
    days_in_month: int
    balance_before: int
    balance_after: int
    expires_at: datetime
    usable_until: date  # the last day on which the credits can be used (B-4)
    next_charge_at: datetime
    next_charge_on: date


class Change(StrEnum):
    """Which way a plan change goes (B-5, B-6)."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


@dataclass(frozen=True, slots=True)
class ChangeQuote:
    """The arithmetic of a plan change, shown before it is made (B-5, B-6, B-13).

    `credits` is what is added, or below zero what is taken off. `credits_between` is how many
    credits a month lie between the two plans; less moves where some came, or are used, already.
    """

    change: Change
    before: PlanRef
    after: PlanRef
    charge_cents: int
    credits: int
    credits_between: int
    granted_this_month: int
    today: date
    days_left: int
    days_in_month: int
    balance_before: int
    next_charge_at: datetime
    next_charge_on: date

    @property
    def balance_after(self) -> int:
        """Return what is left once the plan is changed."""
        return self.balance_before + self.credits


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry of the ledger as a person reads it."""

    position: int
    at: datetime
    kind: EntryKind
    label: str
    detail: str
    left_change: int
    reserved_change: int
    spent_change: int
    left_after: int
    message_id: UUID | None


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Some lines, newest first, and where the next page begins."""

    lines: tuple[StatementLine, ...]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class InvoiceRef:
    """One line the brokerage pays."""

    id: UUID
    number: int  # 1, 2, 3 and so on within the organization
    at: datetime
    description: str
    amount_cents: int
    period_start: date
    period_end: date
    state: InvoiceState
    provider: str

    @property
    def label(self) -> str:
        """Return the number as it is printed."""
        return f"INV-{self.number:05d}"
