"""Makes mails of notices, as each person chose: at once, or in the day's digest (M-1, M-2).

A notice waits until it is looked at, and is settled in the transaction that writes its mail: a
worker that dies leaves both undone. The key of each mail is the notice's, or the day's.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.formats import plural
from portal.mail import rules as mail_rules
from portal.mail import service as mail
from portal.mail.values import Outgoing
from portal.notifications import queries, rules
from portal.notifications.models import DigestSchedule, Notice
from portal.notifications.service import pushing
from portal.notifications.service.choosing import DIGEST, locked_schedule, unsubscribe_url
from portal.notifications.values import KINDS, ByMail, MailStep, Preferences
from portal.people import queries as people
from portal.people.values import UserDetails
from portal.texting_accounts import queries as accounts

DIGEST_LINES: Final = 100  # the rest is counted
CHOICES: Final = "/profile/notifications"


def mail_due(batch: Sequence[queries.Place]) -> int:
    """Settle those of the notices that nobody looked at yet; return how many.

    Safe in several processes: on PostgreSQL each takes other rows, on SQLite one works at a time.
    """
    rows = db.session.scalars(
        select(Notice)
        .where(Notice.id.in_([id_ for _, id_ in batch]), Notice.mail_step == MailStep.DUE)
        .order_by(Notice.created_at, Notice.id)
        .with_for_update(skip_locked=True)
    ).all()
    known: dict[UUID, tuple[UserDetails, Preferences]] = {}
    seen: set[UUID] = set()
    for user_id in dict.fromkeys(row.user_id for row in rows):
        known[user_id] = people.user_details(user_id), queries.preferences(user_id)
        seen |= queries.seen(user_id, [row.id for row in rows if row.user_id == user_id])
    for row in rows:
        person, wants = known[row.user_id]
        when = wants.by_mail.get(row.kind, ByMail.NEVER) if row.id in seen else ByMail.NEVER
        if row.id in seen and wants.by_push.get(row.kind):
            pushing.offer(row.user_id, row.id)
        if when is ByMail.AT_ONCE:
            _mail_one(row, person)
        row.mail_step = MailStep.DONE
        if when is ByMail.DIGEST and wants.digest_hour is not None:
            row.mail_step = MailStep.DIGEST
            _schedule(person, wants.digest_hour)
    return len(rows)


def send_digest(user_id: UUID) -> bool:
    """Send the person's digest if its hour has come; say whether a mail was written.

    Once per person and day, whoever asks how often: the schedule's row is the lock. What was
    read meanwhile is left out, as is what the person may not see any more, and an empty digest
    is not sent.
    """
    now = utcnow()
    schedule = db.session.get(
        DigestSchedule, user_id, with_for_update={"skip_locked": True}, populate_existing=True
    )
    if schedule is None or schedule.next_at is None or schedule.next_at > now:
        return False
    person = people.user_details(user_id)
    today = now.astimezone(ZoneInfo(person.timezone)).date()
    if schedule.hour is not None and schedule.last_day is not None and schedule.last_day >= today:
        # The person moved west since: today had its digest.
        schedule.next_at = rules.next_digest(now, schedule.hour, person.timezone, schedule.last_day)
        return False
    unread = db.session.scalars(
        update(Notice)
        .where(Notice.user_id == user_id, Notice.mail_step == MailStep.DIGEST)
        .values(mail_step=MailStep.DONE)
        .returning(Notice)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).all()
    schedule.next_at = None
    seen = queries.seen(user_id, [row.id for row in unread])
    told = sorted(
        (row for row in unread if row.read_at is None and row.id in seen),
        key=lambda row: row.created_at,
    )
    if not told or schedule.hour is None:
        return False
    schedule.last_day = today
    off_url = unsubscribe_url(user_id, DIGEST)
    return mail.offer(
        Outgoing(
            to=person.email,
            template="digest",
            subject=f"{plural(len(told), 'notice')} of {today.day} {today:%b}",
            key=f"digest:{user_id}:{today}",
            context={
                "lines": _lines(told[:DIGEST_LINES]),
                "more": max(0, len(told) - DIGEST_LINES),
                "url": mail.address("/notices"),
                "choices_url": mail.address(CHOICES),
                "off_url": off_url,
            },
            user_id=user_id,
            zone=person.timezone,
            unsubscribe_url=off_url,
        )
    )


def _mail_one(row: Notice, person: UserDetails) -> None:
    account = accounts.account(row.account_id) if row.account_id else None
    title, text = rules.mail_words(row.kind, row.title, row.text, account.name if account else None)
    off_url = unsubscribe_url(row.user_id, row.kind)
    mail.offer(
        Outgoing(
            to=person.email,
            template="notice",
            subject=mail_rules.one_line(title),
            key=f"notice:{row.user_id}:{row.dedupe_key}",
            context={
                "text": text,
                "at": row.created_at,
                "url": mail.address(row.url or "/notices"),
                "kind": KINDS[row.kind].label,
                "choices_url": mail.address(CHOICES),
                "off_url": off_url,
            },
            organization_id=row.organization_id,
            user_id=row.user_id,
            zone=person.timezone,
            unsubscribe_url=off_url,
        )
    )


def _schedule(person: UserDetails, hour: int) -> None:
    """Have the person's next digest sent, unless one is coming already."""
    schedule = locked_schedule(person.id, hour)
    if schedule.next_at is None:
        schedule.next_at = rules.next_digest(utcnow(), hour, person.timezone, schedule.last_day)


def _lines(rows: Sequence[Notice]) -> list[dict[str, object]]:
    names = {
        id_: account.name
        for id_ in {row.account_id for row in rows if row.account_id}
        if (account := accounts.account(id_)) is not None
    }
    lines = []
    for row in rows:
        name = names.get(row.account_id) if row.account_id else None
        title, text = rules.mail_words(row.kind, row.title, row.text, name)
        lines.append(
            {
                "title": title,
                "text": text,
                "at": row.created_at,
                "url": mail.address(row.url or "/notices"),
            }
        )
    return lines
