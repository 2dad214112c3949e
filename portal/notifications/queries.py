"""What a person has been told."""

from uuid import UUID

from sqlalchemy import select

from portal.core.db import db
from portal.notifications.models import Notice
from portal.notifications.values import NoticeRef

COUNT_CAP = 99


def unread_count(user_id: UUID) -> int:
    """Return how many notices are unread; counting stops just past 99."""
    unread = (
        select(Notice.id)
        .where(Notice.user_id == user_id, Notice.read_at.is_(None))
        .limit(COUNT_CAP + 1)
    )
    return len(db.session.scalars(unread).all())


def latest(user_id: UUID, limit: int = 50, before: NoticeRef | None = None) -> list[NoticeRef]:
    """Return the person's notices, newest first, those older than a given one."""
    rows = select(Notice).where(Notice.user_id == user_id)
    if before is not None:
        rows = rows.where(
            (Notice.created_at < before.created_at)
            | ((Notice.created_at == before.created_at) & (Notice.id < before.id))
        )
    rows = rows.order_by(Notice.created_at.desc(), Notice.id.desc()).limit(limit)
    return [_ref(row) for row in db.session.scalars(rows)]


def notice(user_id: UUID, notice_id: UUID) -> NoticeRef | None:
    """Return one of the person's own notices, or None."""
    row = db.session.scalars(
        select(Notice).where(Notice.user_id == user_id, Notice.id == notice_id)
    ).first()
    return _ref(row) if row else None


def _ref(row: Notice) -> NoticeRef:
    return NoticeRef(
        id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        kind=row.kind,
        title=row.title,
        text=row.text,
        url=row.url,
        created_at=row.created_at,
        read_at=row.read_at,
    )
