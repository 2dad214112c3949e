"""Tables of the registrations slice."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, UTCDateTime, kind_of
from portal.core.db import Base
from portal.core.leased import Stepped
from portal.registrations.values import Kind, State

_OF_ALL = text("kind = 'a2p'")
_OPEN = text("ended_at IS NULL")
_DUE = text("next_at IS NOT NULL")


class Registration(Stepped, Base):
    """What an organization tells the carriers about who texts, and how far that came (N-5).

    `todo` is the list of steps that are still to be done, the next one first. `asked_at` says
    since when the first of them may have been done without our knowing. A request that a newer
    one replaced, or whose number went, has ended and stays as it was.
    """

    __tablename__ = "registrations"
    __table_args__ = (
        Index(
            "uq_registrations_organization_id_e164_open",
            "organization_id",
            "e164",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(
            "uq_registrations_organization_id_a2p",
            "organization_id",
            unique=True,
            sqlite_where=_OF_ALL,
            postgresql_where=_OF_ALL,
        ),
        Index("ix_registrations_due", "next_at", sqlite_where=_DUE, postgresql_where=_DUE),
        CheckConstraint("(kind = 'a2p') = (e164 IS NULL)", name="toll_free_has_number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    kind: Mapped[Kind] = mapped_column(kind_of(Kind))
    e164: Mapped[str | None] = mapped_column(E164)
    state: Mapped[State] = mapped_column(kind_of(State), default=State.DRAFT)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    sids: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    step_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    carrier_status: Mapped[str] = mapped_column(String(40), default="")
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    may_send_in_again: Mapped[bool] = mapped_column(default=True)
    again_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  # None: without a limit
    seen: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    score: Mapped[int | None]
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    round: Mapped[int] = mapped_column(default=0)  # how often it was sent in
    edits: Mapped[int] = mapped_column(default=0)  # two editors notice each other
    edited_by: Mapped[str] = mapped_column(String(200), default="")
    edited_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def __repr__(self) -> str:
        """Name the kind and its state."""
        return f"<Registration {self.kind} {self.state}>"
