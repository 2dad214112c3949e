"""Tells people what happened, once (M-1, M-2)."""

from collections.abc import Iterable
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult

from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.notifications.models import Notice


def notify(
    *,
    organization_id: UUID | None,
    account_id: UUID | None,
    user_ids: Iterable[UUID],
    kind: str,
    title: str,
    text: str,
    url: str | None,
    dedupe_key: str,
) -> int:
    """Tell each of these people, once per dedupe_key, and return how many are told now.

    url is a path of ours. Safe to call twice and from two workers at once.
    """
    now = utcnow()
    rows = [
        {
            "id": uuid4(),
            "user_id": user_id,
            "organization_id": organization_id,
            "account_id": account_id,
            "kind": kind[:40],
            "title": title[:200],
            "text": text[:1000],
            "url": url,
            "dedupe_key": dedupe_key[:200],
            "created_at": now,
        }
        for user_id in sorted(set(user_ids))
    ]
    if not rows:
        return 0
    insert = (sqlite if is_sqlite() else postgresql).insert(Notice).values(rows)
    told = db.session.execute(
        insert.on_conflict_do_nothing(index_elements=["user_id", "dedupe_key"]).returning(Notice.id)
    )
    return len(told.all())


def mark_read(user_id: UUID, notice_ids: Iterable[UUID]) -> int:
    """Mark the person's own notices as read; again is harmless."""
    return _read(user_id, Notice.id.in_(list(notice_ids)))


def mark_all_read(user_id: UUID) -> int:
    """Mark everything the person was told as read."""
    return _read(user_id)


def _read(user_id: UUID, *which: ColumnElement[bool]) -> int:
    done = db.session.execute(
        update(Notice)
        .where(Notice.user_id == user_id, Notice.read_at.is_(None), *which)
        .values(read_at=utcnow())
    )
    return done.rowcount if isinstance(done, CursorResult) else 0
