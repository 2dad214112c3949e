"""Tables of notices."""

from datetime import date, datetime
from typing import cast
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import SEALED, UTCDateTime, kind_of
from portal.core.db import Base
from portal.core.secrets_box import Place
from portal.notifications.values import ByMail, MailStep


class Notice(Base):
    """One notice to one person; the same event is told once (M-2)."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("user_id", "dedupe_key"),
        Index("ix_notices_user_id_created_at", "user_id", "created_at"),
        Index(
            "ix_notices_unread",
            "user_id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
        Index(
            "ix_notices_to_mail",
            "mail_step",
            "user_id",
            sqlite_where=text("mail_step <> 'done'"),
            postgresql_where=text("mail_step <> 'done'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    organization_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE")
    )
    account_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("texting_accounts.id", ondelete="CASCADE")
    )
    kind: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(String(1000))
    url: Mapped[str | None] = mapped_column(String(500))
    dedupe_key: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    mail_step: Mapped[MailStep] = mapped_column(
        kind_of(MailStep), default=MailStep.DUE, server_default="done"
    )


class NoticePreference(Base):
    """When a person wants a kind of notice by mail or push; without a row, as `KINDS` says."""

    __tablename__ = "notice_preferences"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    by_mail: Mapped[ByMail] = mapped_column(kind_of(ByMail))
    by_push: Mapped[bool | None]  # None: as `values.KINDS` says


class PushKey(Base):
    """The installation's key for Web Push: push services know us by it (RFC 8292). One row."""

    __tablename__ = "push_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    private_sealed: Mapped[str] = mapped_column(Text, info=SEALED)
    public: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    @property
    def place_of_private(self) -> Place:
        """Return where the private half belongs."""
        return Place.of(cast(Table, self.__table__).c.private_sealed, self.id, None)


class PushDevice(Base):
    """A browser that gets pushes of one person, until they sign out or take it off (Q-5)."""

    __tablename__ = "push_devices"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(  # in which it subscribed, while that lasts
        ForeignKey("sessions.id", ondelete="SET NULL"), index=True
    )
    endpoint: Mapped[str] = mapped_column(String(500))
    endpoint_hash: Mapped[str] = mapped_column(String(64), unique=True)
    p256dh: Mapped[str] = mapped_column(String(100))
    auth: Mapped[str] = mapped_column(String(40))
    browser: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class Push(Base):
    """One notice on its way to one device; gone once it arrived or can't."""

    __tablename__ = "pushes"
    __table_args__ = (
        UniqueConstraint("device_id", "notice_id"),
        Index("ix_pushes_next_at", "next_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("push_devices.id", ondelete="CASCADE"))
    notice_id: Mapped[UUID] = mapped_column(
        ForeignKey("notices.id", ondelete="CASCADE"), index=True
    )
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)


class DigestSchedule(Base):
    """When a person's next digest goes; the lock under which it is made, once a day."""

    __tablename__ = "digest_schedules"
    __table_args__ = (
        CheckConstraint("hour >= 0 AND hour <= 23", name="hour_of_a_day"),
        Index("ix_digest_schedules_next_at", "next_at"),
    )

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    hour: Mapped[int | None]  # in the person's own zone; None: no digest
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # None: nothing waits
    last_day: Mapped[date | None]  # the person's own day of the last one
