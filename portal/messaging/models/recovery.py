"""What is remembered of the portal's own life: to notice an outage, a restore, a stranger."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, SID, UTCDateTime
from portal.core.db import Base

STANDING = text("lifted_at IS NULL")
UNSETTLED = text("settled_at IS NULL")


class Installation(Base):
    """The high-water mark of this very database; a copy lies outside it (I14).

    Marks are compared by generation, then beat. A restored backup is behind the copy; the
    generation rises when that was noticed, so that it is noticed once.
    """

    __tablename__ = "installations"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    incarnation: Mapped[UUID] = mapped_column(default=uuid4)
    generation: Mapped[int] = mapped_column(default=1)
    beat: Mapped[int] = mapped_column(default=0)
    beaten_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class Heartbeat(Base):
    """When one kind of process last gave a sign of life."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    alive_at: Mapped[datetime] = mapped_column(UTCDateTime)


class CarrierWatch(Base):
    """How far an organization's carrier account has been read against our own records."""

    __tablename__ = "carrier_watches"

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT"), primary_key=True
    )
    # Texts received since then may have passed us by: bulk sending waits (PROMISES 2.4).
    behind_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    noticed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When the newest reading over that gap began. One tells of all up to its begin less the lag.
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    swept_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # both ways, to the end


class SendingFence(Base):
    """All sending of an organization stopped, because its records may be wrong (I14)."""

    __tablename__ = "sending_fences"
    __table_args__ = (
        Index(
            "uq_sending_fences_standing",
            "organization_id",
            unique=True,
            sqlite_where=STANDING,
            postgresql_where=STANDING,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    cause: Mapped[str] = mapped_column(String(20))  # values.FenceCause
    since: Mapped[datetime] = mapped_column(UTCDateTime)  # the carrier's list is read from here
    tripped_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    reconciled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # newest look to the end
    recovered: Mapped[int] = mapped_column(default=0)  # texts the carrier turned out to have
    learned: Mapped[int] = mapped_column(default=0)  # texts received that we didn't know
    lifted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lifted_by_name: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(String(500))


class StrayText(Base):
    """A text the carrier sent for an organization that no row of ours accounts for."""

    __tablename__ = "stray_texts"
    __table_args__ = (
        Index(
            "ix_stray_texts_unsettled",
            "organization_id",
            "sent_at",
            sqlite_where=UNSETTLED,
            postgresql_where=UNSETTLED,
        ),
    )

    sid: Mapped[str] = mapped_column(SID, primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    e164: Mapped[str] = mapped_column(E164)  # the person
    from_e164: Mapped[str | None] = mapped_column(E164)
    body: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime] = mapped_column(UTCDateTime)
    found_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # somebody explained it
