"""What is on its way, and what was sent."""

import json
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from portal.core import secrets_box
from portal.core.clock import utcnow
from portal.core.db import database_now, db
from portal.mail import rules
from portal.mail.models import OutgoingFile, OutgoingMail, place_of_words
from portal.mail.values import Attachment, MailFile, MailRef, MailState, Opened


def latest(limit: int, before: MailRef | None = None) -> list[MailRef]:
    """Return the installation's mails, newest first, those older than a given one."""
    m = OutgoingMail
    rows = select(m)
    if before is not None:
        rows = rows.where(
            (m.created_at < before.created_at)
            | ((m.created_at == before.created_at) & (m.id < before.id))
        )
    rows = rows.order_by(m.created_at.desc(), m.id.desc()).limit(limit)
    return [_ref(row) for row in db.session.scalars(rows)]


def mail(mail_id: UUID) -> MailRef | None:
    """Return one mail, or None."""
    row = db.session.get(OutgoingMail, mail_id)
    return _ref(row) if row else None


def mail_of_key(key: str, to: str) -> MailRef | None:
    """Return the mail somebody asked for under a key, or None: none was, or it is forgotten."""
    wanted = select(OutgoingMail).where(OutgoingMail.mail_key == rules.mail_key(key, to))
    row = db.session.scalar(wanted.execution_options(populate_existing=True))
    return _ref(row) if row else None


def opened(mail_id: UUID) -> Opened | None:
    """Return one mail that was kept, with its words, or None: there is no such, or it was sent."""
    row = db.session.get(OutgoingMail, mail_id)
    return _opened(row) if row and row.words_sealed is not None else None


def file(mail_id: UUID, position: int) -> Attachment | None:
    """Return one file of a mail, or None."""
    row = db.session.get(OutgoingFile, (mail_id, position))
    return Attachment(row.name, row.media_type, row.content) if row else None


def attachments(mail_id: UUID) -> list[Attachment]:
    """Return a mail's files with their content, in order."""
    f = OutgoingFile
    rows = db.session.scalars(select(f).where(f.mail_id == mail_id).order_by(f.position))
    return [Attachment(row.name, row.media_type, row.content) for row in rows]


def is_due() -> bool:
    """Say whether a mail waits whose time has come."""
    m, now = OutgoingMail, database_now()
    due = (
        select(m.id)
        .where(
            m.state == MailState.WAITING,
            m.next_try_at <= now,
            m.lease_until.is_(None) | (m.lease_until < now),
        )
        .limit(1)
    )
    return db.session.scalar(due) is not None


def age_of_oldest_waiting() -> dict[str, float]:
    """Return how many seconds the mail that waits longest has waited; empty when none does."""
    oldest = db.session.scalar(
        select(func.min(OutgoingMail.created_at)).where(OutgoingMail.state == MailState.WAITING)
    )
    return {"all": (utcnow() - oldest).total_seconds()} if oldest else {}


def with_words(organization_id: UUID, before: datetime) -> Iterator[Opened]:
    """Return an organization's mails that still hold their words, made by then."""
    m = OutgoingMail
    rows = db.session.scalars(
        select(m).where(
            m.organization_id == organization_id,
            m.created_at <= before,
        )
    )
    return (_opened(row) for row in rows)


def words_of(row: OutgoingMail) -> tuple[str, str]:
    """Return a mail's text and HTML; nothing once it was sent."""
    if row.words_sealed is None:
        return "", ""
    words = json.loads(
        secrets_box.box().open(row.words_sealed, place_of_words(row.id, row.organization_id))
    )
    return words["text"], words["html"]


def _opened(row: OutgoingMail) -> Opened:
    text, html = words_of(row)
    f = OutgoingFile
    files = db.session.execute(
        select(f.position, f.name, f.media_type, func.length(f.content))
        .where(f.mail_id == row.id)
        .order_by(f.position)
    )
    return Opened(_ref(row), text, html, [MailFile(*each) for each in files])


def _ref(row: OutgoingMail) -> MailRef:
    return MailRef(
        id=row.id,
        to=row.to_address,
        subject=row.subject_line,
        state=row.state,
        created_at=row.created_at,
        sent_at=row.sent_at,
        next_try_at=row.next_try_at,
        tries=row.tries,
        last_error=row.last_error,
    )
