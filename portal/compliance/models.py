"""How organizations tighten the hours of the law, and set thresholds, each from a day on (P-3, H-7)."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.compliance.rules.health import Band
from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base


class HourEdit(Base):
    """An organization's own hours for one state from a day on; never changed, a newer follows.

    What is None stays as the law has it, so a row without any hours takes an edit back.
    """

    __tablename__ = "hour_edits"
    __table_args__ = (Index("ix_hour_edits_in_order", "organization_id", "holds_from", "set_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    code: Mapped[str] = mapped_column(String(12))  # of a row of the law's table
    holds_from: Mapped[date]
    weekday: Mapped[str | None] = mapped_column(String(11))  # "09:00-20:00" or "closed"
    saturday: Mapped[str | None] = mapped_column(String(11))
    sunday: Mapped[str | None] = mapped_column(String(11))
    bars_holidays: Mapped[bool]
    max_per_day: Mapped[int | None]  # texts to one person in 24 hours
    closed_days: Mapped[list[str]] = mapped_column(JSON)  # ISO dates
    note: Mapped[str] = mapped_column(String(500))
    set_by: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class HealthPolicy(Base):
    """An organization's own thresholds of health from a day on; never changed, a newer follows."""

    __tablename__ = "health_policies"
    __table_args__ = (Index("ix_health_policies_in_order", "organization_id", "set_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    holds_from: Mapped[date]
    opt_out_watch: Mapped[int]  # ten-thousandths, as the other rates
    opt_out_breach: Mapped[int]
    error_watch: Mapped[int]
    error_breach: Mapped[int]
    least_delivered: Mapped[int]
    least_events: Mapped[int]
    pause_least: Mapped[int]
    pauses: Mapped[bool]
    short_hours: Mapped[int]
    judged_days: Mapped[int]
    long_days: Mapped[int]
    reason: Mapped[str] = mapped_column(String(300))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    set_by_id: Mapped[UUID | None]
    set_by: Mapped[str] = mapped_column(String(200))


class HealthMark(Base):
    """How an account was judged when it was looked at last, so that a crossing is told once (H-4)."""

    __tablename__ = "health_marks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    band: Mapped[Band] = mapped_column(kind_of(Band))
    since: Mapped[datetime] = mapped_column(UTCDateTime)
    # Nothing before this counts against it: somebody has looked and let it go on. A whole hour.
    judged_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
