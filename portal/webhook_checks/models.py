"""Tables of the webhook checks; private to the slice."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.webhook_checks.values import Reason, Route


class WebhookMark(Base):
    """The last webhook of a route that was believed, and the last that was refused.

    Two rows a route and organization, written over: addresses and reasons, never a parameter.
    """

    __tablename__ = "webhook_marks"

    scope_id: Mapped[UUID] = mapped_column(primary_key=True)  # all zeros: nobody's account
    route: Mapped[Route] = mapped_column(kind_of(Route), primary_key=True)
    is_genuine: Mapped[bool] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[Reason | None] = mapped_column(kind_of(Reason))
    signed_url: Mapped[str | None] = mapped_column(String(500))
    seen_url: Mapped[str] = mapped_column(String(500))
    hops: Mapped[int]


class WebhookCheck(Base):
    """One test call to our own public address, signed as the carrier signs."""

    __tablename__ = "webhook_checks"
    __table_args__ = (Index("ix_webhook_checks_newest", "organization_id", "asked_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    signed_url: Mapped[str] = mapped_column(String(500))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    asked_by: Mapped[str] = mapped_column(String(200))
    arrived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    seen_url: Mapped[str] = mapped_column(String(500), default="")
    hops: Mapped[int] = mapped_column(default=0)
    refusal: Mapped[str] = mapped_column(String(200), default="")
    answer: Mapped[int | None]
    no_answer: Mapped[str] = mapped_column(String(300), default="")
    strays: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, server_default="[]")
    not_looked: Mapped[str] = mapped_column(String(300), default="", server_default="")
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    is_news: Mapped[bool] = mapped_column(default=False, server_default=false())  # JSON, not a form
