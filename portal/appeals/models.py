"""Tables of the appeals slice."""

from datetime import datetime
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
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.appeals.values import Answer, FileKind, Happening, Kind, Slot, State
from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base

_OPEN = text("state NOT IN ('reinstated', 'denied', 'withdrawn')")
_WHO = String(200)


class AppealTemplate(Base):
    """A later version of a template's wording; never changed. Version 1 is in the rules (A-2)."""

    __tablename__ = "appeal_templates"
    __table_args__ = (
        UniqueConstraint("organization_id", "kind", "version"),
        CheckConstraint("version > 1", name="first_is_in_the_rules"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    kind: Mapped[Kind] = mapped_column(kind_of(Kind))
    version: Mapped[int]
    headings: Mapped[list[str]] = mapped_column(JSON)  # one for each part, in order
    reason: Mapped[str] = mapped_column(String(300))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    set_by_id: Mapped[UUID | None]
    set_by: Mapped[str] = mapped_column(_WHO)


class AppealCase(Base):
    """One appeal of one suspension: which round it is, and where it stands (A-5)."""

    __tablename__ = "appeal_cases"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["organization_id", "account_id", "restriction_id"],
            ["restrictions.organization_id", "restrictions.account_id", "restrictions.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["organization_id", "account_id", "previous_id"],
            ["appeal_cases.organization_id", "appeal_cases.account_id", "appeal_cases.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("organization_id", "account_id", "id"),
        Index(
            "uq_appeal_cases_open",
            "restriction_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_appeal_cases_by_state", "organization_id", "state", "due_at", "id"),
        Index("ix_appeal_cases_account", "account_id", "created_at", "id"),
        CheckConstraint("round > 0", name="rounds_count_from_one"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    restriction_id: Mapped[UUID]
    round: Mapped[int] = mapped_column(default=1)
    previous_id: Mapped[UUID | None]
    kind: Mapped[Kind] = mapped_column(kind_of(Kind))
    template_version: Mapped[int]
    state: Mapped[State] = mapped_column(kind_of(State), default=State.DRAFT)
    assignee_id: Mapped[UUID | None]
    assignee: Mapped[str] = mapped_column(_WHO, default="")
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    carrier_ticket: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by_id: Mapped[UUID | None]
    created_by: Mapped[str] = mapped_column(_WHO)
    handed_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    edits: Mapped[int] = mapped_column(default=0)

    def __repr__(self) -> str:
        """Name its state and account."""
        return f"<AppealCase {self.state} of account {self.account_id}>"


def _of_case() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organization_id", "account_id", "case_id"],
        ["appeal_cases.organization_id", "appeal_cases.account_id", "appeal_cases.id"],
        ondelete="RESTRICT",
    )


class AppealPart(Base):
    """One part of a case: what was written, or why it does not apply (A-2)."""

    __tablename__ = "appeal_parts"
    __table_args__ = (
        _of_case(),
        CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by = '')", name="confirmed_by_somebody"
        ),
    )

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    slot: Mapped[Slot] = mapped_column(kind_of(Slot))
    answer: Mapped[Answer] = mapped_column(kind_of(Answer), default=Answer.OPEN)
    text: Mapped[str] = mapped_column(Text, default="")
    link: Mapped[str] = mapped_column(String(500), default="")
    numbers: Mapped[list[str]] = mapped_column(JSON, default=list)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_by: Mapped[str] = mapped_column(_WHO, default="")
    edits: Mapped[int] = mapped_column(default=0)


class AppealFile(Base):
    """One file of a case. Its bytes lie sealed beside the database; pictures were written anew."""

    __tablename__ = "appeal_files"
    __table_args__ = (
        _of_case(),
        UniqueConstraint("stored_as"),
        Index("ix_appeal_files_case", "case_id", "created_at", "id"),
        CheckConstraint("size > 0", name="size_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    case_id: Mapped[UUID]
    part: Mapped[int | None]
    kind: Mapped[FileKind] = mapped_column(kind_of(FileKind))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))  # of what is kept
    stored_as: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by_id: Mapped[UUID | None]
    created_by: Mapped[str] = mapped_column(_WHO)


class AppealEvent(Base):
    """One line of a case's history; lines are added, never changed (A-5)."""

    __tablename__ = "appeal_events"
    __table_args__ = (
        _of_case(),
        UniqueConstraint("case_id", "position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    case_id: Mapped[UUID]
    position: Mapped[int]  # 1, 2, 3 and so on within the case
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    kind: Mapped[Happening] = mapped_column(kind_of(Happening))
    state: Mapped[State | None] = mapped_column(kind_of(State))
    part: Mapped[int | None]
    text: Mapped[str] = mapped_column(Text, default="")
    by_id: Mapped[UUID | None]
    by_name: Mapped[str] = mapped_column(_WHO)
