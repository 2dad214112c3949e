"""A text from a person: kept once, paid for, and obeyed at once (Q-1 to Q-3, K-6, B-10).

One transaction under the number's lock: nothing to that number can be cleared for the
carrier while a STOP is being stored, nor after it (I3).
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.billing import service as billing
from portal.consent import queries as consent_queries
from portal.contacts import queries as contacts
from portal.contacts import service as contact_service
from portal.contacts.values import ContactRef
from portal.core import clock, jobs, phone
from portal.core.audit import Actor
from portal.core.db import Last, before_commit, db, is_sqlite
from portal.core.jobs import Job
from portal.integrations import service as integrations
from portal.integrations.values import Event
from portal.messaging.models import InboundText, Message
from portal.messaging.rules.joining import JoinKeywordRef
from portal.messaging.rules.keywords import Keyword
from portal.messaging.service import answering, counting, holds, joining, obeying, talks
from portal.messaging.service.inbound_media import note as note_media
from portal.messaging.service.incoming import (
    Incoming,
    Received,
    Word,
    is_phone_number,
    is_yes,
    keyword_of,
    price,
    said_at,
    segments,
)
from portal.messaging.service.joining import Heard
from portal.notifications import service as notifications
from portal.numbers import queries as numbers
from portal.optin.values import ConfirmationRef
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a text means where it is heard, the number locked."""

    word: Word | None
    was_out: bool
    joins: JoinKeywordRef | None = None
    asked: ConfirmationRef | None = None

    @property
    def opens(self) -> bool:
        """Say whether it may let a number be texted (again)."""
        return self.word in ("start", "join")


def receive(incoming: Incoming) -> Received:
    """Take in one text with all that follows from it, once for each SID."""
    account = account_of(incoming)
    if account is None:
        logger.error("text %s came to a number that no account here ever had", incoming.sid)
        return Received.NOT_OURS
    keyword = keyword_of(incoming)
    if not _keep(account, incoming, keyword):
        return Received.DUPLICATE
    e164, at = incoming.from_number, said_at(incoming)
    note_media(account, incoming.sid, incoming.media, clock.utcnow())
    contact_service.lock_numbers(account.organization_id, [e164])
    meaning = _meaning_of(account, incoming)
    heard, waits = meaning.word, incoming.is_undated and meaning.opens
    charge = partial(
        billing.charge_inbound,
        account,
        price(incoming, heard),
        reference=f"inbound:{incoming.sid}",
        note=f"From {phone.show(e164)}, charged on arrival",
    )
    before_commit(Last.CREDITS, account.id, charge)
    actor = Actor(None, phone.show(e164), incoming.source)
    known = contacts.by_numbers(account.tenant, [e164]).get(e164)
    reply, hold_id = (None, None) if waits else _act(account, incoming, meaning, actor, known)
    is_new = known is None and _is_stranger(account, e164)
    person = known or contact_service.ensure_lead(account.tenant, e164, actor)
    _link(incoming, person, heard, look_at=clock.utcnow() if waits else None)
    if waits:
        jobs.request(Job.DATE_OPENINGS, account.id)
    counting.receive(
        account.tenant,
        accounts.today(account, at),
        heard,
        segments(incoming),
        price(incoming, heard),
    )
    _tell_endpoints(account, incoming, heard, person)
    talk = talks.note_inbound(
        account,
        e164,
        person.id,
        our_e164=incoming.to,
        body=incoming.body or "(media)",
        at=at,
        needs_answer=heard is None,
    )
    if heard == "stop" or meaning.opens:
        _show(account, e164)
    if not waits:
        _answer(account, incoming, meaning, person, reply)
    if hold_id is None:
        _tell(account, incoming, heard, person, talk, is_new=is_new)
        return Received.STORED
    holds.tell(
        account,
        hold_id,
        person,
        e164,
        our_e164=incoming.to,
        body=incoming.body,
        said_at=at,
        notice_key=notice_key(incoming.sid),
    )
    return Received.STORED


def open_dated(account: AccountRef, incoming: Incoming) -> None:
    """Do what a text that waited for its time means, now that it is known (RULINGS 17).

    It was kept, counted and told of when it came. A YES nobody asks for any more is talk.
    """
    e164 = incoming.from_number
    contact_service.lock_numbers(account.organization_id, [e164])
    meaning = _meaning_of(account, incoming)
    if not meaning.opens:
        _take_for_talk(account, incoming)
        return
    actor = Actor(None, phone.show(e164), incoming.source)
    known = contacts.by_numbers(account.tenant, [e164]).get(e164)
    reply, _ = _act(account, incoming, meaning, actor, known)
    _show(account, e164)
    person = known or contact_service.ensure_lead(account.tenant, e164, actor)
    _answer(account, incoming, meaning, person, reply)


def _take_for_talk(account: AccountRef, incoming: Incoming) -> None:
    """Let somebody answer a text that opens nothing, now that its time is known."""
    db.session.execute(
        update(InboundText)
        .where(
            InboundText.organization_id == incoming.organization_id,
            InboundText.sid == incoming.sid,
        )
        .values(keyword=None)
        .execution_options(synchronize_session=False)
    )
    talks.mark_unanswered(account.organization_id, account.id, incoming.from_number)


def _meaning_of(account: AccountRef, incoming: Incoming) -> _Meaning:
    """Return what a text means; the number is locked."""
    e164, keyword = incoming.from_number, keyword_of(incoming)
    was_out = _is_opted_out(account, e164)
    if is_yes(incoming, keyword):
        asked = joining.asked(account.tenant, e164, said_at(incoming))
        is_talk = not was_out and asked is None  # a yes in talk is talk
        return _Meaning(None if is_talk else keyword, was_out, asked=asked)
    joins = joining.keyword_heard(account.tenant, incoming.body) if keyword is None else None
    if joins is not None and is_phone_number(e164):
        return _Meaning("join", was_out, joins)
    return _Meaning(keyword, was_out)


def _act(
    account: AccountRef,
    incoming: Incoming,
    meaning: _Meaning,
    actor: Actor,
    known: ContactRef | None,
) -> tuple[str | None, UUID | None]:
    """Store what a text means for consent; return what answers a sign-up, and the hold it made."""
    said = Heard(
        account.tenant,
        incoming.from_number,
        incoming.to,
        incoming.body,
        incoming.sid,
        said_at(incoming),
        actor,
        known,
    )
    reply = None
    if meaning.joins is not None:
        reply = joining.join(said, meaning.joins)
    elif meaning.asked is not None:
        reply = joining.confirm(said, meaning.asked)
    if reply is not None:
        return reply, None
    return None, obeying.obey(account, incoming, meaning.word, actor, was_out=meaning.was_out)


def _show(account: AccountRef, e164: str) -> None:
    """Let talks and holds follow what stands: an old STOP found late may have been undone."""
    is_out = _is_opted_out(account, e164)
    talks.mark_opted_out(account.organization_id, account.id, e164, is_out=is_out)
    holds.settle_of(account.tenant, e164)


def _answer(
    account: AccountRef,
    incoming: Incoming,
    meaning: _Meaning,
    person: ContactRef,
    reply: str | None,
) -> None:
    if meaning.word is None or incoming.opt_out_type or not is_phone_number(incoming.from_number):
        return
    if meaning.word == "stop" and meaning.was_out:
        return  # an opt-out is confirmed once, however often it is said (RULINGS 15)
    answering.answer(
        account,
        person,
        meaning.word,
        reply,
        said=incoming.body,
        said_at=said_at(incoming),
        to=incoming.from_number,
        from_e164=incoming.to,
    )


def account_of(incoming: Incoming) -> AccountRef | None:
    """Return whose number was texted; one that was released still belongs to who used it.

    The carrier delivers before a purchase is written down, and until a number is given back.
    """
    sender = numbers.sender_by_e164(incoming.organization_id, incoming.to)
    if sender is not None:
        return accounts.account(sender.account_id)
    last_user = db.session.scalar(
        select(Message.account_id)
        .where(
            Message.organization_id == incoming.organization_id,
            Message.e164 == incoming.from_number,
            Message.from_e164 == incoming.to,
        )
        .order_by(Message.created_at.desc())
        .limit(1)
    )
    its_own = last_user or numbers.account_of_number(incoming.organization_id, incoming.to)
    return accounts.account(its_own) if its_own else None


def _keep(account: AccountRef, incoming: Incoming, keyword: Keyword | None) -> bool:
    insert = (sqlite if is_sqlite() else postgresql).insert(InboundText)
    kept = db.session.execute(
        insert.values(
            id=uuid4(),
            organization_id=account.organization_id,
            account_id=account.id,
            sid=incoming.sid,
            e164=incoming.from_number,
            our_e164=incoming.to,
            body=incoming.body,
            media=[m.stored() for m in incoming.media],
            keyword=keyword,
            segments=segments(incoming),
            credits=price(incoming, keyword),
            source=incoming.source,
            payload=dict(incoming.payload),
            received_at=said_at(incoming),
            day=accounts.today(account, said_at(incoming)),
        )
        .on_conflict_do_nothing(index_elements=["sid"])
        .returning(InboundText.id)
    )
    return kept.first() is not None


def _is_opted_out(account: AccountRef, e164: str) -> bool:
    return consent_queries.standing(account.tenant, e164, clock.utcnow()).is_opted_out


def _is_stranger(account: AccountRef, sender: str) -> bool:
    """Say whether somebody whose number nobody has never wrote before; a short code is no number."""
    return is_phone_number(sender) or contacts.by_unread_number(account.tenant, sender) is None


def _link(
    incoming: Incoming, person: ContactRef, keyword: Word | None, *, look_at: datetime | None
) -> None:
    """Tie the kept text to the person; a yes that turned out to be talk is no keyword."""
    db.session.execute(
        update(InboundText)
        .where(InboundText.sid == incoming.sid)
        .values(
            contact_id=person.id,
            keyword=keyword,
            credits=price(incoming, keyword),
            look_at=look_at,
        )
        .execution_options(synchronize_session=False)
    )


def _tell_endpoints(
    account: AccountRef, incoming: Incoming, keyword: Word | None, person: ContactRef
) -> None:
    """Have the account's webhooks told of the text, once it is kept (RULINGS 31)."""
    integrations.tell(
        account.tenant,
        Event.MESSAGE_RECEIVED,
        {
            "account_id": str(account.id),
            "message_id": incoming.sid,
            "contact_id": str(person.id),
            "from": incoming.from_number,
            "to": incoming.to,
            "body": incoming.body,
            "media": [media.content_type for media in incoming.media],
            "keyword": keyword,
            "received_at": integrations.written(clock.utcnow()),
        },
    )


def notice_key(sid: str) -> str:
    """Return what makes the notices of a text that came in one each."""
    return f"inbound:{sid}"


def _tell(
    account: AccountRef,
    incoming: Incoming,
    keyword: Word | None,
    person: ContactRef,
    talk: talks.Heard,
    *,
    is_new: bool,
) -> None:
    """Tell the account's people of a reply, an opt-out, a sign-up or a new lead (K-6, Q-3).

    A reply and a lead lead to where one answers; who answers the conversation is told, too (Q-5).
    """
    shown = incoming.body.strip()[:200] or "(media)"
    where = f"conversations/{talk.id}?answer=1" if keyword is None else f"contacts/{person.id}"
    if keyword == "stop":
        kind, title = "opt_out", f"{person.full_name} opted out"
    elif keyword == "join":
        kind, title = "reply", f"{person.full_name} signed up by keyword"
    elif is_new:
        kind, title = "lead", f"New lead: {phone.show(incoming.from_number)}"
        talks.tell_of_lead(account.tenant, person.id)
    else:
        kind, title = "reply", f"{person.full_name} replied"
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account.id,
        user_ids=[*accounts.watchers(account), *([talk.assignee_id] if talk.assignee_id else [])],
        kind=kind,
        title=title,
        text=shown,
        url=f"/accounts/{account.id}/{where}",
        dedupe_key=notice_key(incoming.sid),
    )
