"""Erasures, legal holds, the dated table of terms, sweeps, and checks for reassigned numbers."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, UTCDateTime, kind_of
from portal.core.db import Base
from portal.retention.values import ErasureState


class Erasure(Base):
    """A request to be forgotten; the number is kept in the clear only until it is done."""

    __tablename__ = "erasures"
    __table_args__ = (Index("ix_erasures_by_age", "organization_id", "requested_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    e164: Mapped[str | None] = mapped_column(E164)
    last_digits: Mapped[str] = mapped_column(String(2))
    number_hmac: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(500))
    evidence: Mapped[str] = mapped_column(String(500))
    state: Mapped[ErasureState] = mapped_column(kind_of(ErasureState))
    report: Mapped[dict[str, int]] = mapped_column(JSON)
    requested_by: Mapped[str] = mapped_column(String(200))
    requested_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    erased_by: Mapped[str] = mapped_column(String(200), default="")
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class LegalHold(Base):
    """Stops erasure and sweeps for one number, or for all of an organization."""

    __tablename__ = "legal_holds"
    __table_args__ = (Index("ix_legal_holds_by_organization", "organization_id", "released_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    e164: Mapped[str | None] = mapped_column(E164)
    reason: Mapped[str] = mapped_column(String(500))
    set_by: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    release_reason: Mapped[str] = mapped_column(String(500), default="")
    release_asked_by_id: Mapped[UUID | None]
    release_asked_by: Mapped[str] = mapped_column(String(200), default="")
    release_asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    released_by: Mapped[str] = mapped_column(String(200), default="")
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RetentionPolicy(Base):
    """What is kept how long from a date on; never changed, a newer row follows."""

    __tablename__ = "retention_policies"
    __table_args__ = (UniqueConstraint("organization_id", "valid_from", "set_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    valid_from: Mapped[date]
    days: Mapped[dict[str, int]] = mapped_column(JSON)
    set_by: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class RetentionSweep(Base):
    """One look for what is kept too long, dry or done."""

    __tablename__ = "retention_sweeps"
    __table_args__ = (Index("ix_retention_sweeps_by_age", "organization_id", "started_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    is_dry: Mapped[bool]
    started_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    counts: Mapped[dict[str, int]] = mapped_column(JSON)


class ReassignedCheck(Base):
    """One answer of a database of reassigned numbers, taken in (C-13)."""

    __tablename__ = "reassigned_checks"
    __table_args__ = (Index("ix_reassigned_checks_by_age", "organization_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    checked: Mapped[int]
    hits: Mapped[int]
    no_data: Mapped[int]
    unknown: Mapped[int]
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
