"""The table of reports that go by mail."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.exports.values import FileKind
from portal.reports.values import ReportName
from portal.schedules.values import Rhythm


class ReportSchedule(Base):
    """One report that goes by mail, until its owner stops it or may no longer see it."""

    __tablename__ = "report_schedules"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        Index("ix_report_schedules_next_at", "next_at"),
        Index("ix_report_schedules_owner", "organization_id", "owner_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    account_id: Mapped[UUID | None]  # None: all accounts each reader reaches
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    report: Mapped[ReportName] = mapped_column(kind_of(ReportName))
    rhythm: Mapped[Rhythm] = mapped_column(kind_of(Rhythm))
    file_kind: Mapped[FileKind] = mapped_column(kind_of(FileKind))
    reader_ids: Mapped[list[str]] = mapped_column(JSON)
    next_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
