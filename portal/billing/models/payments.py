"""Tables of payments by card (B-12): what was asked, what came, what went back.

No card's number is in any of them: people type it on the provider's page.
"""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.billing.models.keys import of_account
from portal.billing.values import PaymentKind, PaymentState
from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base


class Payment(Base):
    """One sum asked of an account by card, on terms frozen when it was asked (I6).

    The row is there before the provider is asked, and its id names every request, so that
    money can always be told what it is for. `act_at` is when the worker looks at it next.
    """

    __tablename__ = "payments"
    __table_args__ = (
        of_account(),
        UniqueConstraint("account_id", "request_key"),  # one click, one payment
        UniqueConstraint("organization_id", "account_id", "id"),
        CheckConstraint("amount_cents >= 0", name="amount_not_negative"),
        CheckConstraint("refunded_cents >= 0", name="refund_not_negative"),
        CheckConstraint(
            "(state IN ('paid', 'returned')) = (money_id IS NOT NULL)", name="paid_by_somebody"
        ),
        Index(
            "ix_payments_act_at",
            "act_at",
            sqlite_where=text("act_at IS NOT NULL"),
            postgresql_where=text("act_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    request_key: Mapped[str] = mapped_column(String(64))
    kind: Mapped[PaymentKind] = mapped_column(kind_of(PaymentKind))
    state: Mapped[PaymentState] = mapped_column(kind_of(PaymentState), default=PaymentState.WAITING)
    subscription_id: Mapped[UUID | None]  # of an upgrade or a renewal
    terms_before: Mapped[str | None] = mapped_column(String(120))  # those an upgrade was shown for
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plans.id", ondelete="RESTRICT"))
    plan_name: Mapped[str] = mapped_column(String(60))
    credits_per_month: Mapped[int]
    price_cents: Mapped[int]
    amount_cents: Mapped[int]
    description: Mapped[str] = mapped_column(String(200))
    period_start: Mapped[date]
    period_end: Mapped[date]
    next_charge_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    actor_id: Mapped[UUID | None]
    actor_label: Mapped[str] = mapped_column(String(200))
    act_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    retry_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when the card is charged next
    checkout_count: Mapped[int] = mapped_column(default=0)  # how many pages were asked for
    checkout_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    checkout_url: Mapped[str | None] = mapped_column(Text)
    checkout_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempt: Mapped[int] = mapped_column(default=0)  # of charging the saved card
    asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # an attempt without an answer
    declines: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(String(200))
    money_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    paid_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refunded_cents: Mapped[int] = mapped_column(default=0)


class PaymentCustomer(Base):
    """The account at the card provider, and the card to charge: names of theirs, no numbers."""

    __tablename__ = "payment_customers"
    __table_args__ = (of_account(),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    customer_id: Mapped[str] = mapped_column(String(255))
    method_id: Mapped[str | None] = mapped_column(String(255))


class PaymentRefund(Base):
    """Money that goes back because it came twice, or too late: once for each sum that came."""

    __tablename__ = "payment_refunds"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id", "payment_id"],
            ["payments.organization_id", "payments.account_id", "payments.id"],
            ondelete="RESTRICT",
        ),
    )

    money_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    payment_id: Mapped[UUID]
    amount_cents: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    act_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    refund_id: Mapped[str | None] = mapped_column(String(255))
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PaymentEvent(Base):
    """One webhook of the card provider, once: a doorbell. What is true is read from the provider."""

    __tablename__ = "payment_events"
    __table_args__ = (
        Index(
            "ix_payment_events_waiting",
            "received_at",
            sqlite_where=text("applied_at IS NULL"),
            postgresql_where=text("applied_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    kind: Mapped[str] = mapped_column(String(80))
    object_id: Mapped[str] = mapped_column(String(255))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    applied_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
