"""Many people being put into a plan at once, by a worker."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.drips.values import IntakeState

MOVING = text("state = 'moving'")


class DripIntake(Base):
    """Whom somebody wished to enrol, and how far that has come; emptied of names once it is over."""

    __tablename__ = "drip_intakes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["organization_id", "drip_id"],
            ["drips.organization_id", "drips.id"],
            ondelete="RESTRICT",
        ),
        Index("ix_drip_intakes_newest", "account_id", "drip_id", "begun_at"),
        Index("ix_drip_intakes_moving", "moved_at", sqlite_where=MOVING, postgresql_where=MOVING),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    drip_id: Mapped[UUID]
    contact_ids: Mapped[list[str]] = mapped_column(JSON)  # all of them, in the order they go
    state: Mapped[IntakeState] = mapped_column(kind_of(IntakeState))
    people: Mapped[int]
    looked_at: Mapped[int] = mapped_column(default=0)
    enrolled: Mapped[int] = mapped_column(default=0)
    already: Mapped[int] = mapped_column(default=0)
    opted_out: Mapped[int] = mapped_column(default=0)
    fault: Mapped[str] = mapped_column(String(300), default="")  # why it stopped
    begun_by_id: Mapped[UUID | None]
    begun_by: Mapped[str] = mapped_column(String(200))
    begun_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    moved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
