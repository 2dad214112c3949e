"""A text from a person: kept once, paid for, and obeyed at once (Q-1 to Q-3, K-6, B-10).

One transaction under the number's lock: nothing to that number can be cleared for the
carrier while a STOP is being stored, nor after it (I3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final, Literal
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.billing import service as billing
from portal.consent import queries as consent_queries
from portal.consent import service as consent
from portal.contacts import queries as contacts
from portal.contacts import service as contact_service
from portal.contacts.rules.numbers import read
from portal.contacts.values import ContactRef
from portal.core import clock, phone
from portal.core.audit import Actor
from portal.core.db import Last, before_commit, db, is_sqlite
from portal.integrations import service as integrations
from portal.integrations.values import Event
from portal.messaging.models import InboundText, Message
from portal.messaging.rules import keywords, rates, revocation
from portal.messaging.rules.gates import STOP_CONFIRMATION
from portal.messaging.rules.keywords import Keyword
from portal.messaging.rules.segments import analyze
from portal.messaging.service import counting, facts, holds, joining, optouts, system, talks
from portal.messaging.service.inbound_media import note as note_media
from portal.messaging.service.joining import Heard
from portal.messaging.values import MediaRef, Timing
from portal.notifications import service as notifications
from portal.numbers import queries as numbers
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

# Whole texts that the carrier answers by itself (facts 2.1): we stay silent then.
_CARRIER_ANSWERS: Final = frozenset(
    {
        *("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"),
        *("start", "yes", "unstop", "help", "info"),
    }
)
Word = Keyword | Literal["join"]
ANSWERS_WITHIN: Final = timedelta(minutes=5)
REPLIES_WITHIN: Final = timedelta(hours=24)  # a reply has no other hour limit (P-3)


class Received(StrEnum):
    """What became of an incoming text."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One text as the carrier reports it, its signature checked."""

    organization_id: UUID
    sid: str
    from_number: str
    to: str
    body: str
    segments: int
    media: Sequence[MediaRef]
    opt_out_type: str | None  # the carrier has answered the keyword itself
    payload: Mapping[str, str]
    source: str = "webhook"
    sent_at: datetime | None = None  # known of listed ones alone (RULINGS 17)


def receive(incoming: Incoming) -> Received:
    """Take in one text with all that follows from it, once for each SID."""
    account = _account_of(incoming)
    if account is None:
        return Received.NOT_OURS
    keyword = _keyword_of(incoming)
    if not _keep(account, incoming, keyword):
        return Received.DUPLICATE
    e164, at = incoming.from_number, _said_at(incoming)
    note_media(account, incoming.sid, incoming.media, clock.utcnow())
    contact_service.lock_numbers(account.organization_id, [e164])
    was_out = _is_opted_out(account, e164)
    heard: Word | None = keyword
    asked = joining.asked(account.tenant, e164, at) if _is_yes(incoming, keyword) else None
    joins = joining.keyword_heard(account.tenant, incoming.body) if keyword is None else None
    if _is_yes(incoming, keyword) and not was_out and asked is None:
        heard = None  # a yes in talk is talk
    if joins is not None and _is_phone_number(e164):
        heard = "join"
    charge = partial(
        billing.charge_inbound,
        account,
        _price(incoming, heard),
        reference=f"inbound:{incoming.sid}",
        note=f"From {phone.show(e164)}, charged on arrival",
    )
    before_commit(Last.CREDITS, account.id, charge)
    actor = Actor(None, phone.show(e164), incoming.source)
    known = contacts.by_numbers(account.tenant, [e164]).get(e164)
    said = Heard(account.tenant, e164, incoming.to, incoming.body, incoming.sid, at, actor, known)
    reply = hold_id = None
    if heard == "join" and joins is not None:
        reply = joining.join(said, joins)
    elif asked is not None:
        reply = joining.confirm(said, asked)
    if reply is None:
        hold_id = _obey(account, incoming, heard, actor, was_out=was_out)
    person = known or contact_service.ensure_lead(account.tenant, e164, actor)
    _link(incoming, person, heard)
    counting.receive(
        account.tenant,
        accounts.today(account, at),
        heard,
        _segments(incoming),
        _price(incoming, heard),
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
    if heard in ("stop", "start", "join"):
        is_out = _is_opted_out(account, e164)  # an old STOP found late may have been undone
        talks.mark_opted_out(account.organization_id, account.id, e164, is_out=is_out)
        holds.settle_of(account.tenant, e164)
    _answer(account, incoming, heard, person, reply)
    if hold_id is None:
        _tell(account, incoming, heard, person, talk, is_new=known is None)
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


def _is_yes(incoming: Incoming, keyword: Keyword | None) -> bool:
    return keyword == "start" and keywords.is_conversational_yes(incoming.body)


def _said_at(incoming: Incoming) -> datetime:
    """Return when the text was sent, as far as that is known; never in the future."""
    now = clock.utcnow()
    return min(incoming.sent_at, now) if incoming.sent_at is not None else now


def _account_of(incoming: Incoming) -> AccountRef | None:
    """Return whose number was texted; one that was released still belongs to who used it."""
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
    return accounts.account(last_user) if last_user else None


def _keyword_of(incoming: Incoming) -> Keyword | None:
    """Return the keyword: the carrier's own word for it first, then the text's."""
    named: dict[str, Keyword] = {"STOP": "stop", "START": "start", "HELP": "help"}
    return named.get(incoming.opt_out_type or "") or keywords.classify(incoming.body)


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
            segments=_segments(incoming),
            credits=_price(incoming, keyword),
            source=incoming.source,
            payload=dict(incoming.payload),
            received_at=_said_at(incoming),
            day=accounts.today(account, _said_at(incoming)),
        )
        .on_conflict_do_nothing(index_elements=["sid"])
        .returning(InboundText.id)
    )
    return kept.first() is not None


def _segments(incoming: Incoming) -> int:
    return analyze(incoming.body).segments if incoming.body else incoming.segments


def _price(incoming: Incoming, keyword: Word | None) -> int:
    number = incoming.from_number
    code = facts.country_code(number) if _is_phone_number(number) else 1
    return rates.inbound_credits(incoming.body, code, len(incoming.media), keyword=keyword)


def _is_phone_number(number: str) -> bool:
    """Say whether somebody could be texted there: not at a short code, nor where no country is."""
    return read(number).e164 is not None


def _is_opted_out(account: AccountRef, e164: str) -> bool:
    return consent_queries.standing(account.tenant, e164, clock.utcnow()).is_opted_out


def _obey(
    account: AccountRef,
    incoming: Incoming,
    keyword: Word | None,
    actor: Actor,
    *,
    was_out: bool,
) -> UUID | None:
    """Store what the text means for consent: STOP cancels, START restores, talk is an inquiry.

    Plain words that end consent hold sending instead (Q-4): then the hold is returned.
    """
    e164 = incoming.from_number
    if not _is_phone_number(e164):
        return None  # nobody we could text: there is no consent to change
    if keyword is None:
        talks.tell_of_reply(account.tenant, e164, actor)
    if keyword == "stop":
        optouts.store(
            account.tenant,
            e164,
            source="keyword",
            details=f'Texted "{incoming.body.strip()[:100]}".',
            actor=actor,
            at=incoming.sent_at,
        )
    elif keyword == "start":
        consent.opt_in(
            account.tenant,
            e164,
            at=clock.utcnow(),
            source="keyword",
            provider_at=incoming.sent_at,
            actor=actor,
        )
    elif keyword is None and not was_out:
        at, said = _said_at(incoming), revocation.detect(incoming.body)
        if said.is_revocation:
            words = said.matched or incoming.body
            return holds.place(account, e164, words, sid=incoming.sid, said_at=at, actor=actor)
        consent.record_inquiry(account.tenant, e164, at, incoming.sid)
    return None


def _link(incoming: Incoming, person: ContactRef, keyword: Word | None) -> None:
    """Tie the kept text to the person; a yes that turned out to be talk is no keyword."""
    db.session.execute(
        update(InboundText)
        .where(InboundText.sid == incoming.sid)
        .values(contact_id=person.id, keyword=keyword, credits=_price(incoming, keyword))
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


def _answer(
    account: AccountRef,
    incoming: Incoming,
    keyword: Word | None,
    person: ContactRef,
    reply: str | None,
) -> None:
    """Confirm a keyword once: not at all when the carrier does it by itself (Q-1).

    `reply` is what somebody who signed up is told; no carrier says that for us (Q-6).
    """
    if keyword is None or incoming.opt_out_type or not _is_phone_number(incoming.from_number):
        return
    if reply is None and _carrier_answers(incoming):
        return
    within = ANSWERS_WITHIN if reply is None else REPLIES_WITHIN
    if clock.utcnow() - _said_at(incoming) > within:
        return  # heard too late for the one text that may follow an opt-out (RULINGS 15)
    answers = {
        "stop": (system.STOP_REPLY, STOP_CONFIRMATION),
        "start": (system.START_REPLY, "start"),
        "help": (_help(account), "help"),
    }
    body, purpose = (reply, keyword) if reply is not None else answers[keyword]
    system.queue_text(
        account.tenant,
        incoming.from_number,
        body,
        purpose=purpose,
        timing=Timing.ANSWER,
        from_e164=incoming.to,
        contact_id=person.id,
        name=person.full_name,
    )


def notice_key(sid: str) -> str:
    """Return what makes the notices of a text that came in one each."""
    return f"inbound:{sid}"


def _carrier_answers(incoming: Incoming) -> bool:
    return bool(incoming.opt_out_type) or incoming.body.strip().casefold() in _CARRIER_ANSWERS


def _help(account: AccountRef) -> str:
    sender = people.organization_settings(account.organization_id).sender_name
    return f"{sender}: {system.HELP_REPLY}"


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
