"""Campaigns as people watch them: S-8, S-10, S-11, Q-2, RULINGS 22."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from portal.billing import queries as billing
from portal.consent.values import Method
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.messaging import queries
from portal.messaging.models import Campaign, Message
from portal.messaging.values import CampaignState, State
from tests.factories.messaging import (
    agree,
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    make_recipients,
    one_to_one,
    texts,
)
from tests.messaging.composer import stop


@pytest.fixture
def ready(northside):
    return make_ready(northside)


@pytest.fixture
def three(northside, ready):
    """A campaign to three people, not yet begun."""
    return make_campaign(northside, make_recipients(northside, 3), bulk(name="Open house"))


def put(northside, *states, **columns):
    """Set the texts of the account, in order, to states."""
    found = texts(northside)
    with unit_of_work():
        for row, state in zip(found, states, strict=False):
            values = {"state": state, **columns}
            db.session.execute(update(Message).where(Message.id == row.id).values(**values))
    return texts(northside)


def at(northside, campaign):
    return {"account_id": northside.id, "campaign_id": campaign.id}


def tiles(reply):
    labels, values = reply.texts_of(".stat__label"), reply.texts_of(".stat__value")
    return dict(zip(labels, values, strict=True))


# The list -----------------------------------------------------------------------------------------------------------


def test_the_list_is_empty_until_somebody_sends(alice, northside):
    reply = alice.get("messaging.campaigns", account_id=northside.id)
    assert "No campaign yet" in reply.text


def test_the_list_shows_each_send_with_its_outcome(alice, northside, three):
    put(northside, State.DELIVERED, State.SENT, State.FAILED)
    reply = alice.get("messaging.campaigns", account_id=northside.id)
    [row] = reply.texts_of("tbody tr")
    assert row.startswith("Open house 3 people, Today 12:00 pm by Alice Moreno Done")
    assert row.endswith("1 – none – none 1 3")  # delivered, held, blocked, failed, credits


def test_the_list_is_paged_by_key(alice, northside, ready, monkeypatch):
    monkeypatch.setattr("portal.messaging.views.campaigns.PER_PAGE", 3)
    person = make_recipient(northside)
    other = make_recipient(northside)
    for _ in range(4):
        make_campaign(northside, [person, other])
    reply = alice.get("messaging.campaigns", account_id=northside.id)
    assert len(reply.page.select("tbody tr")) == 3
    onward = reply.page.select_one("a[rel=next]")["href"]
    reply = alice.htmx.open("GET", onward)
    assert reply.is_partial
    assert len(reply.page.select("tbody tr")) == 1
    alice.get("messaging.campaigns", 400, query={"after": "broken"}, account_id=northside.id)


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 200), ("bob", 200), ("vera", 200), ("pat", 404), ("mallory", 404)]
)
def test_who_may_look(request, northside, three, who, status):
    person = request.getfixturevalue(who)
    person.get("messaging.campaigns", status, account_id=northside.id)
    person.get("messaging.campaign", status, **at(northside, three))


def test_the_officer_looks_and_cannot_act(vera, northside, three):
    reply = vera.get("messaging.campaign", **at(northside, three))
    assert "Pause" not in reply.text
    assert "Cancel" not in reply.text
    for verb in ("pause_campaign", "resume_campaign", "cancel_campaign", "resend_blocked"):
        vera.post(f"messaging.{verb}", 403, **at(northside, three))
    [first, *_] = texts(northside)
    vera.get("messaging.confirm_again", 403, account_id=northside.id, message_id=first.id)


def test_a_campaign_of_another_account_is_not_found(mallory, northside, lakeview, three):
    where = {"account_id": lakeview.id, "campaign_id": three.id}
    mallory.get("messaging.campaign", 404, **where)
    mallory.post("messaging.cancel_campaign", 404, **where)
    mallory.htmx.get("messaging.campaign_progress", 404, **where)
    mallory.get("messaging.campaign_progress", 404, **where)


# The page -----------------------------------------------------------------------------------------------------------


def test_the_page_says_for_everybody_what_happened_and_why(alice, northside, ready):
    """S-10, S-11"""
    people = make_recipients(northside, 6)
    people.append(make_recipient(northside, first_name="Owen", method=Method.VERBAL))
    people.append(make_recipient(northside, number="", first_name="Hal", email="hal@example.com"))
    campaign = make_campaign(northside, people)
    put(
        northside,
        State.DELIVERED,
        State.SENT,
        State.UNKNOWN,
        State.UNCONFIRMED,
        State.CANCELED,
    )
    put_error(northside, 5, State.UNDELIVERED, 30003)
    reply = alice.get("messaging.campaign", **at(northside, campaign))
    rows = reply.page.select("#campaign-rows tbody tr")
    said = [" ".join(r.select_one(".campaign-why").get_text(" ").split()) for r in rows]
    assert said[0] == "Reached the phone."
    assert said[1] == "On its way to the phone."
    assert "never send it twice" in said[2]
    assert "not charged" in said[3]
    assert said[4] == "Canceled before it left. Not charged."
    assert said[5].startswith("30003: Handset switched off")
    assert "Retry a few times over hours" in said[5]
    assert said[6].startswith("This person agreed to one-to-one texts only")
    assert said[7] == "There is no phone number to text. Correct the number"
    assert tiles(reply) == {
        "Delivered": "1",
        "Held": "0",
        "Blocked": "2",
        "Failed": "1",
        "Credits": "3 of 6",  # delivered, sent, undelivered; one is looked for, two came back
    }
    assert "1 text is not confirmed" in reply.text
    assert rows[0].select_one(f"a[href*='/accounts/{northside.id}/contacts/']")


def put_error(northside, place, state, code):
    row = texts(northside)[place]
    with unit_of_work():
        db.session.execute(
            update(Message).where(Message.id == row.id).values(state=state, error_code=code)
        )


def test_the_table_has_a_view_for_each_outcome(alice, northside, three):
    put(northside, State.DELIVERED, State.FAILED)
    reply = alice.get("messaging.campaign", **at(northside, three))
    assert reply.texts_of("#campaign-rows .segmented__link") == [
        "All 3",
        "Delivered 1",
        "Waiting 1",
        "Failed 1",
    ]
    reply = alice.get("messaging.campaign", query={"state": "failed"}, **at(northside, three))
    assert len(reply.page.select("#campaign-rows tbody tr")) == 1
    alice.get("messaging.campaign", 400, query={"state": "x"}, **at(northside, three))
    alice.get("messaging.campaign", 400, query={"after": "x"}, **at(northside, three))


def test_recipients_are_paged_by_key(alice, northside, three, monkeypatch):
    monkeypatch.setattr("portal.messaging.views.campaigns.PER_PAGE", 2)
    reply = alice.get("messaging.campaign", **at(northside, three))
    assert len(reply.page.select("#campaign-rows tbody tr")) == 2
    reply = alice.htmx.open("GET", reply.page.select_one("#campaign-rows a[rel=next]")["href"])
    assert len(reply.page.select("#campaign-rows tbody tr")) == 1


# Live ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "trigger"),
    [
        ([State.QUEUED] * 3, "every 2s"),
        ([State.DELIVERED, State.SUBMITTING, State.SENT], "every 2s"),
        ([State.DELIVERED, State.SENT, State.ACCEPTED], "every 5s"),  # receipts still come
        ([State.DELIVERED] * 3, None),
        ([State.DELIVERED, State.HELD, State.BLOCKED], None),
    ],
)
def test_the_page_polls_only_while_something_moves(alice, northside, three, states, trigger):
    """S-8"""
    put(northside, *states)
    reply = alice.htmx.get("messaging.campaign_progress", **at(northside, three))
    assert reply.is_partial
    assert reply.page.select_one("#campaign-live").get("hx-trigger") == trigger


def test_receipts_that_never_come_are_not_waited_for_for_ever(alice, northside, three, clock):
    put(northside, *[State.SENT] * 3)
    clock.travel(by=timedelta(minutes=20))
    assert "hx-trigger" in str(
        alice.htmx.get("messaging.campaign_progress", **at(northside, three)).page.select_one(
            "#campaign-live"
        )
    )
    with unit_of_work():
        db.session.execute(update(Campaign).values(created_at=utcnow() - timedelta(hours=2)))
    reply = alice.htmx.get("messaging.campaign_progress", **at(northside, three))
    assert reply.page.select_one("#campaign-live").get("hx-trigger") is None


def test_the_last_poll_takes_the_actions_away(alice, northside, three):
    put(northside, *[State.QUEUED] * 3)
    reply = alice.htmx.get("messaging.campaign_progress", **at(northside, three))
    assert reply.text_of("#cancel-count") == "3 texts"
    assert not reply.page.select("#campaign-actions")  # nothing moves under the pointer
    put(northside, *[State.DELIVERED] * 3)
    reply = alice.htmx.get("messaging.campaign_progress", **at(northside, three))
    assert reply.text_of("#campaign-actions") == ""
    assert reply.text_of("#campaign-state") == "Done"


def test_progress_without_script_is_the_page(alice, northside, three):
    reply = alice.get("messaging.campaign_progress", 303, **at(northside, three))
    assert reply.location.endswith(f"/campaigns/{three.id}")


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ([State.QUEUED] * 3, "Sending"),
        ([State.HELD] * 3, "Held"),
        ([State.BLOCKED] * 3, "Blocked"),
        ([State.UNKNOWN, State.DELIVERED, State.DELIVERED], "Checking"),
        ([State.DELIVERED] * 3, "Done"),
    ],
)
def test_the_state_in_a_word(alice, northside, three, states, word):
    put(northside, *states)
    reply = alice.get("messaging.campaign", **at(northside, three))
    assert reply.text_of("#campaign-state") == word


def test_people_who_opted_out_on_the_way_are_counted_apart(alice, northside, ready):
    """Q-2: not texted, credits returned; who had opted out before is not among them."""
    people = make_recipients(northside, 3)
    stop(northside, people[0])
    campaign = make_campaign(northside, people)
    stop(northside, people[1])
    reply = alice.get("messaging.campaign", **at(northside, campaign))
    assert (
        "1 person opted out while this was sending. Not texted; the credits came back."
        in reply.text
    )
    assert tiles(reply)["Blocked"] == "2"
    assert "1 given back" in reply.text
    assert billing.balance(northside.id).reserved == 1


# Pause, resume, cancel ----------------------------------------------------------------------------------------------


def test_pause_resume_and_cancel(alice, northside, three):
    """S-8"""
    where = at(northside, three)
    page = alice.follow(alice.post("messaging.pause_campaign", 303, **where))
    assert page.text_of("#campaign-state") == "Paused"
    assert "Resume" in page.text_of("#campaign-actions")
    assert {t.state for t in texts(northside)} == {State.HELD}
    page = alice.follow(alice.post("messaging.resume_campaign", 303, **where))
    assert {t.state for t in texts(northside)} == {State.QUEUED}
    assert page.text_of("dialog h2") == "Cancel 3 texts that have not left?"
    assert page.texts_of("dialog .btn-danger") == ["Cancel 3 texts"]
    page = alice.follow(alice.post("messaging.cancel_campaign", 303, **where))
    assert "Canceled 3 texts. 3 credits came back." in page.text
    assert page.text_of("#campaign-state") == "Canceled"
    assert page.text_of("#campaign-actions") == ""
    assert billing.balance(northside.id).available == 500
    reply = alice.post("messaging.resume_campaign", 409, **where)
    assert "canceled" in reply.text
    assert queries.campaign(northside.tenant, three.id).state is CampaignState.CANCELED


# Sending again ------------------------------------------------------------------------------------------------------


def test_those_left_out_become_a_new_text_with_its_cost_shown_first(alice, northside, ready):
    """S-11, R-8"""
    owen = make_recipient(northside, first_name="Owen", method=Method.VERBAL)
    campaign = make_campaign(
        northside, [*make_recipients(northside, 2), owen], bulk("Hi {first_name}")
    )
    page = alice.get("messaging.campaign", **at(northside, campaign))
    assert "New text to 1 left out" in page.text
    agree(northside, owen.number.e164)
    page = alice.follow(alice.post("messaging.resend_blocked", 303, **at(northside, campaign)))
    assert page.texts_of(".recipient__name") == ["Owen Diaz"]
    assert page.field("body") == "Hi {first_name}"
    assert page.texts_of(".gates__total dd") == ["1", "0", "0"]
    assert "Verify & Send" in page.text_of("#actions")


def test_nobody_left_out_is_said(alice, northside, three):
    reply = alice.post("messaging.resend_blocked", 409, **at(northside, three))
    assert "Nobody was left out" in reply.text


@pytest.mark.parametrize(
    ("state", "code", "is_offered"),
    [
        (State.UNDELIVERED, 30003, True),  # transient
        (State.FAILED, 30006, False),  # permanent: marked, not tried again
        (State.UNDELIVERED, 30007, False),  # content: the text must change
        (State.EXPIRED, None, True),
        (State.CANCELED, None, True),
        (State.DELIVERED, None, False),
        (State.QUEUED, None, False),
    ],
)
def test_sending_again_is_offered_where_it_can_help(
    alice, northside, three, state, code, is_offered
):
    """S-10"""
    put_error(northside, 0, state, code)
    reply = alice.get("messaging.campaign", **at(northside, three))
    first = reply.page.select_one("#campaign-rows tbody tr")
    assert ("Send again" in first.get_text()) is is_offered


def test_a_text_that_did_not_arrive_is_sent_again_once(alice, northside, three):
    first = put(northside, State.CANCELED, State.DELIVERED, State.DELIVERED)[0]
    where = {"account_id": northside.id, "message_id": first.id}
    page = alice.get("messaging.confirm_again", **where)
    assert page.text_of("h1") == "Send again to P0 Diaz"
    assert "1 credit" in page.text
    form = {"nonce": page.field("nonce")}
    first_answer = alice.post("messaging.send_again", 303, data=form, **where)
    second_answer = alice.post("messaging.send_again", 303, data=form, **where)
    assert first_answer.location == second_answer.location
    assert len(texts(northside)) == 4
    assert texts(northside)[-1].resend_of == first.id


def test_an_unconfirmed_text_goes_again_only_knowingly(alice, bob, northside, three):
    """RULINGS 22: the lead's or the owner's, and the person may get it twice."""
    first = put(northside, State.UNCONFIRMED, State.DELIVERED, State.DELIVERED)[0]
    where = {"account_id": northside.id, "message_id": first.id}
    page = bob.get("messaging.confirm_again", **where)
    assert "A team lead or the owner of the account can send it again." in page.text
    bob.post("messaging.send_again", 403, data={"phrase": "send again"}, **where)
    page = alice.get("messaging.confirm_again", **where)
    assert "may already have received this text" in page.text
    form = {"nonce": page.field("nonce")}
    reply = alice.post("messaging.send_again", 422, data=form, **where)
    assert "Type “send again”" in reply.text_of("#phrase-error")
    assert reply.field("nonce") == form["nonce"]
    assert len(texts(northside)) == 3
    alice.post("messaging.send_again", 303, data={**form, "phrase": " Send  AGAIN "}, **where)
    assert len(texts(northside)) == 4


def test_sending_again_says_why_it_cannot(alice, northside, ready):
    person = make_recipient(northside)
    make_campaign(northside, [person], one_to_one())
    first = put(northside, State.CANCELED)[0]
    stop(northside, person)
    where = {"account_id": northside.id, "message_id": first.id}
    page = alice.get("messaging.confirm_again", **where)
    assert "It would be left out again." in page.text
    reply = alice.post("messaging.send_again", 409, data={"nonce": page.field("nonce")}, **where)
    assert "Only they can opt in again" in reply.text_of(".notice--bad")
    assert reply.text_of("#flash") == ""  # said once


def test_a_delivered_text_is_not_sent_again(alice, northside, three):
    first = put(northside, State.DELIVERED)[0]
    where = {"account_id": northside.id, "message_id": first.id}
    alice.post("messaging.send_again", 409, data={}, **where)
    alice.get("messaging.confirm_again", 404, account_id=northside.id, message_id=uuid4())


def test_a_single_text_leads_back_to_its_conversation(alice, northside, ready):
    campaign = make_campaign(northside, [make_recipient(northside)], one_to_one())
    reply = alice.get("messaging.campaign", **at(northside, campaign))
    assert reply.text_of(".page-head__crumb") == "Conversation"
