"""Hands mails to the mail server, at least once, and forgets them in time (M-2, C-10)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, update

from portal.core.clock import utcnow
from portal.core.db import database_now, db
from portal.core.erasing import wipe
from portal.core.settings import settings
from portal.gateways.email import Letter, Tried, Verdict
from portal.mail import queries, rules
from portal.mail.models import OutgoingFile, OutgoingMail
from portal.mail.values import MailState

LEASE: Final = timedelta(seconds=180)  # longer than a batch may take
AT_ONCE: Final = 20
KEPT_FOR: Final = timedelta(days=30)


def claim(limit: int = AT_ONCE) -> list[tuple[UUID, int]]:
    """Take mails whose time has come, with the number of this try; nobody else takes them now.

    The caller commits before it reads their letters: one that can't be read waits for the end of
    its lease, and the others go.
    """
    now = database_now()
    m = OutgoingMail
    due = (
        select(m.id)
        .where(
            m.state == MailState.WAITING,
            m.next_try_at <= now,
            m.lease_until.is_(None) | (m.lease_until < now),
        )
        .order_by(m.next_try_at, m.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = db.session.execute(
        update(m)
        .where(m.id.in_(due.scalar_subquery()))
        .values(lease_until=now + LEASE, tries=m.tries + 1)
        .returning(m.id, m.tries)
        .execution_options(synchronize_session=False)
    ).all()
    return [(row.id, row.tries) for row in rows]


def record(done: Sequence[tuple[UUID, int, Tried]]) -> None:
    """Write down what handing over some mails came to; a later try's word goes before."""
    now = utcnow()
    for mail_id, tries, tried in done:
        if tried.verdict is Verdict.TAKEN:
            _settle(mail_id, tries, MailState.SENT, error=None, sent_at=now)
            continue
        again_at = rules.next_try(tries, now) if tried.verdict is Verdict.LATER else None
        state = MailState.FAILED if again_at is None else MailState.WAITING
        _settle(mail_id, tries, state, error=tried.error, next_try_at=again_at)


def forget_old() -> int:
    """Forget mails older than 30 days; return how many."""
    return wipe(OutgoingMail, OutgoingMail.created_at < utcnow() - KEPT_FOR, None, is_dry=False)


def forget_about(
    organization_id: UUID, words: Sequence[str], *, before: datetime, is_dry: bool
) -> int:
    """Delete an organization's mails that name one of these words (C-10)."""
    found = [
        opened.mail.id
        for opened in queries.with_words(organization_id, before)
        if any(
            word.lower() in f"{opened.mail.to}\n{opened.mail.subject}\n{opened.text}".lower()
            for word in words
        )
    ]
    return wipe(OutgoingMail, OutgoingMail.id.in_(found), None, is_dry=is_dry)


def letter(mail_id: UUID) -> Letter:
    """Return a mail as it is handed over."""
    row = db.session.get_one(OutgoingMail, mail_id)
    text, html = queries.words_of(row)
    host = settings().sender_email.partition("@")[2]
    headers = {}
    if row.unsubscribe_url:
        headers = {
            "List-Unsubscribe": f"<{row.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
        }
    return Letter(
        message_id=f"{row.mail_key[:40]}@{host}",
        to=row.to_address,
        subject=row.subject_line,
        text=text,
        html=html,
        at=row.created_at,
        headers=headers,
        attachments=queries.attachments(row.id),
    )


def _settle(
    mail_id: UUID,
    tries: int,
    state: MailState,
    *,
    error: str | None,
    next_try_at: datetime | None = None,
    sent_at: datetime | None = None,
) -> None:
    """Settle a try, unless the mail was tried again since, and forget what need not be kept."""
    gone = {} if state is MailState.WAITING else {"words_sealed": None}
    settled = db.session.execute(
        update(OutgoingMail)
        .where(
            OutgoingMail.id == mail_id,
            OutgoingMail.state == MailState.WAITING,
            OutgoingMail.tries == tries,
        )
        .values(
            state=state,
            lease_until=None,
            next_try_at=next_try_at,
            sent_at=sent_at,
            last_error=error,
            **gone,
        )
        .returning(OutgoingMail.id)
        .execution_options(synchronize_session=False)
    ).first()
    if settled is not None and gone:
        db.session.execute(delete(OutgoingFile).where(OutgoingFile.mail_id == mail_id))
