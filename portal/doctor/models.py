"""Tables of the doctor: what it found, and where it has been."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.core.offline.hashes import GENESIS
from portal.doctor.values import Invariant


class StoredFinding(Base):
    """One contradiction that stood at the last visit of its scope; gone once it is mended."""

    __tablename__ = "doctor_findings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="CASCADE",
        ),
        Index("ix_doctor_findings_scope_id", "scope_id"),
        Index("ix_doctor_findings_found_at", "found_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    scope_id: Mapped[UUID]
    invariant: Mapped[Invariant] = mapped_column(kind_of(Invariant))
    check: Mapped[str] = mapped_column(String(40))
    organization_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), index=True
    )
    account_id: Mapped[UUID | None]
    subject: Mapped[str] = mapped_column(String(40))
    sentence: Mapped[str] = mapped_column(String(500))
    advice: Mapped[str] = mapped_column(String(500))
    found_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Visit(Base):
    """When a scope was last looked at, and how far its audit chain was followed."""

    __tablename__ = "doctor_visits"

    scope_id: Mapped[UUID] = mapped_column(primary_key=True)
    visited_at: Mapped[datetime] = mapped_column(UTCDateTime)
    chain_position: Mapped[int] = mapped_column(default=0)
    chain_hash: Mapped[str] = mapped_column(String(64), default=GENESIS)
    chain_read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # last from its beginning
