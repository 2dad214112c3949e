"""Tables of dossiers."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.dossiers.values import DossierState

_MOVING = text("state = 'waiting'")


class Dossier(Base):
    """Everything about an account as one ZIP: asked for by a person, made by a worker."""

    __tablename__ = "dossiers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("account_id", "nonce"),  # one click, one dossier
        Index("ix_dossiers_by_age", "account_id", "created_at", "id"),
        Index("ix_dossiers_by_state", "state", "moved_at"),
        Index(
            "uq_dossiers_moving",
            "account_id",
            unique=True,
            sqlite_where=_MOVING,
            postgresql_where=_MOVING,
        ),
        CheckConstraint("first <= last", name="days_in_order"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    nonce: Mapped[str] = mapped_column(String(64))
    counsel: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(500))
    first: Mapped[date | None]
    last: Mapped[date | None]
    zone: Mapped[str] = mapped_column(String(60))
    state: Mapped[DossierState] = mapped_column(kind_of(DossierState), default=DossierState.WAITING)
    files: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(BigInteger, default=0)
    missing: Mapped[int] = mapped_column(default=0)
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    trouble: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by_id: Mapped[UUID | None]
    created_by: Mapped[str] = mapped_column(String(200))
    moved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease: Mapped[int] = mapped_column(default=0)  # which run; its file bears the number
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
