"""Tables of the appeals slice."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.appeals.values import (
    Answer,
    FileKind,
    Happening,
    Kind,
    ReplyKind,
    SendingState,
    Slot,
    State,
    Urgency,
)
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
    # What was found for them when proof was last looked for, so that no page looks again.
    tally: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
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
    about_id: Mapped[UUID | None]  # the reply, answer or comment it came with
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
    """One line of a case's history; lines are added, and lose only an erased number (A-5, C-10)."""

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


class AppealSending(Base):
    """One thing that goes to the carrier: the appeal itself, then answers to what it asks (A-5, A-6)."""

    __tablename__ = "appeal_sendings"
    __table_args__ = (
        _of_case(),
        UniqueConstraint("case_id", "number"),
        Index("ix_appeal_sendings_by_state", "state", "moved_at", "id"),
        CheckConstraint("number > 0", name="numbers_count_from_one"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    case_id: Mapped[UUID]
    number: Mapped[int]  # 1 is the appeal, 2 and on are answers
    state: Mapped[SendingState] = mapped_column(kind_of(SendingState), default=SendingState.WAITING)
    to_address: Mapped[str] = mapped_column(String(254), default="")
    words: Mapped[str] = mapped_column(Text, default="")  # of an answer
    problem: Mapped[str] = mapped_column(String(300), default="")  # why it did not go by mail
    note: Mapped[str] = mapped_column(String(300), default="")  # how it was sent by hand
    tries: Mapped[int] = mapped_column(default=0, server_default="0")  # to make its files
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    asked_by_id: Mapped[UUID | None]
    asked_by: Mapped[str] = mapped_column(_WHO)
    moved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sent_by: Mapped[str] = mapped_column(_WHO, default="")


class AppealReply(Base):
    """What the carrier answered, as it was written, and who kept it (A-6)."""

    __tablename__ = "appeal_replies"
    __table_args__ = (
        _of_case(),
        Index("ix_appeal_replies_case", "case_id", "recorded_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    case_id: Mapped[UUID]
    kind: Mapped[ReplyKind] = mapped_column(kind_of(ReplyKind))
    received_on: Mapped[date] = mapped_column(Date)
    text: Mapped[str] = mapped_column(Text, default="")
    asked: Mapped[str] = mapped_column(Text, default="")  # what it wants to know
    due_on: Mapped[date | None] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    recorded_by_id: Mapped[UUID | None]
    recorded_by: Mapped[str] = mapped_column(_WHO)


class AppealReminder(Base):
    """That people were told of a due date: once before it, once after it."""

    __tablename__ = "appeal_reminders"
    __table_args__ = (_of_case(),)

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    urgency: Mapped[Urgency] = mapped_column(kind_of(Urgency), primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    told_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class AppealSettings(Base):
    """Where an organization's appeals go, and how long what is waited for may take."""

    __tablename__ = "appeal_settings"
    __table_args__ = (
        CheckConstraint("answer_days BETWEEN 1 AND 60", name="answer_in_time"),
        CheckConstraint("round_days BETWEEN 1 AND 60", name="round_in_time"),
    )

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT"), primary_key=True
    )
    support_address: Mapped[str] = mapped_column(String(254), default="")
    answer_days: Mapped[int]
    round_days: Mapped[int]
    edits: Mapped[int] = mapped_column(default=0)
    set_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    set_by: Mapped[str] = mapped_column(_WHO)
