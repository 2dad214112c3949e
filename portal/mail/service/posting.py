"""Writes a mail down beside what it tells of (M-1, M-2).

`post` is the one door: a mail is a row of the caller's unit of work, so that it exists if and only
if what it tells of does.
"""

import json
import logging
from uuid import uuid4

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import jobs, secrets_box
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.jobs import Job
from portal.core.settings import settings
from portal.gateways import email
from portal.mail import rules
from portal.mail.errors import BadAddress, BadHeader
from portal.mail.models import OutgoingFile, OutgoingMail, place_of_words
from portal.mail.service.paper import render
from portal.mail.values import ALL, MailState, Outgoing

logger = logging.getLogger(__name__)


def post(mail: Outgoing) -> bool:
    """Write a mail down, to be sent after the commit; False: this one was asked for before.

    Call it inside the unit of work that does what the mail tells of. Raises BadAddress, and
    BadHeader for a line break in an address, subject or file name.
    """
    rules.checked_address(mail.to)
    subject = rules.checked_header("subject", mail.subject)[: rules.SUBJECT_CHARS]
    for file in mail.attachments:
        rules.checked_header("attachment", file.name)
    id_, now = uuid4(), utcnow()
    text, html = render(mail.template, subject, mail.context, zone=mail.zone)
    row = {
        "id": id_,
        "organization_id": mail.organization_id,
        "user_id": mail.user_id,
        "mail_key": rules.mail_key(mail.key, mail.to),
        "template": mail.template,
        "to_address": mail.to,
        "subject_line": subject,
        "words_sealed": secrets_box.box().seal(
            json.dumps({"text": text, "html": html}), place_of_words(id_, mail.organization_id)
        ),
        "unsubscribe_url": mail.unsubscribe_url,
        "state": MailState.KEPT if email.current() is None else MailState.WAITING,
        "next_try_at": None if email.current() is None else now,
        "created_at": now,
    }
    into = (sqlite if is_sqlite() else postgresql).insert(OutgoingMail).values(row)
    if db.session.scalar(into.on_conflict_do_nothing().returning(OutgoingMail.id)) is None:
        return False
    if mail.attachments:
        db.session.execute(
            insert(OutgoingFile),
            [
                {
                    "mail_id": id_,
                    "position": position,
                    "name": file.name,
                    "media_type": file.media_type,
                    "content": file.content,
                }
                for position, file in enumerate(mail.attachments)
            ],
        )
    if email.current() is not None:
        jobs.request(Job.SEND_MAILS, ALL)
    return True


def offer(mail: Outgoing) -> bool:
    """Post a mail that nobody waits for and could mend: one that can't go holds up no other.

    False: it was asked for before, or it can't go, which the log says.
    """
    try:
        return post(mail)
    except (BadAddress, BadHeader) as refusal:
        logger.warning("a mail of %s can't go: %s", mail.template, refusal.code)
        return False


def address(path: str) -> str:
    """Return a page's address for a mail, from PUBLIC_URL and never from a request's Host."""
    return settings().public_url + path
