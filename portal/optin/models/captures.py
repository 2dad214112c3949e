"""What came in through forms, and who is asked to confirm it."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.contacts.values import Language
from portal.core.clock import utcnow
from portal.core.columns import E164, UTCDateTime, kind_of
from portal.core.db import Base
from portal.optin.models.forms import of_account, of_version
from portal.optin.values import Channel, ConfirmationState


def _of_record(column: str, name: str | None = None) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organization_id", "account_id", column],
        ["consent_records.organization_id", "consent_records.account_id", "consent_records.id"],
        ondelete="RESTRICT",
        name=name,
    )


class Capture(Base):
    """One submission that was taken; the token's nonce makes it happen once (I9)."""

    __tablename__ = "optin_captures"
    __table_args__ = (
        of_version(),
        _of_record("record_id"),
        UniqueConstraint("nonce"),
        Index("ix_optin_captures_by_form", "form_id", "at"),
        Index("ix_optin_captures_by_visitor", "visitor", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    form_id: Mapped[UUID]
    version_id: Mapped[UUID]
    version: Mapped[int]
    nonce: Mapped[str] = mapped_column(String(64))
    channel: Mapped[Channel] = mapped_column(kind_of(Channel))
    e164: Mapped[str] = mapped_column(E164)
    record_id: Mapped[UUID]
    contact_id: Mapped[UUID]  # contacts may be deleted; this stays
    page_url: Mapped[str] = mapped_column(String(2000))
    origin: Mapped[str] = mapped_column(String(300), default="")
    visitor: Mapped[str] = mapped_column(String(64), default="")
    served_at: Mapped[datetime] = mapped_column(UTCDateTime)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class Confirmation(Base):
    """A person asked by text whether it was them (C-2, double opt-in), or told of the sign-up."""

    __tablename__ = "optin_confirmations"
    __table_args__ = (
        of_account(),
        _of_record("record_id"),
        _of_record("confirmed_record_id", "fk_optin_confirmations_confirmed"),
        UniqueConstraint("record_id"),
        Index("ix_optin_confirmations_by_number", "account_id", "e164", "asked_at"),
        Index("ix_optin_confirmations_by_phone", "phone_key", "asked_at"),
        Index(
            "uq_optin_confirmations_one_asked",
            "account_id",
            "e164",
            unique=True,
            sqlite_where=text("state = 'asked'"),
            postgresql_where=text("state = 'asked'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    e164: Mapped[str] = mapped_column(E164)
    phone_key: Mapped[str] = mapped_column(String(64))  # keyed hash, counted over all accounts
    record_id: Mapped[UUID]
    form_name: Mapped[str] = mapped_column(String(120))
    sender_name: Mapped[str] = mapped_column(String(120))
    frequency: Mapped[str] = mapped_column(String(200), default="", server_default="")
    language: Mapped[Language] = mapped_column(kind_of(Language))
    state: Mapped[ConfirmationState] = mapped_column(kind_of(ConfirmationState))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    texted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # its text is queued
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_record_id: Mapped[UUID | None]
