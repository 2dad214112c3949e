"""Which files went with a send, and which came with a text (S-7)."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import SID, UTCDateTime, kind_of
from portal.core.db import Base
from portal.messaging.models.outbox import of_account
from portal.messaging.values import Fetching

WAITING = text("state = 'waiting'")


def of_file() -> ForeignKeyConstraint:
    """Tie a row to a file of the same account; the file stays as long as the row does."""
    return ForeignKeyConstraint(
        ["account_id", "file_id"],
        ["media_files.account_id", "media_files.id"],
        ondelete="RESTRICT",
    )


class CampaignMedia(Base):
    """One file that goes with a confirmed send."""

    __tablename__ = "campaign_media"
    __table_args__ = (
        of_account(),
        of_file(),
        ForeignKeyConstraint(
            ["account_id", "campaign_id"],
            ["campaigns.account_id", "campaigns.id"],
            ondelete="RESTRICT",
        ),
        Index("ix_campaign_media_file_id", "account_id", "file_id"),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    file_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class InboundMedia(Base):
    """One attachment of a text that came in: to be fetched from the carrier, and what became of it."""

    __tablename__ = "inbound_media"
    __table_args__ = (
        of_account(),
        of_file(),
        UniqueConstraint("message_sid", "position"),
        Index(
            "ix_inbound_media_waiting",
            "next_try_at",
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
        Index("ix_inbound_media_file_id", "account_id", "file_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    message_sid: Mapped[str] = mapped_column(SID)  # of the text, as the carrier names it
    position: Mapped[int]
    media_sid: Mapped[str] = mapped_column(SID)
    state: Mapped[Fetching] = mapped_column(kind_of(Fetching), default=Fetching.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    file_id: Mapped[UUID | None]
    problem: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
