"""How organizations tighten the hours of the law, from a day on (SPEC P-3; RULINGS 4)."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime
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
