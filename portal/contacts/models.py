"""Tables of the address book; private to the slice."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.contacts.values import (
    ConsentSource,
    ImportKind,
    ImportState,
    Language,
    Problem,
    Weight,
)
from portal.core.clock import utcnow
from portal.core.columns import E164, UTCDateTime, bytewise, kind_of
from portal.core.db import Base
from portal.core.phone import Kind


def _account() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["texting_accounts.organization_id", "texting_accounts.id"],
        ondelete="RESTRICT",
    )


class PhoneNumber(Base):
    """A number an organization has met: the row STOP and sends lock, never deleted (RULINGS 6)."""

    __tablename__ = "phone_numbers"

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT"), primary_key=True
    )
    e164: Mapped[str] = mapped_column(E164, primary_key=True)
    kind: Mapped[Kind] = mapped_column(kind_of(Kind), default=Kind.UNKNOWN)
    region: Mapped[str | None] = mapped_column(String(3))
    unreachable_code: Mapped[int | None]
    unreachable_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class Contact(Base):
    """A person in an account's address book."""

    __tablename__ = "contacts"
    __table_args__ = (
        _account(),
        UniqueConstraint("organization_id", "account_id", "id"),
        UniqueConstraint("account_id", "preferred_e164"),  # one person is texted at a number
        Index("ix_contacts_by_name", "account_id", "sort_name", "id"),
        Index("ix_contacts_by_age", "account_id", "created_at", "id"),
        Index("ix_contacts_by_state", "account_id", "state", "sort_name", "id"),
        Index("ix_contacts_by_source", "account_id", "lead_source", "sort_name", "id"),
        Index("ix_contacts_by_email", "account_id", "email_key"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    first_name: Mapped[str] = mapped_column(String(100), default="")
    last_name: Mapped[str] = mapped_column(String(100), default="")
    sort_name: Mapped[str] = mapped_column(bytewise(200))
    email: Mapped[str] = mapped_column(String(254), default="")
    email_key: Mapped[str] = mapped_column(bytewise(254), default="")
    street: Mapped[str] = mapped_column(String(200), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    state: Mapped[str] = mapped_column(bytewise(50), default="")
    zip: Mapped[str] = mapped_column(String(20), default="")
    language: Mapped[Language] = mapped_column(kind_of(Language), default=Language.EN)
    lead_source: Mapped[str] = mapped_column(String(100), default="")
    known_since: Mapped[date | None]
    preferred_e164: Mapped[str | None] = mapped_column(E164)  # None: cannot be texted
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("imports.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


def _contact() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organization_id", "account_id", "contact_id"],
        ["contacts.organization_id", "contacts.account_id", "contacts.id"],
        ondelete="CASCADE",
    )


class ContactNumber(Base):
    """One number of a contact, as written and as read."""

    __tablename__ = "contact_numbers"
    __table_args__ = (
        _contact(),
        UniqueConstraint("contact_id", "position"),
        UniqueConstraint("contact_id", "e164"),
        Index("ix_contact_numbers_account_id_e164", "account_id", "e164"),
        CheckConstraint("e164 IS NOT NULL OR problem IS NOT NULL", name="unread_has_a_reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    position: Mapped[int]
    e164: Mapped[str | None] = mapped_column(E164)
    raw: Mapped[str] = mapped_column(String(100))
    label: Mapped[str] = mapped_column(String(40), default="")
    kind: Mapped[Kind] = mapped_column(kind_of(Kind), default=Kind.UNKNOWN)
    region: Mapped[str | None] = mapped_column(String(3))
    is_preferred: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_verified: Mapped[bool] = mapped_column(default=True, server_default=true())
    problem: Mapped[Problem | None] = mapped_column(kind_of(Problem))


class ContactWord(Base):
    """A word a contact is found by: names, e-mail, digits of its numbers."""

    __tablename__ = "contact_words"
    __table_args__ = (
        _contact(),
        # SQLite would take it for the words of one contact, too, knowing no better, and walk all
        # of the account's for each contact deleted. Now only who asks for a word can have it.
        Index(
            "ix_contact_words_account_id_word",
            *("account_id", "word", "contact_id"),
            sqlite_where=text("word IS NOT NULL"),
        ),
    )

    contact_id: Mapped[UUID] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(bytewise(100), primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]


class Tag(Base):
    """A word an account sorts its contacts by."""

    __tablename__ = "tags"
    __table_args__ = (
        _account(),
        UniqueConstraint("account_id", "key"),
        UniqueConstraint("organization_id", "account_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(50))
    key: Mapped[str] = mapped_column(bytewise(50))


class ContactTag(Base):
    """A tag on a contact."""

    __tablename__ = "contact_tags"
    __table_args__ = (
        _contact(),
        ForeignKeyConstraint(
            ["organization_id", "account_id", "tag_id"],
            ["tags.organization_id", "tags.account_id", "tags.id"],
            ondelete="CASCADE",
        ),
        Index("ix_contact_tags_tag_id_contact_id", "tag_id", "contact_id"),
    )

    contact_id: Mapped[UUID] = mapped_column(primary_key=True)
    tag_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]


class Note(Base):
    """Something a person or an import wrote down about a contact."""

    __tablename__ = "notes"
    __table_args__ = (
        _contact(),
        UniqueConstraint("contact_id", "dedupe_key"),
        Index("ix_notes_contact_id_created_at", "contact_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    body: Mapped[str] = mapped_column(Text)
    author_id: Mapped[UUID | None]
    author: Mapped[str] = mapped_column(String(200))
    dedupe_key: Mapped[str | None] = mapped_column(String(200))  # the same import writes it once
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class ContactCount(Base):
    """How many contacts an account has: kept with every change, never counted (SPEED G6)."""

    __tablename__ = "contact_counts"
    __table_args__ = (
        _account(),
        CheckConstraint("contacts >= 0", name="contacts_not_negative"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    contacts: Mapped[int] = mapped_column(default=0)


class KeptSelection(Base):
    """People ticked on several pages of the list, kept without JavaScript (K-4)."""

    __tablename__ = "kept_selections"
    __table_args__ = (_account(),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    user_id: Mapped[UUID]
    contact_ids: Mapped[list[str]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class Import(Base):
    """One uploaded file on its way into the portal (K-1)."""

    __tablename__ = "imports"
    __table_args__ = (
        _account(),
        UniqueConstraint("organization_id", "account_id", "id"),
        Index("ix_imports_account_id_created_at", "account_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    kind: Mapped[ImportKind] = mapped_column(kind_of(ImportKind))
    state: Mapped[ImportState] = mapped_column(kind_of(ImportState), default=ImportState.UPLOADED)
    file_name: Mapped[str] = mapped_column(String(200))
    stored_name: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    encoding: Mapped[str] = mapped_column(String(20))
    delimiter: Mapped[str] = mapped_column(String(1))
    has_header: Mapped[bool]
    columns: Mapped[list[str]] = mapped_column(JSON)
    samples: Mapped[list[list[str]]] = mapped_column(JSON)
    mapping: Mapped[list[str]] = mapped_column(JSON)
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    consent_source: Mapped[ConsentSource | None] = mapped_column(kind_of(ConsentSource))
    consent_note: Mapped[str] = mapped_column(String(500), default="")
    runs: Mapped[list[list[Any]]] = mapped_column(JSON, default=list)
    total_rows: Mapped[int]
    rows_done: Mapped[int] = mapped_column(default=0)
    imported: Mapped[int] = mapped_column(default=0)
    merged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    untextable: Mapped[int] = mapped_column(default=0)
    noted: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(500), default="")
    created_by_id: Mapped[UUID | None]
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    moved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)  # last sign of life
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ImportFinding(Base):
    """What a dry run or an import found about one row; replaced by the next run."""

    __tablename__ = "import_findings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id", "import_id"],
            ["imports.organization_id", "imports.account_id", "imports.id"],
            ondelete="CASCADE",
        ),
        Index("ix_import_findings_by_weight", "import_id", "weight", "line", "position"),
    )

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    weight: Mapped[Weight] = mapped_column(kind_of(Weight))
    code: Mapped[str] = mapped_column(String(40))
    column: Mapped[str] = mapped_column(String(100), default="")
    value: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(500))
    cells: Mapped[list[str] | None] = mapped_column(JSON)
