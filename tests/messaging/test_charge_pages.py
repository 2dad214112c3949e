"""Why was I charged? From any text, out or in (B-10, B-13, R-1 to R-5)."""

from uuid import uuid4

import pytest

from portal.billing import service as billing
from portal.core.db import db, unit_of_work
from portal.core.erasing import ERASED
from portal.messaging.models import InboundText, Message
from portal.messaging.service import system
from tests.factories.messaging import (
    agree,
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    one_to_one,
)
from tests.messaging.talks import MAYA, answer, hear


@pytest.fixture
def sender(northside):
    return make_ready(northside)


def newest(model):
    db.session.commit()
    return db.session.scalars(db.select(model)).all()[-1]


def why(person, account, text=None, received=None):
    if received is not None:
        return person.get("messaging.charge_received", account_id=account.id, sid=received.sid)
    return person.get("messaging.charge", account_id=account.id, message_id=text.id)


def facts(reply):
    return dict(
        zip(reply.texts_of(".charge .facts dt"), reply.texts_of(".charge .facts dd"), strict=True)
    )


def send(account, body, **options):
    make_campaign(account, [make_recipient(account, number=MAYA)], bulk(body, **options))
    return newest(Message)


def test_a_text_says_length_rate_date_entries_and_lot(alice, northside, sender):
    """R-4: 300 plain characters cost two credits; B-9: set aside, then charged."""
    text = send(northside, "x" * 300)
    reply = why(alice, northside, text)
    assert reply.text_of(".charge__sum").startswith("2 credits set aside.")
    with unit_of_work():
        billing.capture(northside.id, text.id)
    reply = why(alice, northside, text)
    said = facts(reply)
    assert said["Length"] == "300 characters in plain letters (GSM 03.38)"
    assert said["Rate"] == "1 credit for each 160 characters begun, text to country code 1"
    assert said["Sum"] == "2 × 1 = 2 credits"
    assert said["Rates hold from"] == "1 Jan 2024"
    assert reply.text_of(".charge__sum") == "2 credits charged."
    lines = reply.texts_of(".charge__lines li")
    assert [line.split(",")[0].strip() for line in lines[:2]] == ["Reserved", "Charged"]
    assert lines[0].endswith("−2")
    assert "granted 2 Mar 2026, usable until 1 Mar 2027 2 credits" in lines[2]


def test_special_characters_are_named(alice, northside, sender):
    """R-1, R-6."""
    said = facts(why(alice, northside, send(northside, "We’ll be there 🏡" + "x" * 60)))
    assert "special characters (UCS-2), because of ’ 🏡" in said["Length"]
    assert said["Rate"].startswith("1 credit for each 70 characters begun")
    assert said["Sum"] == "2 × 1 = 2 credits"


def test_a_text_that_was_given_back_says_so(alice, northside, sender):
    """B-9."""
    text = send(northside, "Hello")
    with unit_of_work():
        billing.release(northside.id, [text.id], reason="opted_out")
    reply = why(alice, northside, text)
    assert reply.text_of(".charge__sum") == "Not charged. What was set aside went back."
    assert "The person opted out first" in reply.texts_of(".charge__lines li")[1]


def test_a_text_the_house_paid_for_says_so(alice, northside, sender):
    """PROMISES 2.4."""
    text = send(northside, "Hello")
    with unit_of_work():
        billing.release(northside.id, [text.id], reason="unconfirmed")
    with unit_of_work():
        billing.late_capture(northside.id, text.id)
    assert "so the house pays" in why(alice, northside, text).text_of(".charge__sum")


def test_what_never_became_a_message_took_nothing(alice, northside, sender):
    agreed = make_recipient(northside, number="+13125550151")
    silent = make_recipient(northside, number=MAYA, method=None)
    make_campaign(northside, [agreed, silent], bulk("Hello"))
    text = db.session.scalar(db.select(Message).where(Message.e164 == MAYA))
    reply = why(alice, northside, text)
    assert reply.text_of(".charge__sum") == "Not charged. Nothing was set aside for it."


@pytest.mark.parametrize(
    ("words", "rate"),
    [
        ("STOP", "1 credit for an opt-out or opt-in keyword, whatever its length"),
        ("START", "1 credit for an opt-out or opt-in keyword, whatever its length"),
        ("Is it free?", "1 credit for each 160 characters begun, text to country code 1"),
    ],
)
def test_a_text_that_came_in_says_what_it_cost(alice, northside, sender, words, rate):
    """B-10."""
    hear(northside, words)
    reply = why(alice, northside, received=newest(InboundText))
    assert facts(reply)["Rate"] == rate
    assert reply.text_of(".charge__sum").startswith("1 credit charged.")
    assert "Text received" in reply.texts_of(".charge__lines li")[0]


def test_an_automatic_answer_is_free(alice, northside, sender):
    """RULINGS 15."""
    with unit_of_work():
        system.queue_text(northside.tenant, MAYA, system.HELP_REPLY, purpose="help")
    reply = why(alice, northside, newest(Message))
    assert reply.text_of(".charge__sum").startswith("Free.")


def test_the_conversation_opens_it_in_place_and_without_script_on_its_page(
    alice, northside, sender
):
    agree(northside, MAYA)
    talk = hear(northside)
    answer(northside)
    page = alice.get("messaging.conversation", account_id=northside.id, conversation_id=talk.id)
    links = page.page.select("#thread a.price-link")
    assert len(links) == 2
    for link in links:
        assert link["href"] == link["hx-get"]
        assert page.page.select_one(link["hx-target"]) is not None
        opened = alice.htmx.open("GET", link["href"])
        assert opened.is_partial
        assert opened.text_of(".charge") == alice.open("GET", link["href"]).text_of(".charge")


def test_timeline_campaign_and_statement_lead_to_it(alice, northside, sender):
    made = make_recipient(northside, number=MAYA)
    campaign = make_campaign(northside, [made], one_to_one("Hello"))
    hear(northside)
    contact = alice.get("messaging.contact", account_id=northside.id, contact_id=made.contact.id)
    assert len(contact.page.select("#timeline-list a.price-link")) == 2
    rows = alice.get("messaging.campaign", account_id=northside.id, campaign_id=campaign.id)
    assert len(rows.page.select("#campaign-rows a.price-link")) == 1
    book = alice.get("billing.statement", account_id=northside.id)
    for page in (contact, rows, book):
        for link in page.page.select("a.price-link"):
            assert alice.open("GET", link["href"]).text_of(".charge__sum")


def test_of_another_account_is_not_found(bob, mallory, alice, northside, bobs, sender):
    text = send(northside, "Hello")
    hear(northside)
    sid = newest(InboundText).sid
    alice.get("messaging.charge", status=404, account_id=bobs.id, message_id=text.id)
    alice.get("messaging.charge_received", status=404, account_id=bobs.id, sid=sid)
    mallory.get("messaging.charge", status=404, account_id=northside.id, message_id=text.id)
    bob.get("messaging.charge", status=404, account_id=northside.id, message_id=uuid4())


def test_erased_words_leave_the_price(alice, northside, sender):
    """C-10: what it cost stays in the books."""
    text = send(northside, "x" * 300)
    with unit_of_work():
        db.session.execute(db.update(Message).values(body=ERASED))
    reply = why(alice, northside, text)
    assert "Its words were erased" in reply.text_of(".charge__sum")
    assert "2 credits set aside." in reply.text_of(".charge__sum")
