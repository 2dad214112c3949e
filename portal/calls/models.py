"""Tables of calls; private to the slice, but for the reports."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.calls.values import CallState, Shown
from portal.core.clock import utcnow
from portal.core.columns import E164, SID, UTCDateTime, kind_of
from portal.core.counting import IN_ITS_KEY
from portal.core.db import Base


def of_account() -> ForeignKeyConstraint:
    """Tie a row to its account and organization together (RULINGS 9)."""
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["texting_accounts.organization_id", "texting_accounts.id"],
        ondelete="RESTRICT",
    )


class CallForwarding(Base):
    """Where a number's calls go. The phone was verified; a pending one has still to be."""

    __tablename__ = "call_forwardings"
    __table_args__ = (of_account(),)

    sender_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    phone: Mapped[str | None] = mapped_column(E164)
    shown: Mapped[Shown] = mapped_column(kind_of(Shown), default=Shown.CALLER)
    verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    verified_by_id: Mapped[UUID | None]
    verified_by: Mapped[str] = mapped_column(String(200), default="")
    pending_phone: Mapped[str | None] = mapped_column(E164)
    pending_hash: Mapped[str | None] = mapped_column(String(64))
    pending_shown: Mapped[Shown | None] = mapped_column(kind_of(Shown))
    pending_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    tries_left: Mapped[int] = mapped_column(default=0)


class Call(Base):
    """One call to a number of ours. Who called is not kept: the phone it rang at shows that."""

    __tablename__ = "calls"
    __table_args__ = (
        of_account(),
        UniqueConstraint("organization_id", "call_sid"),
        Index("ix_calls_newest", "account_id", "sender_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    sender_id: Mapped[UUID]
    call_sid: Mapped[str] = mapped_column(SID)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    day: Mapped[date]  # of the account, when it rang; never changes
    is_forwarded: Mapped[bool]
    state: Mapped[CallState] = mapped_column(kind_of(CallState))
    seconds: Mapped[int | None]  # of the caller's leg
    talk_seconds: Mapped[int | None]  # of the leg to the forwarding phone


class CallDay(Base):
    """How many calls an account had on one of its days: a running count for the reports (G13)."""

    __tablename__ = "call_days"
    __table_args__ = (of_account(), IN_ITS_KEY)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    calls: Mapped[int]
    forwarded: Mapped[int]
    answered: Mapped[int]
    minutes: Mapped[int]
    forwarded_minutes: Mapped[int]
