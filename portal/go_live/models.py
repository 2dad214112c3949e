"""The one row of going live; private to the slice."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.columns import UTCDateTime
from portal.core.db import Base

ONLY: Final = 1


class GoLive(Base):
    """The last look that was asked for, what looks brought back, and what people said."""

    __tablename__ = "go_live"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run: Mapped[int] = mapped_column(
        default=0
    )  # of which look; an older one's answers come too late
    asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    asked_by_id: Mapped[UUID | None]
    asked_by: Mapped[str] = mapped_column(String(200), default="")
    begun_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    backup_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    backup_by: Mapped[str] = mapped_column(String(200), default="")
    mail_key: Mapped[str] = mapped_column(String(120), default="")  # of the last test mail
    mail_to: Mapped[str] = mapped_column(String(320), default="")
