"""Accounts that may text, people who may be texted, and texts under way."""

from itertools import count as count_up
from uuid import uuid4

from sqlalchemy import insert, select

from portal.billing import service as billing
from portal.billing.values import Charge
from portal.consent import service as consent
from portal.consent.values import Checkbox, Method, NewConsent
from portal.contacts import queries as contacts
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.gateways.sms import Outgoing
from portal.messaging import queries
from portal.messaging.models import Message, MessageAttempt
from portal.messaging.service import approvals, claims, drafts, gate, planning, sending
from portal.messaging.values import Draft, Kind, Recipient, State
from tests.cast import ALICE
from tests.factories.billing import make_credits, make_subscription
from tests.factories.contacts import make_contact
from tests.factories.numbers import make_sender

ALICE_ACTS = Actor(ALICE, "Alice Moreno", "127.0.0.1")
BODY = "Open house on Saturday at 2."
_serial = count_up()


def make_ready(account, more_credits=0, segments_per_second=10_000):
    """Give the account all it takes to send; return its number."""
    make_subscription(account)  # 500 credits
    if more_credits:
        make_credits(account, more_credits)
    return make_sender(account, segments_per_second=segments_per_second)


def make_recipient(account, number=None, method=Method.HOSTED_FORM, **details):
    """Return somebody with a number, who agreed to all texts (or as `method` says, or not at all)."""
    contact = make_contact(account, number=number, **details)
    if method is not None and contact.preferred:
        agree(account, contact.preferred.e164, method)
    return Recipient(contact, contact.preferred)


def make_recipients(account, count, **details):
    return [
        make_recipient(account, number=f"+1312556{place:04d}", first_name=f"P{place}", **details)
        for place in range(count)
    ]


def agree(account, e164, method=Method.HOSTED_FORM):
    with unit_of_work():
        consent.record_consent(
            account.tenant,
            NewConsent(
                e164,
                method,
                given_at=utcnow(),
                name="Carol Diaz",
                disclosure_text="I agree to texts from Juniper Realty.",
                checkbox=Checkbox.CHECKED,
                source_url="https://juniper.example/join",
            ),
            ALICE_ACTS,
        )


def bulk(body=BODY, **options):
    return Draft(body, Kind.BULK, **options)


def one_to_one(body=BODY, **options):
    return Draft(body, Kind.ONE_TO_ONE, **options)


def make_campaign(account, recipients, draft=None, nonce=None):
    """Confirm a send to these people."""
    with unit_of_work():
        return sending.confirm(
            account,
            recipients,
            draft or bulk(),
            nonce=nonce or uuid4().hex,
            shown_key=None,
            actor=ALICE_ACTS,
        )


def make_approval(account, recipients, body=BODY, actor=ALICE_ACTS):
    """Put a send to these people before a second person; return the question's id."""
    with unit_of_work():
        ids = [recipient.contact.id for recipient in recipients]
        draft_id = drafts.start_draft(account, ids, body=body, actor=actor)
        written = queries.draft(account.tenant, draft_id, actor.id)
        planned = planning.plan(account, recipients, bulk(body), utcnow())
        return approvals.ask(account, written, bulk(body), planned, lint_ok="", actor=actor)


def take(account, owner="worker-1", limit=20):
    """T1: claim what is due."""
    with unit_of_work():
        return claims.claim(account.id, owner, limit=limit)


def clear(claim):
    """T2: put one claimed text through the gate."""
    with unit_of_work():
        return gate.clear(claim)


def texts(account, **where):
    """Return the account's texts as they stand in the database, system texts left out."""
    db.session.rollback()
    wanted = select(Message).where(Message.account_id == account.id).filter_by(**where)
    if "kind" not in where:
        wanted = wanted.where(Message.kind != Kind.SYSTEM)
    return list(
        db.session.scalars(
            wanted.order_by(Message.created_at, Message.position, Message.part).execution_options(
                populate_existing=True
            )
        )
    )


def only_text(account, **where):
    [found] = texts(account, **where)
    return found


def fresh(account, recipient):
    """Return a recipient as the address book has it now."""
    contact = contacts.get_or_404(account.tenant, recipient.contact.id)
    return Recipient(contact, contact.preferred)


def make_leaving(account, count, sender):
    """Return texts that are with the carrier right now: charged to nobody yet, answer to come.

    Written straight into the tables, each to a number of its own, so hundreds are cheap.
    """
    now = utcnow()
    leaving = []
    for _ in range(count):
        id_, to = uuid4(), f"+1404{2_000_000 + next(_serial)}"
        outgoing = Outgoing(
            message_id=str(id_),
            attempt=1,
            to=to,
            from_number=sender.e164,
            service_sid=None,
            body=BODY,
            media_urls=(),
            status_callback="",
            validity_period_s=3600,
            account_sid="",
            auth_token="",
        )
        leaving.append(
            gate.Submission(id_, account.organization_id, account.id, to, 1, 1, outgoing)
        )
    with unit_of_work():
        billing.reserve(account, [Charge(s.message_id, 1) for s in leaving], at=now)
        db.session.execute(
            insert(Message),
            [
                {
                    "id": s.message_id,
                    "organization_id": account.organization_id,
                    "account_id": account.id,
                    "kind": Kind.ONE_TO_ONE,
                    "priority": 0,
                    "recipient_name": s.e164,
                    "e164": s.e164,
                    "from_e164": sender.e164,
                    "text_id": s.message_id,
                    "position": 0,
                    "body": BODY,
                    "body_hash": uuid4().hex,
                    "media": [],
                    "encoding": "GSM-7",
                    "segments": 1,
                    "credits": 1,
                    "state": State.SUBMITTING,
                    "not_before": now,
                    "epoch": 1,
                    "attempt": 1,
                    "submitted_at": now,
                    "submit_deadline": now,
                }
                for s in leaving
            ],
        )
        db.session.execute(
            insert(MessageAttempt),
            [
                {
                    "message_id": s.message_id,
                    "attempt": 1,
                    "epoch": 1,
                    "owner": "worker-1",
                    "started_at": now,
                }
                for s in leaving
            ],
        )
    return leaving
