"""What was handed out: certificates, bundles, and links for people without a login."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, UTCDateTime, kind_of
from portal.core.db import Base
from portal.proofs.values import BundleState, Source

TOKEN_HASH = String(64)


def _account() -> ForeignKeyConstraint:
    """Tie a row to an account of its own organization (RULINGS 9)."""
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["texting_accounts.organization_id", "texting_accounts.id"],
        ondelete="RESTRICT",
    )


def _record() -> ForeignKeyConstraint:
    """Tie a row to a consent record of its own account (RULINGS 9)."""
    return ForeignKeyConstraint(
        ["organization_id", "account_id", "record_id"],
        ["consent_records.organization_id", "consent_records.account_id", "consent_records.id"],
        ondelete="CASCADE",
    )


class ProofCertificate(Base):
    """That a record was certified; its token opens the public page, which holds no personal data."""

    __tablename__ = "proof_certificates"
    __table_args__ = (_record(),)

    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    token: Mapped[str] = mapped_column(String(43), unique=True)
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    issued_by: Mapped[str] = mapped_column(String(200))


class ProofBundle(Base):
    """One ZIP of proofs for many numbers: asked for by a person, made by a worker."""

    __tablename__ = "proof_bundles"
    __table_args__ = (
        _account(),
        UniqueConstraint("account_id", "nonce"),
        UniqueConstraint("organization_id", "account_id", "id"),
        Index("ix_proof_bundles_by_age", "account_id", "created_at", "id"),
        Index("ix_proof_bundles_by_state", "state", "moved_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    nonce: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    source: Mapped[Source] = mapped_column(kind_of(Source))
    state: Mapped[BundleState] = mapped_column(kind_of(BundleState), default=BundleState.WAITING)
    numbers: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    proven: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by_id: Mapped[UUID | None]
    created_by: Mapped[str] = mapped_column(String(200))
    moved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    size: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))


class ProofBundleNumber(Base):
    """One number of a bundle, in the order it was asked for, and what was found."""

    __tablename__ = "proof_bundle_numbers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id", "bundle_id"],
            ["proof_bundles.organization_id", "proof_bundles.account_id", "proof_bundles.id"],
            ondelete="CASCADE",
        ),
        Index("ix_proof_bundle_numbers_unproven", "bundle_id", "record_id", "position"),
    )

    bundle_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    written: Mapped[str] = mapped_column(String(60))
    e164: Mapped[str | None] = mapped_column(E164)
    record_id: Mapped[UUID | None]
    why: Mapped[str] = mapped_column(String(300), default="")  # why it has no proof


class SharedLink(Base):
    """A link that opens one record, bundle or appeal without a login; only its hash is kept (C-12)."""

    __tablename__ = "shared_links"
    __table_args__ = (
        _account(),
        _record(),
        ForeignKeyConstraint(
            ["organization_id", "account_id", "bundle_id"],
            ["proof_bundles.organization_id", "proof_bundles.account_id", "proof_bundles.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organization_id", "account_id", "case_id"],
            ["appeal_cases.organization_id", "appeal_cases.account_id", "appeal_cases.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint(
            "CASE WHEN record_id IS NULL THEN 0 ELSE 1 END "
            "+ CASE WHEN bundle_id IS NULL THEN 0 ELSE 1 END "
            "+ CASE WHEN case_id IS NULL THEN 0 ELSE 1 END = 1",
            name="shows_one_thing",
        ),
        UniqueConstraint("account_id", "id"),
        Index("ix_shared_links_by_age", "account_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    token_hash: Mapped[str] = mapped_column(TOKEN_HASH, unique=True)
    shared_with: Mapped[str] = mapped_column(String(200))
    record_id: Mapped[UUID | None]
    bundle_id: Mapped[UUID | None]
    case_id: Mapped[UUID | None]  # an appeal, whose own slice shows it
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by_id: Mapped[UUID | None]
    created_by: Mapped[str] = mapped_column(String(200))


class SharedLinkVisit(Base):
    """One time a shared link was opened: from where, and what was seen."""

    __tablename__ = "shared_link_visits"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "link_id"],
            ["shared_links.account_id", "shared_links.id"],
            ondelete="CASCADE",
        ),
        Index("ix_shared_link_visits_by_age", "link_id", "at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    link_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(300))
    what: Mapped[str] = mapped_column(String(40))
