"""Tables of mail on its way."""

from datetime import datetime
from typing import cast
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import SEALED, UTCDateTime, kind_of
from portal.core.db import Base
from portal.core.secrets_box import Place
from portal.mail.values import MailState


class OutgoingMail(Base):
    """One mail to one address; what asked for it wrote it in its own transaction (M-2).

    Its words may hold a link that opens something, so they are sealed, and gone once it is sent.
    """

    __tablename__ = "outgoing_mails"
    __table_args__ = (
        Index(
            "ix_outgoing_mails_waiting",
            "next_try_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_outgoing_mails_created_at", "created_at", "id"),
        Index("ix_outgoing_mails_organization_id", "organization_id"),
        Index("ix_outgoing_mails_user_id", "user_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE")
    )
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    mail_key: Mapped[str] = mapped_column(String(64), unique=True)
    template: Mapped[str] = mapped_column(String(40))
    to_address: Mapped[str] = mapped_column(String(254))
    subject_line: Mapped[str] = mapped_column(String(200))
    words_sealed: Mapped[str | None] = mapped_column(Text, info=SEALED)
    unsubscribe_url: Mapped[str | None] = mapped_column(String(500))
    state: Mapped[MailState] = mapped_column(kind_of(MailState))
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class OutgoingFile(Base):
    """One file that goes with a mail; gone with its words."""

    __tablename__ = "outgoing_files"

    mail_id: Mapped[UUID] = mapped_column(
        ForeignKey("outgoing_mails.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    content: Mapped[bytes]


def place_of_words(mail_id: UUID, organization_id: UUID | None) -> Place:
    """Return where a mail's words belong (X-6)."""
    return Place.of(cast(Table, OutgoingMail.__table__).c.words_sealed, mail_id, organization_id)
