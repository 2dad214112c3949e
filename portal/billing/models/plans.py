"""Tables of plans and subscriptions."""

from datetime import datetime
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

from portal.billing.models.keys import of_account
from portal.billing.values import Change, SubscriptionState
from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base


class Plan(Base):
    """One plan of the catalogue, which an admin edits (B-1)."""

    __tablename__ = "plans"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("credits_per_month > 0", name="credits_positive"),
        CheckConstraint("price_cents >= 0", name="price_not_negative"),
        CheckConstraint(
            "(next_price_cents IS NULL) = (next_price_at IS NULL)", name="next_price_has_its_day"
        ),
        CheckConstraint("next_price_cents >= 0", name="next_price_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(60))
    credits_per_month: Mapped[int]
    price_cents: Mapped[int]  # until next_price_at, where there is one
    next_price_cents: Mapped[int | None]
    next_price_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    is_offered: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class Subscription(Base):
    """An account's subscription, on the terms of the day it was bought.

    An edit of the catalogue never changes what somebody already agreed to pay.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        of_account(),
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
    is_unpaid: Mapped[bool] = mapped_column(default=False)  # canceled because its card was declined


class SubscriptionChange(Base):
    """One change of a subscription's plan: from which terms to which, and what it moved."""

    __tablename__ = "subscription_changes"
    __table_args__ = (
        of_account(),
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
