"""Texts from people and their talks, for the tests of the inbox and the contact page."""

from itertools import count
from uuid import uuid4

from sqlalchemy import update

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.messaging import queries
from portal.messaging.models import Message
from portal.messaging.service import inbound, sending
from portal.messaging.service.incoming import Incoming
from portal.messaging.values import Draft, Kind
from portal.numbers import queries as numbers
from tests.factories.messaging import ALICE_ACTS

MAYA = "+13125550150"
_sids = count(1)


def hear(account, body="Is it still available?", e164=MAYA, **more):
    """Take in a text from a person; return their conversation."""
    with unit_of_work():
        inbound.receive(
            Incoming(
                organization_id=account.organization_id,
                sid=f"SM{next(_sids):032x}",
                from_number=e164,
                to=numbers.default_sender(account.id).e164,
                body=body,
                segments=1,
                media=more.pop("media", ()),
                opt_out_type=more.pop("opt_out_type", None),
                payload={},
            )
        )
    return queries.conversation(account.tenant, e164)


def answer(account, body="Yes, it is.", e164=MAYA):
    """Send a text to a number from its conversation."""
    with unit_of_work():
        return sending.reply(
            account, e164, Draft(body, Kind.ONE_TO_ONE), nonce=uuid4().hex, actor=ALICE_ACTS
        )


def set_state(account, state, e164=MAYA, **columns):
    """Let the newest text of ours to a number have come this far."""
    with unit_of_work():
        newest = (
            db.session.query(Message.id)
            .filter(Message.account_id == account.id, Message.e164 == e164)
            .filter(Message.kind != Kind.SYSTEM)
            .order_by(Message.created_at.desc())
            .first()
        )
        db.session.execute(
            update(Message)
            .where(Message.id == newest[0])
            .values(state=state, changed_at=utcnow(), **columns)
        )
    return newest[0]


def open_talk(person, talk, status=200, **query):
    return person.get(
        "messaging.conversation",
        status,
        query=query,
        account_id=talk.account_id,
        conversation_id=talk.id,
    )


def send(person, talk, body, status=None, nonce=None, **more):
    return person.post(
        "messaging.reply",
        status,
        data={"body": body, "nonce": nonce or uuid4().hex, **more},
        account_id=talk.account_id,
        conversation_id=talk.id,
    )


def post(person, endpoint, talk, status=None, data=None, **where):
    return person.post(
        endpoint,
        status,
        data=data,
        account_id=talk.account_id,
        conversation_id=talk.id,
        **where,
    )
