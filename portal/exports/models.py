"""Files that a worker makes."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.exports.values import ExportState, FileKind, Subject


class Export(Base):
    """One file of an account, asked for by a person and gone after a week."""

    __tablename__ = "text_exports"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("account_id", "nonce"),  # one click, one file
        Index("ix_text_exports_by_age", "account_id", "created_at", "id"),
        Index("ix_text_exports_by_state", "state", "moved_at"),
        CheckConstraint("first <= last", name="days_in_order"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    nonce: Mapped[str] = mapped_column(String(64))
    subject: Mapped[Subject] = mapped_column(kind_of(Subject), server_default=Subject.TEXTS.value)
    first: Mapped[date]
    last: Mapped[date]
    zone: Mapped[str] = mapped_column(String(60), server_default="")
    narrowed: Mapped[str] = mapped_column(String(40), server_default="")
    kind: Mapped[FileKind] = mapped_column(kind_of(FileKind))
    state: Mapped[ExportState] = mapped_column(kind_of(ExportState), default=ExportState.WAITING)
    rows: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    size: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by: Mapped[str] = mapped_column(String(200))
    moved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
