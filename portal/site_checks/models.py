"""Tables of checked pages; private to the slice."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.site_checks.values import CheckState

_OPEN = text("finished_at IS NULL")


class CheckedPage(Base):
    """A page of somebody's site that collects consents for an account."""

    __tablename__ = "checked_pages"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("organization_id", "account_id", "id"),
        UniqueConstraint("account_id", "url_sha256"),
        Index("ix_checked_pages_due", "next_check_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    url: Mapped[str] = mapped_column(String(2000))
    url_sha256: Mapped[str] = mapped_column(String(64))
    is_watched: Mapped[bool] = mapped_column(default=True, server_default=true())
    next_check_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # None: not by itself
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class PageCheck(Base):
    """One look at a page. What it found is never changed afterwards."""

    __tablename__ = "page_checks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id", "page_id"],
            ["checked_pages.organization_id", "checked_pages.account_id", "checked_pages.id"],
            ondelete="RESTRICT",
        ),
        Index("ix_page_checks_by_page", "page_id", "asked_at", "id"),
        Index("ix_page_checks_by_age", "account_id", "asked_at"),
        # A page is looked at once at a time.
        Index(
            "ix_page_checks_open",
            "page_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    page_id: Mapped[UUID]
    state: Mapped[CheckState] = mapped_column(kind_of(CheckState), default=CheckState.QUEUED)
    is_by_schedule: Mapped[bool] = mapped_column(default=False, server_default=false())
    asked_by_id: Mapped[UUID | None]
    asked_by: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    final_url: Mapped[str] = mapped_column(String(2000), default="")
    hops: Mapped[list[str]] = mapped_column(JSON, default=list)
    problem: Mapped[str] = mapped_column(String(300), default="")
    findings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    lost: Mapped[list[str]] = mapped_column(JSON, default=list)
    snapshot_name: Mapped[str | None] = mapped_column(String(100))
    snapshot_sha256: Mapped[str | None] = mapped_column(String(64))
    snapshot_size: Mapped[int | None]
