"""What the carrier posts: believed only when signed, applied once (Q-1 to Q-3, W1 to W4)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from twilio.request_validator import RequestValidator

from portal.billing import queries as billing
from portal.consent import queries as consent
from portal.contacts import queries as contacts
from portal.core.audit import Actor
from portal.core.db import db, unit_of_work
from portal.core.formats import phone
from portal.gateways.sms import Listed
from portal.messaging import queries
from portal.messaging.models import InboundText, Message, WebhookEvent
from portal.messaging.queries import recovery as records
from portal.messaging.values import Kind, State
from portal.notifications import queries as notifications
from portal.numbers import queries as numbers
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from portal.texting_accounts.values import AccountState
from tests.cast import ALICE, PAT, VERA
from tests.factories.messaging import (
    bulk,
    clear,
    make_campaign,
    make_ready,
    make_recipient,
    one_to_one,
    only_text,
    take,
    texts,
)
from workers import recovery
from workers.sending import apply_statuses, drain

PUBLIC = "http://localhost"


@pytest.fixture
def carol(northside, sender):
    return make_recipient(northside)


@pytest.fixture
def post(app, northside, sender):
    """Post a webhook as the carrier would, signed with the organization's token."""
    client = app.test_client()

    def send(path, data, *, token=None, signature=None, query=""):
        credentials = numbers.credentials(northside.organization_id)
        data = {"AccountSid": credentials.account_sid, "ApiVersion": "2010-04-01", **data}
        url = f"{PUBLIC}/webhooks/twilio/{path}" + (f"?{query}" if query else "")
        made = RequestValidator(token or credentials.auth_token).compute_signature(url, data)
        return client.post(
            f"/webhooks/twilio/{path}" + (f"?{query}" if query else ""),
            data=data,
            headers={"X-Twilio-Signature": made if signature is None else signature},
        )

    return send


@pytest.fixture
def texts_in(post, sender, carol, carrier_fake):
    """Post one text from Carol (or somebody) to Northside; the carrier can be asked of it."""

    def send(body, sid=None, number=None, **more):
        return post(
            "sms",
            {
                "MessageSid": sid or f"SM{uuid4().hex}",
                "From": number or carol.number.e164,
                "To": sender.e164,
                "Body": body,
                "NumMedia": "0",
                "NumSegments": "1",
                **more,
            },
        )

    return send


def is_out(account, person):
    return consent.standing(account.tenant, person.number.e164).is_opted_out


def test_an_ordinary_text_is_kept_charged_and_shown(northside, carol, texts_in):
    """Q-3, B-10: in the inbox, unread, one credit, and it allows an answer."""
    reply = texts_in("Is it still available?")
    assert (reply.status_code, reply.mimetype) == (200, "text/xml")
    assert "<Message" not in reply.text
    [talk] = queries.conversations(northside.tenant).rows
    assert (talk.name, talk.unread, talk.needs_answer) == ("Carol Diaz", 1, True)
    assert talk.preview == "Is it still available?"
    assert billing.balance(northside.id).spent == 1
    assert [n.kind for n in notifications.latest(ALICE)] == ["reply"]


def test_the_same_text_twice_is_one(northside, texts_in):
    """I10."""
    for _ in range(2):
        assert texts_in("Hello", sid="SM" + "a" * 32).status_code == 200
    assert db.session.scalar(select(func.count()).select_from(InboundText)) == 1
    assert billing.balance(northside.id).spent == 1


@pytest.mark.parametrize("body", ["STOP", " stop! ", "Unsubscribe", "opt out", "REVOKE"])
def test_stop_blocks_what_waits_and_gives_credits_back(
    body, northside, bobs, carol, texts_in, carrier_fake
):
    """Q-2, 3.1: queued and held texts to that number; the others of the send still go."""
    dave = make_recipient(northside)
    make_campaign(northside, [carol, dave])
    assert texts_in(body).status_code == 200
    assert is_out(northside, carol)
    states = {t.e164: (t.state, t.reason_code) for t in texts(northside)}
    assert states[carol.number.e164] == (State.BLOCKED, "opted_out")
    drain(str(northside.id))
    bodies = [out.to for out in carrier_fake.sent if out.body.startswith("Open house")]
    assert bodies == [dave.number.e164]
    books = billing.balance(northside.id)
    assert (books.reserved, books.spent) == (0, 2)  # dave's text and the STOP itself


def test_a_claimed_text_does_not_survive_a_stop(northside, carol, texts_in):
    """I3: T2 after the STOP sees it; the worker's claim is gone."""
    make_campaign(northside, [carol])
    [claim] = take(northside)
    texts_in("STOP")
    assert clear(claim) is None
    assert only_text(northside).state is State.BLOCKED


def test_stop_blocks_marketing_of_every_account_of_the_organization(
    northside, bobs, carol, texts_in
):
    """Q-7: the brokerage's bulk texts too, another account's one-to-one not."""
    make_ready(bobs)
    theirs = make_recipient(bobs, number=carol.number.e164)
    make_campaign(bobs, [theirs])
    make_campaign(bobs, [theirs], one_to_one("See you at 5?"))
    texts_in("STOP")
    assert {t.kind: t.state for t in texts(bobs)} == {
        Kind.BULK: State.BLOCKED,
        Kind.ONE_TO_ONE: State.QUEUED,
    }


def test_after_stop_nothing_can_be_sent_until_start(northside, carol, texts_in):
    """Q-1: START restores what stood before, its kinds too."""
    texts_in("STOP")
    make_campaign(northside, [carol, make_recipient(northside)])
    assert texts(northside)[0].reason_code == "opted_out"
    texts_in("START")
    assert not is_out(northside, carol)
    make_campaign(northside, [carol])
    assert texts(northside)[-1].state is State.QUEUED


def test_yes_in_talk_is_talk_and_yes_after_stop_is_start(northside, carol, texts_in):
    """Q-1."""
    texts_in("Yes")
    [seen] = queries.thread(northside.tenant, carol.number.e164)
    assert seen.keyword is None
    texts_in("STOP")
    texts_in("yes")
    assert not is_out(northside, carol)


@pytest.mark.parametrize(
    ("body", "more", "answers"),
    [
        ("STOP", {}, []),  # the carrier answers its own words
        ("HELP", {}, []),
        ("opt out", {"OptOutType": "STOP"}, []),
        ("opt out", {}, ["stop"]),  # FACTS 2.1: it doesn't know this one
        ("help!", {}, ["help"]),
    ],
)
def test_a_keyword_is_answered_once(body, more, answers, northside, texts_in, carrier_fake):
    texts_in(body, **more)
    drain(str(northside.id))
    sent = db.session.scalars(select(Message).where(Message.kind == Kind.SYSTEM)).all()
    assert [(m.purpose, m.state, m.credits) for m in sent] == [
        (purpose, State.ACCEPTED, 0) for purpose in answers
    ]


def test_an_opt_out_is_confirmed_once_however_often_it_is_said(
    northside, texts_in, carrier_fake, clock
):
    """RULINGS 15: a machine that answers "Unsubscribe." would be answered without end."""
    said = ["opt out", "Opt out!", "START", "opt out", "opt out"]
    for words in said:
        texts_in(words)
        drain(str(northside.id))
        clock.travel(by=timedelta(minutes=1))
    sent = db.session.scalars(select(Message).where(Message.kind == Kind.SYSTEM)).all()
    assert [(m.purpose, m.state) for m in sent] == [("stop", State.ACCEPTED)] * 2


def test_an_unknown_number_becomes_a_lead(northside, texts_in):
    """K-6."""
    texts_in("Hi, saw your sign", number="+13125559876")
    found = contacts.by_numbers(northside.tenant, ["+13125559876"])
    assert "+13125559876" in found
    assert [n.kind for n in notifications.latest(ALICE)] == ["lead"]


def test_a_short_code_is_a_new_lead_once(northside, texts_in):
    """K-6: it has no number that could be looked up, and is the same sender all the same."""
    for code in ("1234", "5678"):
        texts_in(f"Your code is {code}", number="72345")
    assert [n.kind for n in notifications.latest(ALICE)] == ["reply", "lead"]


@pytest.mark.parametrize("body", ["Your code is 1234", "STOP"])
def test_a_text_from_a_short_code_is_kept(northside, texts_in, body):
    """B-10: inbound is never refused; a short code has no consent to change."""
    assert texts_in(body, number="72345").status_code == 200
    [talk] = queries.conversations(northside.tenant).rows
    assert talk.preview == body


def test_a_text_is_received_without_credits(northside, carol, texts_in):
    """B-10: the balance goes below zero by inbound alone, and sending stops."""
    make_campaign(northside, [make_recipient(northside)], bulk("x" * 160 * 9))
    before = billing.balance(northside.id).available
    for _ in range(3):
        texts_in("x" * 160 * 9)
    assert billing.balance(northside.id).available == before - 27


@pytest.mark.parametrize(
    "forged",
    [
        {"signature": ""},
        {"signature": "bm90IGEgc2lnbmF0dXJl"},
        {"token": "0" * 32},
    ],
)
def test_a_forged_webhook_has_no_effect(forged, northside, carol, sender, post):
    """W2: 403, nothing stored."""
    data = {"MessageSid": "SM" + "1" * 32, "From": carol.number.e164, "To": sender.e164}
    assert post("sms", {**data, "Body": "STOP"}, **forged).status_code == 403
    status = {"MessageSid": "SM" + "1" * 32, "MessageStatus": "delivered"}
    assert post("status", status, **forged).status_code == 403
    assert db.session.scalar(select(func.count()).select_from(InboundText)) == 0
    assert db.session.scalar(select(func.count()).select_from(WebhookEvent)) == 0
    assert not is_out(northside, carol)


def test_another_organizations_token_signs_nothing_for_us(northside, lakeview, carol, post):
    """W2: the token of the account in AccountSid alone counts."""
    make_ready(lakeview)
    theirs = numbers.credentials(lakeview.organization_id)
    data = {"MessageSid": "SM" + "1" * 32, "From": carol.number.e164, "To": "+13125550100"}
    assert post("sms", {**data, "Body": "STOP"}, token=theirs.auth_token).status_code == 403


def test_a_boundary_shifted_text_is_refused(post, carol, sender):
    """PROMISES 1.6: other names and values can carry the same signature."""
    data = {"MessageSid": "SM" + "1" * 32, "To": sender.e164, "BodySTOPFrom": carol.number.e164}
    assert post("sms", data).status_code in {400, 403}


def test_a_webhook_has_64_kb(app, post, sender, carol):
    data = {"MessageSid": "SM" + "1" * 32, "From": carol.number.e164, "To": sender.e164}
    assert post("sms", {**data, "Body": "x" * 70_000}).status_code == 413


def test_a_get_is_no_webhook(app):
    assert app.test_client().get("/webhooks/twilio/sms").status_code == 405


class TestStatus:
    """Status callbacks: stored raw, applied in batches, in any order (I10)."""

    @pytest.fixture
    def sent(self, northside, carol, carrier_fake):
        make_campaign(northside, [carol])
        drain(str(northside.id))
        return only_text(northside)

    @pytest.fixture
    def news(self, post):
        def send(text, status, sid=None, **more):
            return post(
                "status",
                {"MessageSid": sid or text.sid, "MessageStatus": status, **more},
                query=f"m={text.id}&a=1",
            )

        return send

    def test_it_is_answered_204_and_applied_by_the_job(self, northside, sent, news):
        assert news(sent, "delivered").status_code == 204
        assert only_text(northside).state is State.ACCEPTED
        assert apply_statuses() == 1
        assert apply_statuses() == 0  # again there is nothing to do
        assert only_text(northside).state is State.DELIVERED

    @pytest.mark.parametrize(
        "order",
        [
            ("sent", "delivered"),
            ("delivered", "sent"),
            ("delivered", "sent", "delivered", "queued"),
            ("failed", "delivered"),
            ("delivered", "failed"),
        ],
    )
    def test_any_order_ends_the_same(self, order, northside, sent, news):
        for status in order:
            news(sent, status)
            apply_statuses()
        assert only_text(northside).state is State.DELIVERED
        assert billing.balance(northside.id).spent == 1

    def test_a_second_sid_raises_the_double_alarm(self, northside, sent, news):
        """I1's monitor: the account is paused and people are told."""
        news(sent, "delivered", sid="SM" + "f" * 32)
        apply_statuses()
        assert accounts.account(northside.id).state == "paused"
        for user_id in (ALICE, VERA):
            [told] = [n for n in notifications.latest(user_id) if "twice" in n.title]
            assert told.url == f"/accounts/{northside.id}/settings"
            assert "resume sending here" in told.text
            assert phone(sent.e164) in told.text
        [told] = [n for n in notifications.latest(PAT) if "twice" in n.title]
        assert sent.sid in told.text and "SM" + "f" * 32 in told.text
        assert phone(sent.e164) not in told.text  # RULINGS 22

    def test_the_double_alarm_is_raised_once_for_each_second_name(self, northside, sent, news):
        """PROMISES 2.4: later news of the same name stops nobody who has looked and resumed."""
        for status, name, state in (
            ("sent", "f", "paused"),
            ("delivered", "f", "active"),
            ("sent", "e", "paused"),
        ):
            news(sent, status, sid="SM" + name * 32)
            apply_statuses()
            db.session.expire_all()
            assert accounts.account(northside.id).state == state
            with unit_of_work():
                if state == "paused":
                    account_service.resume(northside.id, actor=Actor(ALICE, "Alice", "127.0.0.1"))
        assert len([n for n in notifications.latest(ALICE) if "twice" in n.title]) == 2

    @pytest.mark.parametrize("listed_first", [False, True])
    def test_a_second_name_is_no_text_nobody_here_sent(
        self, listed_first, northside, sent, news, carrier_fake, clock, sender
    ):
        """PROMISES 2.4: the sweep finds on the list what the alarm has told of already."""
        second = "SM" + "f" * 32
        carrier_fake.listed = [
            Listed(
                second, sent.e164, sender.e164, sent.body, "outbound-api", "sent", sent.submitted_at
            )
        ]
        if listed_first:
            clock.travel(by=timedelta(hours=1))
            assert recovery.sweep_both_ways() == 1
        news(sent, "sent", sid=second)
        apply_statuses()
        clock.travel(by=timedelta(hours=25))
        assert recovery.sweep_both_ways() == 0
        standing = records.fence(northside.organization_id)
        assert standing is None or standing.strays == 0
        assert (standing is not None) is listed_first

    def test_another_organizations_callback_touches_nothing(self, northside, lakeview, sent, app):
        make_ready(lakeview)
        theirs = numbers.credentials(lakeview.organization_id)
        path = f"/webhooks/twilio/status?m={sent.id}&a=1"
        data = {
            "AccountSid": theirs.account_sid,
            "MessageSid": "SM" + "e" * 32,
            "MessageStatus": "failed",
        }
        signed = RequestValidator(theirs.auth_token).compute_signature(PUBLIC + path, data)
        reply = app.test_client().post(path, data=data, headers={"X-Twilio-Signature": signed})
        assert reply.status_code == 204
        apply_statuses()
        assert only_text(northside).state is State.ACCEPTED

    def test_a_permanent_error_marks_the_number(self, northside, carol, sent, news):
        """S-10: it isn't tried again."""
        news(sent, "undelivered", ErrorCode="30005")
        apply_statuses()
        db.session.expire_all()  # as the next request would see it
        view = queries.text(northside.tenant, sent.id)
        assert view.error.code == 30005
        assert view.error.action
        person = contacts.get_or_404(northside.tenant, carol.contact.id)
        assert person.preferred.unreachable_code == 30005

    @pytest.mark.parametrize(("code", "what"), [("30002", "it"), ("30033", "its campaign")])
    def test_a_suspension_stops_the_account(self, northside, carol, sent, news, code, what):
        """PROMISES 2.4, A-1: neither is a failure of one text; the campaign's is appealed, too."""
        make_campaign(northside, [make_recipient(northside)])
        news(sent, "failed", ErrorCode=code)
        apply_statuses()
        assert texts(northside)[-1].reason_code == "account_suspended"
        now = accounts.account(northside.id)
        assert now.state is AccountState.SUSPENDED
        assert now.state_reason == f"The carrier has suspended {what} ({code})."


def test_encoded_text_survives(texts_in, northside, carol):
    """W3: unicode, emoji, plus signs."""
    body = "Sí, ¿a las 5? 😀 + & = %"
    texts_in(body)
    assert queries.thread(northside.tenant, carol.number.e164)[-1].body == body
