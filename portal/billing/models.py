"""Tables of plans, subscriptions, invoices and the credit ledger (B-8, RULINGS 7)."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.billing.values import Change, EntryKind, InvoiceState, Slot, SubscriptionState
from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base


def _of_account() -> ForeignKeyConstraint:
    """Tie a row to an account of its own organization (RULINGS 9)."""
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["texting_accounts.organization_id", "texting_accounts.id"],
        ondelete="RESTRICT",
    )


def _of_books() -> ForeignKeyConstraint:
    """Tie a row to the credit account it belongs to."""
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["credit_accounts.organization_id", "credit_accounts.account_id"],
        ondelete="RESTRICT",
    )


class Plan(Base):
    """One plan of the catalogue, which an admin edits (B-1)."""

    __tablename__ = "plans"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("credits_per_month > 0", name="credits_positive"),
        CheckConstraint("price_cents >= 0", name="price_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(60))
    credits_per_month: Mapped[int]
    price_cents: Mapped[int]
    is_offered: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class Subscription(Base):
    """An account's subscription, on the terms of the day it was bought.

    An edit of the catalogue never changes what somebody already agreed to pay.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        _of_account(),
        UniqueConstraint("account_id", "request_key"),  # one click, one subscription
        Index(
            "uq_subscriptions_one_running",
            "account_id",
            unique=True,
            sqlite_where=text("state <> 'ended'"),
            postgresql_where=text("state <> 'ended'"),
        ),
        CheckConstraint("credits_per_month > 0", name="credits_positive"),
        CheckConstraint("price_cents >= 0", name="price_not_negative"),
        Index("uq_subscriptions_of_account", "organization_id", "account_id", "id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plans.id", ondelete="RESTRICT"))
    plan_name: Mapped[str] = mapped_column(String(60))
    credits_per_month: Mapped[int]
    price_cents: Mapped[int]
    state: Mapped[SubscriptionState] = mapped_column(
        kind_of(SubscriptionState), default=SubscriptionState.ACTIVE
    )
    request_key: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    next_charge_at: Mapped[datetime] = mapped_column(UTCDateTime)  # 00:00 on the 1st (B-3)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SubscriptionChange(Base):
    """One change of a subscription's plan: from which terms to which, and what it moved."""

    __tablename__ = "subscription_changes"
    __table_args__ = (
        _of_account(),
        ForeignKeyConstraint(
            ["organization_id", "account_id", "subscription_id"],
            ["subscriptions.organization_id", "subscriptions.account_id", "subscriptions.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("account_id", "request_key"),  # one click, one change
        Index("ix_subscription_changes_subscription_id", "subscription_id", "at"),
        CheckConstraint("charged_cents >= 0", name="charge_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    subscription_id: Mapped[UUID]
    request_key: Mapped[str] = mapped_column(String(64))
    change: Mapped[Change] = mapped_column(kind_of(Change))
    from_plan_name: Mapped[str] = mapped_column(String(60))
    from_credits_per_month: Mapped[int]
    from_price_cents: Mapped[int]
    to_plan_id: Mapped[UUID] = mapped_column(ForeignKey("plans.id", ondelete="RESTRICT"))
    to_plan_name: Mapped[str] = mapped_column(String(60))
    to_credits_per_month: Mapped[int]
    to_price_cents: Mapped[int]
    charged_cents: Mapped[int]
    credits: Mapped[int]  # added, or below zero taken off
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class InvoiceSequence(Base):
    """The last invoice number of an organization, so that numbers have no gap and no twin."""

    __tablename__ = "invoice_sequences"

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT"), primary_key=True
    )
    last_number: Mapped[int]


class Invoice(Base):
    """One line the brokerage pays; written once, never changed (B-12)."""

    __tablename__ = "invoices"
    __table_args__ = (
        _of_account(),
        UniqueConstraint("organization_id", "number"),
        UniqueConstraint("account_id", "request_key"),
        CheckConstraint("amount_cents >= 0", name="amount_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    subscription_id: Mapped[UUID] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="RESTRICT")
    )
    number: Mapped[int]
    description: Mapped[str] = mapped_column(String(200))
    amount_cents: Mapped[int]
    period_start: Mapped[date]
    period_end: Mapped[date]
    provider: Mapped[str] = mapped_column(String(20))
    provider_reference: Mapped[str | None] = mapped_column(String(100))
    state: Mapped[InvoiceState] = mapped_column(kind_of(InvoiceState))
    request_key: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class CreditAccount(Base):
    """The guarded counters of one account: always the sums of its entries (RULINGS 7).

    This row is the lock of the whole ledger of the account. `available` may go below
    zero by inbound texts alone (B-10). `due_at` is the next moment at which a lot expires or the
    subscription renews or ends, or earlier; whoever touches the account after it settles that
    first (B-3, B-4, B-7).
    """

    __tablename__ = "credit_accounts"
    __table_args__ = (
        _of_account(),
        UniqueConstraint("organization_id", "account_id"),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("spent >= 0", name="spent_not_negative"),
        Index("ix_credit_accounts_due_at", "due_at"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    available: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)
    spent: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)  # of the newest entry
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class CreditMonth(Base):
    """One account's sums of one month in the organization's zone: used, reserved, granted.

    A text belongs to the month in which it was reserved, whenever it is charged (I11).
    """

    __tablename__ = "credit_months"
    __table_args__ = (
        _of_books(),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)  # its first day
    organization_id: Mapped[UUID]
    used: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)
    granted: Mapped[int] = mapped_column(default=0)


class CreditLot(Base):
    """Credits that came together and expire together (B-4).

    `remaining` can be used, `held` is pinned by reserves and outlives the expiry
    (RULINGS 7), `spent` went to texts, `lapsed` expired or was taken off.
    """

    __tablename__ = "credit_lots"
    __table_args__ = (
        _of_books(),
        UniqueConstraint("account_id", "id"),
        CheckConstraint(
            "credits = remaining + held + spent + lapsed", name="every_credit_is_somewhere"
        ),
        CheckConstraint("remaining >= 0", name="remaining_not_negative"),
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint("spent >= 0", name="spent_not_negative"),
        CheckConstraint("lapsed >= 0", name="lapsed_not_negative"),
        Index("ix_credit_lots_account_id_expires_at", "account_id", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    position: Mapped[int]  # of the entry that granted it
    credits: Mapped[int]
    remaining: Mapped[int]
    held: Mapped[int] = mapped_column(default=0)
    spent: Mapped[int] = mapped_column(default=0)
    lapsed: Mapped[int] = mapped_column(default=0)
    granted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class CreditEntry(Base):
    """One line of an account's ledger. Lines are added, never changed or removed."""

    __tablename__ = "credit_entries"
    __table_args__ = (
        _of_books(),
        UniqueConstraint("account_id", "position"),  # two writers can't take the same line
        UniqueConstraint("message_id", "slot"),  # one reserve, one resolve (I4)
        UniqueConstraint("account_id", "reference"),  # the same grant or inbound counts once
        CheckConstraint("credits > 0 OR kind = 'adjust'", name="credits_positive"),
        CheckConstraint("credits <> 0", name="credits_not_zero"),
        CheckConstraint("kind <> 'late_capture'", name="house_entries_apart"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    position: Mapped[int]  # 1, 2, 3 and so on within the account
    kind: Mapped[EntryKind] = mapped_column(kind_of(EntryKind))
    credits: Mapped[int]  # how many; what they do follows from the kind (rules.EFFECTS)
    balance_after: Mapped[int]  # `available` once this line is written
    month: Mapped[date]  # the first day of the month it counts towards
    message_id: Mapped[UUID | None]
    slot: Mapped[Slot | None] = mapped_column(kind_of(Slot))
    reference: Mapped[str | None] = mapped_column(String(120))
    note: Mapped[str | None] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UTCDateTime)

    def __repr__(self) -> str:
        return f"<CreditEntry {self.position} {self.kind} {self.credits} of {self.account_id}>"


class LotHold(Base):
    """Which lot a text's credits were taken from. Added with its reserve, never removed."""

    __tablename__ = "lot_holds"
    __table_args__ = (
        _of_books(),
        ForeignKeyConstraint(
            ["account_id", "lot_id"],
            ["credit_lots.account_id", "credit_lots.id"],
            ondelete="RESTRICT",
        ),
        CheckConstraint("credits > 0", name="credits_positive"),
        Index("ix_lot_holds_account_id_lot_id", "account_id", "lot_id"),
    )

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    credits: Mapped[int]


class HouseEntry(Base):
    """What the house pays for: texts proven sent after their credits were given back.

    Outside every account's books (PROMISES 2.4), so that nobody is charged by surprise.
    """

    __tablename__ = "house_entries"
    __table_args__ = (_of_account(), CheckConstraint("credits > 0", name="credits_positive"))

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    kind: Mapped[EntryKind] = mapped_column(kind_of(EntryKind), default=EntryKind.LATE_CAPTURE)
    credits: Mapped[int]
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
