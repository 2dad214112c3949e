"""The table of tasks; private to the slice."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.tasks.rules import LONGEST_TITLE
from portal.tasks.values import Source

_UNTOLD = text("done_at IS NULL AND told_at IS NULL")


class Task(Base):
    """Something to do at a time; it goes with the contact it is about."""

    __tablename__ = "tasks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["organization_id", "account_id", "contact_id"],
            ["contacts.organization_id", "contacts.account_id", "contacts.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organization_id", "for_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("account_id", "key"),
        CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done_by_somebody"),
        Index("ix_tasks_in_order", "account_id", "due_at", "id"),
        Index("ix_tasks_by_contact", "account_id", "contact_id", "created_at"),
        Index("ix_tasks_for_id", "for_id"),
        Index("ix_tasks_untold", "due_at", "id", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    for_id: Mapped[UUID | None]
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE))
    note: Mapped[str] = mapped_column(Text, default="")
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    source: Mapped[Source] = mapped_column(kind_of(Source), default=Source.HAND)
    key: Mapped[str | None] = mapped_column(String(200))  # the same wish makes one task
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by: Mapped[str] = mapped_column(String(200))
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # that it is due
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_by: Mapped[str | None] = mapped_column(String(200))
    edits: Mapped[int] = mapped_column(default=0)  # so that no change is lost under another
