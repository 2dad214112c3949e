"""Forms, and their published versions, which the database itself keeps as they are (C-3)."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import (
    DDL,
    JSON,
    CheckConstraint,
    ForeignKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.optin.values import FormState, Picture


def of_account() -> ForeignKeyConstraint:
    """Tie a row to an account of its own organization (RULINGS 9)."""
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["texting_accounts.organization_id", "texting_accounts.id"],
        ondelete="RESTRICT",
    )


def of_version() -> ForeignKeyConstraint:
    """Tie a row to a version of its own account."""
    return ForeignKeyConstraint(
        ["organization_id", "account_id", "version_id"],
        [
            "optin_form_versions.organization_id",
            "optin_form_versions.account_id",
            "optin_form_versions.id",
        ],
        ondelete="RESTRICT",
    )


class Form(Base):
    """A form with the draft its editors work on."""

    __tablename__ = "optin_forms"
    __table_args__ = (
        of_account(),
        UniqueConstraint("organization_id", "account_id", "id"),
        UniqueConstraint("slug"),
        CheckConstraint("latest >= 0", name="latest_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(120))
    slug: Mapped[str] = mapped_column(String(80))
    state: Mapped[FormState] = mapped_column(kind_of(FormState), default=FormState.DRAFT)
    draft: Mapped[dict[str, Any]] = mapped_column(JSON)
    latest: Mapped[int] = mapped_column(default=0)
    edits: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    edited_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    edited_by: Mapped[str] = mapped_column(String(200))


class FormVersion(Base):
    """One published version. The database refuses to change or remove it."""

    __tablename__ = "optin_form_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id", "form_id"],
            ["optin_forms.organization_id", "optin_forms.account_id", "optin_forms.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("form_id", "number"),
        UniqueConstraint("organization_id", "account_id", "id"),
        CheckConstraint("number > 0", name="number_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    form_id: Mapped[UUID]
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    slug: Mapped[str] = mapped_column(String(80))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    disclosure: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    css: Mapped[str] = mapped_column(Text)
    page_sha256: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    published_by_id: Mapped[UUID | None]
    published_by: Mapped[str] = mapped_column(String(200))


class VersionPicture(Base):
    """A picture of a version's page, taken by Chromium or uploaded (C-4)."""

    __tablename__ = "optin_version_pictures"
    __table_args__ = (of_version(),)

    version_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[Picture] = mapped_column(kind_of(Picture), primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(60))
    taken_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    taken_by: Mapped[str] = mapped_column(String(200))


# What keeps a version as it was published; its migration says the same.
_ON_SQLITE: Final = (
    "CREATE TRIGGER optin_form_versions_no_{verb} BEFORE {verb} ON optin_form_versions "
    "BEGIN SELECT RAISE(ABORT, 'a published version never changes'); END"
)
_FUNCTION: Final = (
    "CREATE FUNCTION optin_form_versions_stay() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'a published version never changes'; END $$"
)
_ON_POSTGRESQL: Final = (
    "CREATE TRIGGER optin_form_versions_stay BEFORE UPDATE OR DELETE ON optin_form_versions "
    "FOR EACH ROW EXECUTE FUNCTION optin_form_versions_stay()"
)


def _guard(statement: str, dialect: str) -> None:
    """Have a statement run on a database of this kind when the table is made."""
    ddl = DDL(statement).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]  # SQLAlchemy is untyped here
    event.listen(FormVersion.__table__, "after_create", ddl)


_guard(_ON_SQLITE.format(verb="UPDATE"), "sqlite")
_guard(_ON_SQLITE.format(verb="DELETE"), "sqlite")
_guard(_FUNCTION, "postgresql")
_guard(_ON_POSTGRESQL, "postgresql")
