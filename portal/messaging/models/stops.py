"""Traffic somebody stopped because of what it does: one list, one number, one person's texts (H-8)."""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.messaging.models.outbox import of_account
from portal.messaging.values.stops import StopKind

_STANDING: Final = text("lifted_at IS NULL")


class TrafficStop(Base):
    """Bulk and plan texts of an account that wait until somebody lets them go on; kept for good."""

    __tablename__ = "traffic_stops"
    __table_args__ = (
        of_account(),
        Index(
            "uq_traffic_stops_standing",
            "account_id",
            "kind",
            "value",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        Index("ix_traffic_stops_by_time", "account_id", "placed_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    kind: Mapped[StopKind] = mapped_column(kind_of(StopKind))
    value: Mapped[str] = mapped_column(String(240))
    sketch: Mapped[bytes] = mapped_column(LargeBinary, default=b"")  # of words, nothing else
    label: Mapped[str] = mapped_column(String(200))  # what it is called
    why: Mapped[str] = mapped_column(String(300))
    placed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    placed_by_id: Mapped[UUID | None]
    placed_by: Mapped[str] = mapped_column(String(200))
    lifted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lifted_by_id: Mapped[UUID | None]
    lifted_by: Mapped[str] = mapped_column(String(200), default="")
    lift_reason: Mapped[str] = mapped_column(String(300), default="")
