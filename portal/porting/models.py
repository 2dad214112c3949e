"""Tables of the porting slice."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, SEALED, SID, UTCDateTime, kind_of
from portal.core.db import Base
from portal.core.leased import Stepped
from portal.porting.values import State

_DUE = text("next_at IS NOT NULL")
_OPEN = text("state NOT IN ('done', 'canceled')")
_ASKED = text(
    "(request_sid IS NOT NULL OR asked_at IS NOT NULL) AND state NOT IN ('done', 'canceled')"
)


class PortIn(Stepped, Base):
    """A number that an account brings over from another carrier, and how far that came (N-3).

    `todo` is the list of steps that are still to be done, the next one first. `asked_at` says
    since when Twilio may have been asked for the number without our knowing. What opens the
    account at the losing carrier is sealed, and forgotten once the number is here.
    """

    __tablename__ = "port_ins"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("organization_id", "account_id", "id"),
        UniqueConstraint("request_sid"),
        Index(
            "uq_port_ins_organization_id_e164_open",
            "organization_id",
            "e164",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(  # whoever brings it over: Twilio is asked for a number by one at a time
            "uq_port_ins_e164_asked",
            "e164",
            unique=True,
            sqlite_where=_ASKED,
            postgresql_where=_ASKED,
        ),
        Index("ix_port_ins_account", "account_id", "created_at"),
        Index("ix_port_ins_due", "next_at", sqlite_where=_DUE, postgresql_where=_DUE),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    e164: Mapped[str] = mapped_column(E164)
    name: Mapped[str] = mapped_column(String(64))
    state: Mapped[State] = mapped_column(kind_of(State), default=State.DRAFT)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    sealed_account_number: Mapped[str | None] = mapped_column(String(500), info=SEALED)
    sealed_pin: Mapped[str | None] = mapped_column(String(500), info=SEALED)
    needs_pin: Mapped[bool] = mapped_column(default=False)
    number_type: Mapped[str] = mapped_column(String(20), default="")
    bill: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    document_sid: Mapped[str | None] = mapped_column(SID)
    request_sid: Mapped[str | None] = mapped_column(SID)
    withdrawn: Mapped[list[str]] = mapped_column(JSON, default=list)
    carrier_sid: Mapped[str | None] = mapped_column(SID)
    sender_id: Mapped[UUID | None]
    step_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    carrier_status: Mapped[str] = mapped_column(String(40), default="")
    signature_url: Mapped[str] = mapped_column(String(500), default="")
    port_date: Mapped[date | None]
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    letter: Mapped[str] = mapped_column(Text, default="")
    signed_by: Mapped[str] = mapped_column(String(200), default="")
    signed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    round: Mapped[int] = mapped_column(default=0)  # how often it was sent in
    edits: Mapped[int] = mapped_column(default=0)  # two editors notice each other
    edited_by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    def __repr__(self) -> str:
        """Name the number and where it stands."""
        return f"<PortIn {self.e164} {self.state}>"


class PortInEvent(Base):
    """One line of a port-in's timeline; lines are added, never changed."""

    __tablename__ = "port_in_events"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id", "port_in_id"],
            ["port_ins.organization_id", "port_ins.account_id", "port_ins.id"],
            ondelete="RESTRICT",
        ),
        Index("ix_port_in_events_port_in", "port_in_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    port_in_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    text: Mapped[str] = mapped_column(String(500))
