"""Daily limits, counted where they cannot be passed (S-5, PROMISES 3.3)."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, UTCDateTime
from portal.core.db import Base
from portal.messaging.models.outbox import of_account


class DailyLimit(Base):
    """What one account has taken of one day's limits; the checks are the last wall (I7)."""

    __tablename__ = "daily_limits"
    __table_args__ = (
        of_account(),
        CheckConstraint("recipients >= 0 AND recipients <= recipients_limit", name="recipients"),
        CheckConstraint("segments >= 0 AND segments <= segments_limit", name="segments"),
        CheckConstraint("replies >= 0 AND replies <= replies_limit", name="replies"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)  # in the account's time zone
    organization_id: Mapped[UUID]
    recipients: Mapped[int] = mapped_column(default=0)
    recipients_limit: Mapped[int]
    segments: Mapped[int] = mapped_column(default=0)
    segments_limit: Mapped[int]
    replies: Mapped[int] = mapped_column(default=0)  # segments beyond, kept for replies
    replies_limit: Mapped[int]
    # What texts of plans took beyond, where the organization lets them go at its risk.
    recipients_over: Mapped[int] = mapped_column(default=0, server_default="0")
    segments_over: Mapped[int] = mapped_column(default=0, server_default="0")


class DailyRecipient(Base):
    """One number an account texts on one day: a second text to it takes no further slot."""

    __tablename__ = "daily_recipients"
    __table_args__ = (of_account(),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    e164: Mapped[str] = mapped_column(E164, primary_key=True)
    organization_id: Mapped[UUID]
    is_over: Mapped[bool] = mapped_column(default=False, server_default=false())


class DailyBrand(Base):
    """The segments all accounts of an organization sent on one day of its registered brand."""

    __tablename__ = "daily_brands"

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)  # Pacific, as the carrier counts
    segments: Mapped[int] = mapped_column(default=0)


class AllowedCountry(Base):
    """A country outside code 1 that a team lead switched on for an account (S-2)."""

    __tablename__ = "allowed_countries"
    __table_args__ = (
        of_account(),
        CheckConstraint("daily_limit >= 0", name="limit_not_negative"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    country_code: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    daily_limit: Mapped[int] = mapped_column(default=100)
    allowed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    allowed_by: Mapped[str] = mapped_column(String(200))


class DailyCountry(Base):
    """How many texts an account sends to one foreign country on one day."""

    __tablename__ = "daily_countries"
    __table_args__ = (
        of_account(),
        CheckConstraint("used >= 0 AND used <= daily_limit", name="used"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    country_code: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    used: Mapped[int] = mapped_column(default=0)
    daily_limit: Mapped[int]


class PlanLimitPolicy(Base):
    """Whether texts of plans pass an account's daily limits from then on; a newer row follows."""

    __tablename__ = "plan_limit_policies"
    __table_args__ = (Index("ix_plan_limit_policies_in_order", "organization_id", "set_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    lets_go: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(300))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    set_by_id: Mapped[UUID | None]
    set_by: Mapped[str] = mapped_column(String(200))
