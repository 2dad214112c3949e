"""Files that go with texts or came with them."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime
from portal.core.db import Base


class MediaFile(Base):
    """One file of an account, as it leaves or may be shown. Its bytes lie sealed beside the database."""

    __tablename__ = "media_files"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("account_id", "id"),
        Index("ix_media_files_by_age", "organization_id", "created_at", "id"),
        CheckConstraint("size > 0", name="size_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    has_picture: Mapped[bool]  # a small one, to show
    sha256: Mapped[str] = mapped_column(String(64))  # of what leaves
    stored_as: Mapped[str] = mapped_column(String(60), unique=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    token_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  # None: nobody was sent there
    is_used: Mapped[bool] = mapped_column(server_default=false())  # a text rests on it, or did
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by: Mapped[UUID | None]
    created_by_name: Mapped[str] = mapped_column(String(200))


class MediaFetch(Base):
    """How often a file was fetched for one text (PROMISES 4 row 15)."""

    __tablename__ = "media_fetches"

    file_id: Mapped[UUID] = mapped_column(
        ForeignKey("media_files.id", ondelete="CASCADE"), primary_key=True
    )
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    times: Mapped[int]
    first_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
