"""Texts that sound like a revocation, and what became of each (Q-4)."""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.consent.values import HoldState
from portal.core.clock import utcnow
from portal.core.columns import E164, SID, UTCDateTime, kind_of
from portal.core.db import Base

_STANDING: Final = text("state = 'standing'")


class RevocationHold(Base):
    """Sending to a number that was held because of what the person wrote; one stands at most."""

    __tablename__ = "revocation_holds"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["organization_id", "e164"],
            ["phone_numbers.organization_id", "phone_numbers.e164"],
            ondelete="RESTRICT",
        ),
        Index(
            "uq_revocation_holds_standing",
            "organization_id",
            "e164",
            "account_id",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        Index("ix_revocation_holds_by_number", "account_id", "e164", "said_at"),
        Index("ix_revocation_holds_by_end", "organization_id", "state", "lapses_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    e164: Mapped[str] = mapped_column(E164)
    sid: Mapped[str] = mapped_column(SID)  # of the text that says it
    words: Mapped[str] = mapped_column(String(300))  # of it, as they were matched
    said_at: Mapped[datetime] = mapped_column(UTCDateTime)
    held_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)  # the server's
    lapses_at: Mapped[datetime] = mapped_column(UTCDateTime)  # then it is an opt-out
    state: Mapped[HoldState] = mapped_column(kind_of(HoldState), default=HoldState.STANDING)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    settled_by_id: Mapped[UUID | None]
    settled_by: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(300), default="")  # why it was released
