"""The words of plans, balances, statements and invoices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
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
    """A message's places in the ledger, each taken once (I4); capture and release share RESOLVE."""

    RESERVE = "reserve"
    RESOLVE = "resolve"
    LAPSE = "lapse"  # what a release gave back to a lot that had expired
    REFUND = "refund"


class SubscriptionState(StrEnum):
    """Where a subscription stands."""

    ACTIVE = "active"
    CANCELING = "canceling"  # runs until the 1st, can be withdrawn (B-7)
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class PlanRef:
    """One plan of the catalogue, or the terms a subscription was bought on."""

    id: UUID
    name: str
    credits_per_month: int
    price_cents: int
    is_offered: bool = True
    next_price_cents: int | None = None
    next_price_at: datetime | None = None

    @property
    def terms(self) -> tuple[UUID, int, int]:
        """Return what one agrees to: two of the same terms are no change."""
        return self.id, self.credits_per_month, self.price_cents

    @property
    def terms_key(self) -> str:
        """Return the terms as one word, to tell whether they changed."""
        return ":".join(str(part) for part in self.terms)


@dataclass(frozen=True, slots=True)
class PlanUse:
    """How many accounts of one organization are on a plan, by the terms they agreed to."""

    organization_id: UUID
    credits_per_month: int
    price_cents: int
    accounts: int
    canceling: int


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One change of a plan of the catalogue, from the audit log."""

    at: datetime
    actor: str
    event: str
    facts: Mapping[str, Any]


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
    was charged this month, `monthly_reserved` what texts of this month set aside (`reserved` has
    earlier months' too), `monthly_left` all unexpired credits (RULINGS 7), never below zero.
    `expiring_on` are the first and the last of the days with whose end those of this month go.
    """

    available: int
    reserved: int
    spent: int
    expiring_this_month: int
    monthly_used: int
    monthly_reserved: int
    monthly_left: int
    expiring_on: tuple[date, date] | None = None

    @property
    def used_this_month(self) -> int:
        """Return the credits used this month, its texts on their way included (B-11)."""
        return self.monthly_used + self.monthly_reserved

    @property
    def used_percent(self) -> int:
        """Return how much of the month's credits is used, reserved ones included, rounded down."""
        whole = self.used_this_month + self.monthly_left
        return self.used_this_month * 100 // whole if whole else 0


NO_BALANCE = Balance(0, 0, 0, 0, 0, 0, 0)


class AlertState(StrEnum):
    """What was done about a usage threshold that was reached (B-11)."""

    TOLD = "told"
    SUPERSEDED = "superseded"  # a higher one was reached at the same moment
    BEFORE = "before"  # reached before there were alerts


@dataclass(frozen=True, slots=True)
class Term:
    """How long an account's subscription runs, which has not ended yet."""

    organization_id: UUID
    ends_at: datetime | None  # None: until somebody cancels it


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
    is_unpaid: bool = False  # canceled because its card was declined for good (B-12)

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
    month: date  # the first day of the one that is paid, up to the next charge
    today: date
    days_left: int
    days_in_month: int
    balance_before: int
    next_charge_at: datetime
    next_charge_on: date

    @property
    def is_nothing(self) -> bool:
        """Say whether these are the terms the account has (SamePlan)."""
        return self.before.terms == self.after.terms

    @property
    def terms_key(self) -> str:
        """Return what changes into what as one word, to tell whether that is what was shown."""
        return f"{self.before.terms_key}>{self.after.terms_key}"

    @property
    def starts_on(self) -> date:
        """Return the first day a charge is for."""
        return max(self.today, self.month)

    @property
    def ends_on(self) -> date:
        """Return the last day a charge is for."""
        return self.next_charge_on - timedelta(days=1)

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
    reference: str | None


@dataclass(frozen=True, slots=True)
class LotUse:
    """Credits that a text took from one lot (B-4)."""

    credits: int
    granted_at: datetime
    expires_at: datetime
    position: int  # of the entry that granted the lot
    note: str | None  # of that entry: the plan and its month

    @property
    def usable_until(self) -> datetime:
        """Return the last moment at which they could be used."""
        return self.expires_at - timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ChargeRecord:
    """What one text did to the credits: its entries, oldest first, and the lots it used.

    `house` is what the house paid for it, outside the account's books (PROMISES 2.4).
    """

    lines: tuple[StatementLine, ...]
    lots: tuple[LotUse, ...]
    house: int

    @property
    def charged(self) -> int:
        """Return how many credits it cost in the end."""
        return sum(line.spent_change for line in self.lines)

    @property
    def reserved(self) -> int:
        """Return how many credits are set aside for it now."""
        return sum(line.reserved_change for line in self.lines)


@dataclass(frozen=True, slots=True)
class StatementFilter:
    """Which entries of a statement are asked for: one kind, from a moment to before another."""

    kind: EntryKind | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


EVERYTHING = StatementFilter()


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Some lines, newest first, and where the next page begins."""

    lines: tuple[StatementLine, ...]
    next_before: int | None
