"""Words people keep to use again: their own, a team's, or the whole organization's (Q-5)."""

from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, one_name
from portal.core.db import Base
from portal.messaging.rules.saved import LONGEST_KEY, LONGEST_NAME

_one_name = partial(one_name, "saved_replies", "archived_at IS NULL")


class SavedReply(Base):
    """A wording somebody keeps; without a person it is a template of a team, or of everybody."""

    __tablename__ = "saved_replies"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["organization_id", "team_id"],
            ["teams.organization_id", "teams.id"],
            ondelete="RESTRICT",
        ),
        CheckConstraint("user_id IS NULL OR team_id IS NULL", name="one_keeper"),
        _one_name("user_id IS NOT NULL", "user_id"),
        _one_name("team_id IS NOT NULL", "team_id"),
        _one_name("user_id IS NULL AND team_id IS NULL"),
        Index("ix_saved_replies_in_order", "organization_id", "name_key", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    user_id: Mapped[UUID | None] = mapped_column(index=True)
    team_id: Mapped[UUID | None] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    name_key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    body: Mapped[str] = mapped_column(Text)
    edits: Mapped[int] = mapped_column(default=0)  # so that no change is lost under another
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    changed_by: Mapped[str] = mapped_column(String(200))
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
