"""Tables of the transfers slice."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, SEALED, SID, UTCDateTime, kind_of
from portal.core.db import Base
from portal.core.leased import Stepped
from portal.transfers.values import Ending, Path

_OPEN = text("ended_at IS NULL")
_MOVING = text("asked_at IS NOT NULL AND ended_at IS NULL")
_DUE = text("next_at IS NOT NULL")


class Transfer(Stepped, Base):
    """A number that is brought over from another Twilio account, and how far that came (N-2).

    `todo` is the list of steps that are left, the next one first; `notes` says how each went.
    `asked_at` says since when the number may have been moved without our knowing. The old
    account's token is sealed, and gone once the transfer ended.
    """

    __tablename__ = "transfers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["account_id", "sender_id"],
            ["sender_numbers.account_id", "sender_numbers.id"],
            ondelete="RESTRICT",
        ),
        Index(
            "uq_transfers_account_id_open",
            "account_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(
            "uq_transfers_organization_id_e164_open",
            "organization_id",
            "e164",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(  # whoever asks for it: a number is moved by one at a time
            "uq_transfers_e164_moving",
            "e164",
            unique=True,
            sqlite_where=_MOVING,
            postgresql_where=_MOVING,
        ),
        Index("ix_transfers_due", "next_at", sqlite_where=_DUE, postgresql_where=_DUE),
        CheckConstraint(
            "ended_at IS NULL OR (sealed_token IS NULL AND next_at IS NULL)",
            name="ended_holds_no_token",
        ),
        CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name="ended_somehow"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    path: Mapped[Path | None] = mapped_column(kind_of(Path))
    old_account_sid: Mapped[str] = mapped_column(SID)
    old_account_name: Mapped[str] = mapped_column(String(100), default="")
    sealed_token: Mapped[str | None] = mapped_column(String(500), info=SEALED)
    is_token_refused: Mapped[bool] = mapped_column(default=False)
    e164: Mapped[str | None] = mapped_column(E164)
    number_sid: Mapped[str | None] = mapped_column(SID)
    number_name: Mapped[str] = mapped_column(String(64), default="")
    notes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    looked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    signature: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    requested_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ticket: Mapped[str] = mapped_column(String(60), default="")
    carried: Mapped[int] = mapped_column(default=0)  # opt-outs
    carried_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    is_log_whole: Mapped[bool] = mapped_column(default=True)
    sender_id: Mapped[UUID | None]
    step_since: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    started_by: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    moved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ending: Mapped[Ending | None] = mapped_column(kind_of(Ending))

    def __repr__(self) -> str:
        """Name the number and what is next."""
        return f"<Transfer {self.e164} {self.todo[:1]}>"
