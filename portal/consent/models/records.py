"""Consent records, what they come to, and who is not to be contacted."""

from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.consent.values import Checkbox, Event, Method, Reach, Strength
from portal.core.clock import utcnow
from portal.core.columns import E164, UTCDateTime, bytewise, kind_of
from portal.core.db import Base

# Standings that the strength alone does not tell: the person stopped, or the consent ends by itself.
IN_MOTION: Final = "stopped_at IS NOT NULL OR expires_at IS NOT NULL"


def of_account() -> ForeignKeyConstraint:
    """Tie a row to an account of its own organization (RULINGS 9)."""
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["texting_accounts.organization_id", "texting_accounts.id"],
        ondelete="RESTRICT",
    )


def _number() -> ForeignKeyConstraint:
    """Tie a row to the number's lock row, which is never deleted (RULINGS 6)."""
    return ForeignKeyConstraint(
        ["organization_id", "e164"],
        ["phone_numbers.organization_id", "phone_numbers.e164"],
        ondelete="RESTRICT",
    )


class ConsentRecord(Base):
    """One thing that happened to a number's consent, with its evidence (C-1)."""

    __tablename__ = "consent_records"
    __table_args__ = (
        of_account(),
        _number(),
        UniqueConstraint("account_id", "idempotency_key"),
        UniqueConstraint("organization_id", "account_id", "id"),
        Index("ix_consent_records_by_age", "account_id", "recorded_at", "id"),
        Index("ix_consent_records_by_number", "account_id", "e164", "recorded_at", "id"),
        Index("ix_consent_records_by_strength", "account_id", "strength", "recorded_at", "id"),
        Index("ix_consent_records_by_method", "account_id", "method", "recorded_at", "id"),
        Index("ix_consent_records_by_event", "account_id", "event", "recorded_at", "id"),
        Index("ix_consent_records_by_form", "account_id", "form_name", "recorded_at", "id"),
        Index("ix_consent_records_by_entry", "account_id", "audit_subject_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    e164: Mapped[str] = mapped_column(E164)
    event: Mapped[Event] = mapped_column(kind_of(Event))
    method: Mapped[Method] = mapped_column(kind_of(Method))
    strength: Mapped[Strength] = mapped_column(kind_of(Strength))
    kinds: Mapped[list[str]] = mapped_column(JSON)
    is_imported: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_staff_entry: Mapped[bool] = mapped_column(default=False, server_default=false())
    name: Mapped[str] = mapped_column(String(200), default="")
    name_key: Mapped[str] = mapped_column(String(200), default="")  # folded, for searching
    email: Mapped[str] = mapped_column(String(254), default="")
    postal_address: Mapped[str] = mapped_column(String(500), default="")
    given_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # claimed (RULINGS 10)
    given_zone: Mapped[str] = mapped_column(String(60), default="")
    given_as_written: Mapped[str] = mapped_column(String(60), default="")
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)  # the server's
    day: Mapped[date | None]  # of recorded_at where the account was then; it is counted on it
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ip_address: Mapped[str] = mapped_column(String(45), default="")
    method_details: Mapped[str] = mapped_column(String(1000), default="")
    source_url: Mapped[str] = mapped_column(String(2000), default="")
    disclosure_text: Mapped[str] = mapped_column(Text, default="")
    checkbox: Mapped[Checkbox] = mapped_column(kind_of(Checkbox))
    form_name: Mapped[str] = mapped_column(String(200), default="")
    form_version: Mapped[str] = mapped_column(String(40), default="")
    user_agent: Mapped[str] = mapped_column(String(500), default="")
    collected_by_id: Mapped[UUID | None]
    collected_by: Mapped[str] = mapped_column(String(200), default="")
    evidence_name: Mapped[str | None] = mapped_column(String(100))
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    evidence_file_name: Mapped[str | None] = mapped_column(String(200))
    evidence_media_type: Mapped[str | None] = mapped_column(String(60))
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("imports.id", ondelete="RESTRICT"))
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    audit_subject_id: Mapped[UUID]  # what its entry in the chain is about: itself or its batch
    sha256: Mapped[str] = mapped_column(String(64))  # over what is claimed; in the chain, too
    redacted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # erased, hashes kept (C-10)


class ConsentWord(Base):
    """A word a record is found by: name, e-mail, digits of the number."""

    __tablename__ = "consent_words"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id", "record_id"],
            ["consent_records.organization_id", "consent_records.account_id", "consent_records.id"],
            ondelete="CASCADE",
        ),
        Index("ix_consent_words_account_id_word", "account_id", "word", "record_id"),
    )

    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(bytewise(100), primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]


class ConsentStanding(Base):
    """What holds for a number in an account: written with the record that changes it."""

    __tablename__ = "consent_standings"
    __table_args__ = (
        of_account(),
        _number(),
        # For the doctor's recount, and for what asks for all standings of an organization.
        Index("ix_consent_standings_counted", "organization_id", "account_id", "strength"),
        Index(
            "ix_consent_standings_in_motion",
            *("organization_id", "account_id", "strength", "stopped_at", "started_at"),
            "expires_at",
            sqlite_where=text(IN_MOTION),
            postgresql_where=text(IN_MOTION),
        ),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    e164: Mapped[str] = mapped_column(E164, primary_key=True)
    organization_id: Mapped[UUID]
    strength: Mapped[Strength] = mapped_column(kind_of(Strength), default=Strength.NONE)
    kinds: Mapped[list[str]] = mapped_column(JSON, default=list)
    record_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("consent_records.id", ondelete="RESTRICT")
    )
    given_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the latest STOP
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the latest own opt-in
    own_act_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # lifts an older Q-7 opt-out
    not_valid_reason: Mapped[str | None] = mapped_column(String(300))
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)


class OrganizationOptOut(Base):
    """The newest opt-out of a number anywhere in an organization: it binds the seller (Q-7)."""

    __tablename__ = "organization_opt_outs"
    __table_args__ = (_number(),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    e164: Mapped[str] = mapped_column(E164, primary_key=True)
    opted_out_at: Mapped[datetime] = mapped_column(UTCDateTime)
    from_account_id: Mapped[UUID]
    record_id: Mapped[UUID] = mapped_column(ForeignKey("consent_records.id", ondelete="RESTRICT"))
    reach: Mapped[Reach] = mapped_column(
        kind_of(Reach), default=Reach.MARKETING, server_default=Reach.MARKETING.value
    )
    reach_reason: Mapped[str] = mapped_column(String(300), default="", server_default="")
    reach_set_by: Mapped[str] = mapped_column(String(200), default="", server_default="")
    reach_set_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class DoNotContact(Base):
    """A number nobody of the organization texts, whatever was agreed."""

    __tablename__ = "do_not_contact"
    __table_args__ = (
        _number(),
        Index("ix_do_not_contact_by_age", "organization_id", "added_at", "e164"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    e164: Mapped[str] = mapped_column(E164, primary_key=True)
    reason: Mapped[str] = mapped_column(String(300))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    added_by_id: Mapped[UUID | None]
    added_by: Mapped[str] = mapped_column(String(200))
