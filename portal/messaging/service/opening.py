"""When a text that opens a number again was sent: the carrier's record says, its webhook does not.

START, the YES to a question of ours and a join keyword count from when they were sent, never from
when they came: a webhook tried again must not undo the STOP that overtook it (I3, RULINGS 17).
Until that time is known the person stays as they were, and a job looks again.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from portal.consent import queries as consent
from portal.contacts import service as contacts
from portal.core import clock
from portal.core.db import db
from portal.core.erasing import ERASED
from portal.core.errors import GatewayBusy, GatewayError
from portal.core.secrets_box import SecretUnreadable
from portal.gateways import sms
from portal.messaging.models import InboundText
from portal.messaging.rules import joining as join_rules
from portal.messaging.rules import keywords
from portal.messaging.service import inbound, joining
from portal.messaging.service.incoming import GIVE_UP_AFTER, Incoming, keyword_of
from portal.messaging.values import MediaRef
from portal.notifications import service as notifications
from portal.numbers import queries as numbers
from portal.numbers.values import CarrierCredentials
from portal.texting_accounts import queries as accounts

logger = logging.getLogger(__name__)

_FIRST_PAUSE: Final = timedelta(seconds=30)  # longer than a look takes; doubled with each
_LONGEST_PAUSE: Final = timedelta(minutes=15)
_MOST_DOUBLINGS: Final = 5  # to the longest pause
_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kept text whose time is to be read now."""

    account_id: UUID
    incoming: Incoming
    came_at: datetime
    credentials: CarrierCredentials | None


def may_open(incoming: Incoming) -> bool:
    """Say whether a text may be one that opens a number, by its words alone."""
    keyword = keyword_of(incoming)
    return keyword == "start" or (keyword is None and join_rules.may_be(incoming.body))


def credentials_to_ask(incoming: Incoming) -> CarrierCredentials | None:
    """Return how to ask the carrier when a text was sent; None: it opens nothing as things stand.

    Should it do so after all by the time it is stored, it waits for the job.
    """
    account = inbound.account_of(incoming)
    if account is None or _is_kept(incoming.sid):
        return None
    e164 = incoming.from_number
    if keyword_of(incoming) is None:
        opens = joining.keyword_heard(account.tenant, incoming.body) is not None
    elif keywords.is_conversational_yes(incoming.body):
        now = clock.utcnow()
        is_out = consent.standing(account.tenant, e164, now).is_opted_out
        opens = is_out or joining.asked(account.tenant, e164, now) is not None
    else:
        opens = True
    return _credentials(incoming.organization_id) if opens else None


def sent_at(credentials: CarrierCredentials, sid: str) -> datetime | None:
    """Ask the carrier when a text was sent; None: it does not say. Never in a transaction.

    Raises GatewayBusy where it could not be asked: others need not try now.
    """
    try:
        text = sms.current().fetch(credentials, sid)
    except GatewayBusy:
        raise
    except GatewayError as error:
        logger.warning("the carrier did not say when %s was sent: %s", sid, error)
        return None
    return text.date_created if text is not None else None


def due_accounts(now: datetime) -> list[UUID]:
    """Return the accounts with a text whose time is to be read."""
    i = InboundText
    return list(db.session.scalars(select(i.account_id).where(i.look_at <= now).distinct()))


def claim(account_id: UUID) -> list[Waiting]:
    """Take an account's texts that are due, the oldest first; each is looked at again later."""
    i, now = InboundText, clock.utcnow()
    rows = db.session.scalars(
        select(i)
        .where(i.account_id == account_id, i.look_at <= now)
        .order_by(i.received_at, i.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        pause = _FIRST_PAUSE * 2 ** min(row.looks, _MOST_DOUBLINGS)
        row.looks, row.look_at = row.looks + 1, now + min(pause, _LONGEST_PAUSE)
    credentials = _credentials(rows[0].organization_id) if rows else None
    return [Waiting(account_id, _incoming_of(row), row.received_at, credentials) for row in rows]


def settle(waiting: Waiting, sent_at: datetime) -> bool:
    """Do what a text means at the time it was sent, once; say whether it was now."""
    account = accounts.account(waiting.account_id)
    if account is None:
        return False
    # The number first, as everywhere: an erasure holds it while it takes the text.
    contacts.lock_numbers(account.organization_id, [waiting.incoming.from_number])
    if not _end(waiting.incoming):
        return False
    inbound.open_dated(account, _at(waiting.incoming, sent_at))
    return True


def give_up(waiting: Waiting) -> bool:
    """Leave a person as they were whose text nobody can date, and tell; say whether it was now."""
    if clock.utcnow() - waiting.came_at < GIVE_UP_AFTER:
        return False
    account = accounts.account(waiting.account_id)
    if account is None or not _end(waiting.incoming):
        return False
    incoming = waiting.incoming
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account.id,
        user_ids=accounts.watchers(account),
        kind="reply",
        title="An opt-in could not be checked",
        text=(
            f'"{incoming.body.strip()[:40]}" changed nothing: the carrier does not say when it was '
            "sent. The person may text it again."
        ),
        url=f"/accounts/{account.id}/inbox",
        dedupe_key=f"undated:{incoming.sid}",
    )
    return True


def dated(incoming: Incoming, sent_at: datetime | None) -> Incoming:
    """Return a text with its time as the carrier has it, or as one that waits for it."""
    return incoming if sent_at is None else _at(incoming, sent_at)


def _at(incoming: Incoming, sent_at: datetime) -> Incoming:
    return replace(incoming, sent_at=sent_at, is_undated=False)


def _credentials(organization_id: UUID) -> CarrierCredentials | None:
    """Return how to ask; None where a token can't be unsealed, too: a text is not dated then."""
    try:
        return numbers.credentials(organization_id)
    except SecretUnreadable:  # whoever reads the carrier's lists has people told
        logger.exception("no text of organization %s can be dated", organization_id)
        return None


def _is_kept(sid: str) -> bool:
    return db.session.scalar(select(InboundText.id).where(InboundText.sid == sid)) is not None


def _end(incoming: Incoming) -> bool:
    """End the looks at a text, for whoever comes first; one that was erased says nothing more."""
    ended = db.session.scalar(
        update(InboundText)
        .where(
            InboundText.organization_id == incoming.organization_id,
            InboundText.sid == incoming.sid,
            InboundText.look_at.is_not(None),
        )
        .values(look_at=None)
        .returning(InboundText.body)
        .execution_options(synchronize_session=False)
    )
    return ended is not None and ended != ERASED


def _incoming_of(row: InboundText) -> Incoming:
    return Incoming(
        organization_id=row.organization_id,
        sid=row.sid,
        from_number=row.e164,
        to=row.our_e164,
        body=row.body,
        segments=row.segments,
        media=[MediaRef(m.get("url", ""), m.get("content_type", "")) for m in row.media],
        opt_out_type=row.payload.get("OptOutType"),
        payload=row.payload,
        source=row.source,
        is_undated=True,
    )
