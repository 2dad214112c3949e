"""How officers set the lint's levels, and texts it blocked that somebody asked about (H-1)."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.messaging.models.outbox import of_account
from portal.messaging.rules.linted import ReviewState


class LintLevel(Base):
    """One rule's level as somebody set it from then on; never changed, a newer one follows."""

    __tablename__ = "lint_levels"
    __table_args__ = (Index("ix_lint_levels_in_order", "organization_id", "set_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    rule: Mapped[str] = mapped_column(String(20))
    level: Mapped[str] = mapped_column(String(8))  # of `rules.linted.LEVELS`; empty: the default
    reason: Mapped[str] = mapped_column(String(300))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    set_by_id: Mapped[UUID | None]
    set_by: Mapped[str] = mapped_column(String(200))


class LintReview(Base):
    """A blocked text of an account that somebody asked an officer to look at."""

    __tablename__ = "lint_reviews"
    __table_args__ = (
        of_account(),
        UniqueConstraint("account_id", "body_hash"),
        Index("ix_lint_reviews_by_state", "organization_id", "state", "asked_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    body_hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    state: Mapped[ReviewState] = mapped_column(kind_of(ReviewState), default=ReviewState.ASKED)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    asked_by_id: Mapped[UUID | None]
    asked_by: Mapped[str] = mapped_column(String(200))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(300), default="")
