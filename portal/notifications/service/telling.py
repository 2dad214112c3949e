"""Tells people what happened, once (M-1, M-2)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult

from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.erasing import wipe
from portal.notifications.models import Notice
from portal.notifications.values import KINDS, MailStep


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

    kind is one of `values.KINDS`; url is a path of ours. Safe to call twice and from two workers
    at once. Mail follows from the notice, as each person chose: a sweep sees to it.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind} is no kind of notice")
    now = utcnow()
    rows = [
        {
            "id": uuid4(),
            "user_id": user_id,
            "organization_id": organization_id,
            "account_id": account_id,
            "kind": kind,
            "title": title[:200],
            "text": text[:1000],
            "url": url,
            "dedupe_key": dedupe_key[:200],
            "created_at": now,
            "mail_step": MailStep.DUE,
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


def forget_about(
    organization_id: UUID,
    words: Iterable[str],
    keys: Iterable[str],
    *,
    before: datetime,
    is_dry: bool,
) -> int:
    """Delete notices that name one of these words, or lead to it, or bear one of the keys (C-10)."""
    n = Notice
    named = [
        column.contains(word, autoescape=True)
        for word in words
        for column in (n.title, n.text, n.url)
    ]
    about = and_(
        n.organization_id == organization_id,
        n.created_at <= before,
        or_(*named, n.dedupe_key.in_(list(keys))),
    )
    return wipe(n, about, None, is_dry=is_dry)


def forget_old(
    organization_id: UUID, *, before: datetime, is_dry: bool, limit: int | None = None
) -> int:
    """Delete notices of before then; return how many."""
    old = and_(Notice.organization_id == organization_id, Notice.created_at <= before)
    return wipe(Notice, old, None, is_dry=is_dry, limit=limit)


def _read(user_id: UUID, *which: ColumnElement[bool]) -> int:
    done = db.session.execute(
        update(Notice)
        .where(Notice.user_id == user_id, Notice.read_at.is_(None), *which)
        .values(read_at=utcnow())
    )
    return done.rowcount if isinstance(done, CursorResult) else 0
