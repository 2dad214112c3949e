"""What comes in: raw carrier events, replies, conversations; and texts being written."""

from datetime import date, datetime
from typing import Any
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

from portal.core.clock import utcnow
from portal.core.columns import E164, SID, UTCDateTime
from portal.core.db import Base
from portal.messaging.models.outbox import of_account

NOT_APPLIED = text("applied_at IS NULL")
UNDATED = text("look_at IS NOT NULL")


def _view(name: str, sqlite_where: str, postgresql_where: str, *told: str) -> Index:
    """Return the index of one view of the inbox: its lines alone, in their order (G6).

    What is `told` besides is all a count asks. So it need not read the rows, which lie all over
    the table, and SQLite takes no other index that is as good for few rows and walks them all.
    """
    return Index(
        f"ix_conversations_{name}",
        "account_id",
        "last_at",
        "id",
        *told,
        sqlite_where=text(sqlite_where),
        postgresql_where=text(postgresql_where),
    )


class WebhookEvent(Base):
    """One genuine status callback as it came, and whether it has been applied (RULINGS 17)."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        Index(
            "ix_webhook_events_waiting",
            "received_at",
            sqlite_where=NOT_APPLIED,
            postgresql_where=NOT_APPLIED,
        ),
        Index("ix_webhook_events_message_id", "message_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)  # signed fields only
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    sid: Mapped[str] = mapped_column(SID)
    status: Mapped[str] = mapped_column(String(20))
    error_code: Mapped[int | None]
    message_id: Mapped[UUID | None]  # m of the signed address
    attempt: Mapped[int | None]  # a of the signed address
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    applied_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[str | None] = mapped_column(String(40))


class InboundText(Base):
    """One text from a person, once (I10)."""

    __tablename__ = "inbound_texts"
    __table_args__ = (
        of_account(),
        Index("ix_inbound_texts_account_id_e164_received_at", "account_id", "e164", "received_at"),
        Index(
            "ix_inbound_texts_look_at",
            "account_id",
            "look_at",
            sqlite_where=UNDATED,
            postgresql_where=UNDATED,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    sid: Mapped[str] = mapped_column(SID, unique=True)
    contact_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("contacts.id", ondelete="SET NULL"), index=True
    )
    e164: Mapped[str] = mapped_column(E164)  # the person
    our_e164: Mapped[str] = mapped_column(E164)
    body: Mapped[str] = mapped_column(Text)
    media: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    keyword: Mapped[str | None] = mapped_column(String(8))
    segments: Mapped[int]
    credits: Mapped[int]
    source: Mapped[str] = mapped_column(String(12))  # webhook or list
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    day: Mapped[date | None]  # the account's own, on which it was sent
    # When to ask the carrier (again) when it was sent: it opens the number only then (I3).
    look_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    looks: Mapped[int] = mapped_column(default=0, server_default="0")


class Conversation(Base):
    """An account and a number that wrote to each other: one line of the inbox (Q-5)."""

    __tablename__ = "conversations"
    __table_args__ = (
        of_account(),
        UniqueConstraint("account_id", "e164"),
        Index("ix_conversations_inbox", "account_id", "last_at", "id"),
        Index("ix_conversations_changed", "account_id", "changed_at"),
        _view("unread", "unread > 0", "unread > 0", "organization_id", "unread"),
        _view("unanswered", "needs_answer = 1", "needs_answer", "organization_id", "needs_answer"),
        _view("opted_out", "is_opted_out = 1", "is_opted_out"),
        _view("held", "is_held = 1", "is_held"),
        _view("unassigned", "assignee_id IS NULL", "assignee_id IS NULL"),
        Index(
            "ix_conversations_assigned",
            "account_id",
            "assignee_id",
            "last_at",
            "id",
            sqlite_where=text("assignee_id IS NOT NULL"),
            postgresql_where=text("assignee_id IS NOT NULL"),
        ),
        ForeignKeyConstraint(
            ["organization_id", "assignee_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="RESTRICT",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    e164: Mapped[str] = mapped_column(E164)
    contact_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("contacts.id", ondelete="SET NULL"), index=True
    )
    our_e164: Mapped[str | None] = mapped_column(E164)  # of the last exchange (RULINGS 14)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_inbound_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    preview: Mapped[str] = mapped_column(String(200))
    unread: Mapped[int] = mapped_column(default=0)
    needs_answer: Mapped[bool] = mapped_column(default=False)
    is_opted_out: Mapped[bool] = mapped_column(default=False)
    is_held: Mapped[bool] = mapped_column(default=False, server_default=false())
    assignee_id: Mapped[UUID | None]  # who of the account answers it
    # By this an open inbox knows that there is nothing new; None: not since this is kept.
    changed_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime, default=utcnow, onupdate=utcnow
    )


class TextDraft(Base):
    """A text being written, so that nothing is lost without JavaScript or on a refresh."""

    __tablename__ = "text_drafts"
    __table_args__ = (of_account(), Index("ix_text_drafts_author_id", "account_id", "author_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    author_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    contact_ids: Mapped[list[str]] = mapped_column(JSON)
    numbers: Mapped[dict[str, str]] = mapped_column(JSON)  # contact id -> chosen number id
    options: Mapped[dict[str, str]] = mapped_column(JSON)
    nonce: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
