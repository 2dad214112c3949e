"""From the cost to the queue: R-8, S-5, S-8, C-8, RULINGS 16."""

import contextvars
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.billing import queries as billing
from portal.consent import queries as consent
from portal.consent.values import Method
from portal.core.db import unit_of_work
from portal.messaging.models import TextDraft
from portal.messaging.values import State
from portal.texting_accounts import service as accounts
from tests.factories.messaging import ALICE_ACTS, make_recipient, make_recipients, texts
from tests.messaging.composer import HI, Composer, buttons, fates, press, stop


@pytest.fixture
def compose(alice, northside):
    return Composer(alice, northside)


# R-8 ----------------------------------------------------------------------------------------------------------------


def test_the_button_says_send_only_when_the_cost_is_known(alice, northside, sender, compose):
    """R-8: for exactly this text and these recipients."""
    people = make_recipients(northside, 3)
    where = compose(people, HI)
    assert buttons(alice.get("messaging.compose", **where)) == ["Calculate Cost", "Verify & Send"]
    page = alice.follow(press(alice, "cost", 303, data={"body": HI}, **where))
    assert buttons(page) == ["Calculate Cost", "Send"]
    typed = alice.htmx.post("messaging.measure", data={"body": HI + "!"}, **where)
    assert buttons(typed) == ["Calculate Cost", "Verify & Send"]
    back = alice.htmx.post("messaging.measure", data={"body": HI}, **where)
    assert buttons(back) == ["Calculate Cost", "Send"]
    data = {"body": HI, "remove": str(people[0].contact.id)}
    fewer = alice.htmx.post("messaging.save_draft", data=data, **where)
    assert buttons(fewer) == ["Calculate Cost", "Verify & Send"]


def test_verify_and_send_shows_the_cost_first(alice, northside, sender, compose):
    where = compose(make_recipients(northside, 3), HI)
    page = alice.follow(press(alice, "send", 303, data={"body": HI}, **where))
    assert texts(northside) == []
    assert "This is the whole cost." in page.text
    assert page.text_of("#whole-sum") == "3"
    assert buttons(page) == ["Calculate Cost", "Send"]


def test_send_after_a_change_shows_the_new_cost_and_sends_nothing(
    alice, northside, sender, compose
):
    """Without script the button still says Send while the text changed under it."""
    where = compose(make_recipients(northside, 3), HI)
    press(alice, "cost", 303, data={"body": HI}, **where)
    page = alice.follow(press(alice, "send", 303, data={"body": "a" * 161}, **where))
    assert texts(northside) == []
    assert "Something changed since the cost was shown." in page.text
    assert page.text_of("#whole-sum") == "6"


def test_from_the_list_to_queued_without_script(alice, northside, sender, compose):
    """S-1, R-8: select, write, verify, send; 3 texts of 1 credit."""
    where = compose(make_recipients(northside, 3))
    page = alice.get("messaging.compose", **where)
    form = {"nonce": page.field("nonce"), "body": HI, "name": "Saturday"}
    page = alice.follow(press(alice, "send", 303, data=form, **where))
    reply = press(alice, "send", 303, data=form, **where)
    page = alice.follow(reply)
    assert page.text_of("h1") == "Saturday"
    assert [t.state for t in texts(northside)] == [State.QUEUED] * 3
    assert {t.body for t in texts(northside)} == {
        f"Hi P{n}, open house on Saturday at 2." for n in range(3)
    }
    assert billing.balance(northside.id).reserved == 3
    assert billing.balance(northside.id).available == 497
    alice.get("messaging.compose", 404, **where)  # the draft has become the campaign


def test_the_second_of_two_clicks_finds_the_first_send(alice, northside, sender, compose):
    where = compose(make_recipients(northside, 2))
    nonce = alice.get("messaging.compose", **where).field("nonce")
    form = {"nonce": nonce, "body": HI}
    press(alice, "cost", 303, data=form, **where)
    first = press(alice, "send", 303, data=form, **where)
    second = press(alice, "send", 303, data=form, **where)
    assert first.location == second.location
    assert len(texts(northside)) == 2


@contextmanager
def once_kept(app, act):
    """Do something right after a request has kept a draft, as another request would."""
    kept, done = [], []

    def note(session, _flush):
        kept.extend(row for row in session.dirty if isinstance(row, TextDraft))

    def apart():
        with app.app_context():
            act()

    def go(_session):
        if kept and not done:
            done.append(True)
            contextvars.Context().run(apart)

    event.listen(Session, "after_flush", note)
    event.listen(Session, "after_commit", go)
    try:
        yield
    finally:
        event.remove(Session, "after_flush", note)
        event.remove(Session, "after_commit", go)
    assert done


def test_a_text_sent_while_the_second_click_is_under_way_is_found(
    app, alice, northside, sender, compose
):
    where = compose(make_recipients(northside, 2))
    nonce = alice.get("messaging.compose", **where).field("nonce")
    form = {"nonce": nonce, "body": HI}
    press(alice, "cost", 303, data=form, **where)
    first = []
    with once_kept(app, lambda: first.append(press(alice, "send", 303, data=form, **where))):
        second = press(alice, "send", 303, data=form, **where)
    assert first[0].location == second.location
    assert len(texts(northside)) == 2


@pytest.mark.parametrize("do", ["cost", "save"])
def test_whatever_is_pressed_after_the_send_ends_on_the_campaign(
    alice, northside, sender, compose, do
):
    where = compose(make_recipients(northside, 2))
    form = {"nonce": alice.get("messaging.compose", **where).field("nonce"), "body": HI}
    press(alice, "cost", 303, data=form, **where)
    first = press(alice, "send", 303, data=form, **where)
    late = press(alice, do, 303, data=form, **where)
    assert late.location == first.location
    assert "This text was sent already." in alice.follow(late).text


def test_a_draft_thrown_away_under_the_click_is_gone(app, alice, northside, sender, compose):
    where = compose(make_recipients(northside, 2))
    form = {"nonce": alice.get("messaging.compose", **where).field("nonce"), "body": HI}
    press(alice, "cost", 303, data=form, **where)
    with once_kept(app, lambda: alice.post("messaging.discard", 303, **where)):
        press(alice, "send", 404, data=form, **where)
    assert texts(northside) == []


def test_a_strangers_nonce_finds_nothing(alice, bob, northside, sender, compose):
    where = compose(make_recipients(northside, 2))
    form = {"nonce": alice.get("messaging.compose", **where).field("nonce"), "body": HI}
    press(alice, "cost", 303, data=form, **where)
    press(alice, "send", 303, data=form, **where)
    press(bob, "send", 404, data=form, **where)


def test_one_text_leads_to_its_conversation(alice, northside, sender, compose):
    where = compose([make_recipient(northside)])
    press(alice, "cost", 303, data={"body": "Hi"}, **where)
    reply = press(alice, "send", 303, data={"body": "Hi"}, **where)
    assert alice.follow(reply).status == 200
    assert "/conversations/" in reply.location or "/campaigns/" not in reply.location


def test_a_purchase_that_is_short_says_by_how_much_and_where_to_buy(
    alice, northside, sender, compose
):
    """PROMISES 3.2: everything or nothing, with the exact shortfall: 4 x 126 = 504, 500 are there."""
    body = "a" * 160 * 50
    where = compose(make_recipients(northside, 11), body)  # 50 credits each: 550
    page = alice.follow(press(alice, "cost", 303, data={"body": body}, **where))
    assert page.text_of("#refused") == "50 credits short"
    assert page.page.select_one("#actions [aria-disabled]").get_text(strip=True) == "Send"
    reply = press(alice, "send", 409, data={"body": body}, **where)
    assert "This needs 550 credits and 500 credits are left." in reply.text
    assert "50 credits short" in reply.text_of(".notice--bad")
    assert reply.page.select_one(f".notice--bad a[href='/accounts/{northside.id}/marketplace']")
    assert reply.field("body") == body
    assert texts(northside) == []


def test_a_refused_send_says_why_once_on_the_whole_page(alice, northside, sender, compose):
    """Without script: the sentence stands above the text, and nothing but sentences is shown."""
    body = "a" * 160 * 50
    where = compose(make_recipients(northside, 11), body)
    press(alice, "cost", 303, data={"body": body}, **where)
    reply = press(alice, "send", 409, data={"body": body}, **where)
    assert "Gate(" not in reply.text
    assert reply.text_of("#flash") == ""
    assert reply.text.count("This needs 550 credits and 500 credits are left.") == 1
    assert reply.field("body") == body


# Daily limits -------------------------------------------------------------------------------------------------------


@pytest.fixture
def tight(northside, sender):
    """Three people a day."""
    with unit_of_work():
        return accounts.set_limits(
            northside.id, daily_recipients=3, daily_segments=100, note="test", actor=ALICE_ACTS
        )


def test_a_send_beyond_the_limit_asks_trim_or_spread(alice, northside, tight, compose):
    """RULINGS 16"""
    where = compose(make_recipients(northside, 5), HI)
    page = alice.follow(press(alice, "cost", 303, data={"body": HI}, **where))
    assert "2 people are beyond the day's limits" in page.text
    assert buttons(page) == ["Calculate Cost", "Verify & Send"]  # a choice is still open
    assert "Choose what becomes of 2 people" in page.text_of("#action-sum")
    assert "Press Send" not in page.text_of("#flash")
    assert "3 on Mon 2 Mar, 2 on Tue 3 Mar" in page.text
    reply = press(alice, "send", 422, data={"body": HI}, **where)
    assert "Choose to leave them out" in reply.text_of("#over_limit-error")
    assert texts(northside) == []


@pytest.mark.parametrize(
    ("choice", "fate", "cost"), [("trim", [3, 0, 2], "3"), ("spread", [3, 2, 0], "5")]
)
def test_trim_leaves_out_and_spread_sets_days(alice, northside, tight, compose, choice, fate, cost):
    where = compose(make_recipients(northside, 5), HI)
    data = {"body": HI, "over_limit": choice}
    page = alice.follow(press(alice, "cost", 303, data=data, **where))
    assert fates(page) == fate
    assert page.text_of("#whole-sum") == cost
    assert buttons(page) == ["Calculate Cost", "Send"]
    press(alice, "send", 303, data=data, **where)
    states = [t.state for t in texts(northside)]
    rest = State.BLOCKED if choice == "trim" else State.HELD
    assert states == [State.QUEUED] * 3 + [rest] * 2
    assert billing.balance(northside.id).reserved == int(cost)


# Scheduling ---------------------------------------------------------------------------------------------------------


def test_a_text_can_be_scheduled_in_the_accounts_zone(alice, northside, sender, compose):
    """S-8: noon on 2 March in Chicago is now; 9:30 next day there is 15:30 UTC."""
    where = compose(make_recipients(northside, 2), HI)
    data = {"body": HI, "when": "later", "send_date": "2026-03-03", "send_time": "09:30"}
    page = alice.follow(press(alice, "cost", 303, data=data, **where))
    assert "Go then" in page.text
    reply = press(alice, "send", 303, data=data, **where)
    assert "Scheduled" in alice.follow(reply).text
    assert {t.not_before.isoformat() for t in texts(northside)} == {"2026-03-03T15:30:00+00:00"}


@pytest.mark.parametrize(
    ("day", "at", "field", "says"),
    [
        ("2026-03-02", "11:59", "send_time", "has passed"),
        ("2020-01-01", "09:00", "send_time", "has passed"),
        ("2026-03-08", "02:30", "send_time", "no such time"),  # the clocks go forward
        ("", "09:00", "send_date", "Choose the day"),
        ("2026-13-01", "09:00", "send_date", "Choose the day"),
        ("2026-03-03", "", "send_time", "Choose the time"),
        ("2026-03-03", "25:00", "send_time", "Choose the time"),
        ("2029-03-03", "09:00", "send_date", "within the next year"),
    ],
)
def test_a_time_that_cannot_be_is_refused_beside_its_field(
    alice, northside, sender, compose, day, at, field, says
):
    where = compose(make_recipients(northside, 2), HI)
    data = {"body": HI, "when": "later", "send_date": day, "send_time": at}
    reply = press(alice, "cost", 422, data=data, **where)
    assert says in reply.text_of(f"#{field}-error")
    assert reply.field("send_date") == day
    assert reply.field("send_time") == at


def test_a_time_that_passes_while_one_thinks_is_refused_at_send(
    alice, northside, sender, compose, clock
):
    where = compose(make_recipients(northside, 2), HI)
    data = {"body": HI, "when": "later", "send_date": "2026-03-02", "send_time": "12:10"}
    press(alice, "cost", 303, data=data, **where)
    clock.travel(by=timedelta(minutes=15))
    reply = press(alice, "send", 422, data=data, **where)
    assert "has passed" in reply.text_of("#send_time-error")


# Agent-stated consent -----------------------------------------------------------------------------------------------


def test_one_person_without_a_record_is_asked_about_and_recorded_in_one_click(
    alice, northside, sender, compose
):
    """C-8"""
    una = make_recipient(northside, first_name="Una", method=None)
    where = compose([una], "Hi Una, the papers are ready.")
    reply = alice.get("messaging.compose", **where)
    assert reply.text_of("#ask-consent h2") == "How did Una Diaz agree?"
    data = {"body": "Hi Una, the papers are here.", "how": "x"}
    reply = alice.post("messaging.state_consent", 422, data=data, **where)
    assert "in a few words" in reply.text_of("#how-error")
    assert reply.field("body") == "Hi Una, the papers are here."
    data |= {"how": "Told me at the open house", "agreed_on": "2026-02-28"}
    page = alice.follow(alice.post("messaging.state_consent", 303, data=data, **where))
    assert "Recorded as agent-stated" in page.text
    assert not page.page.select("#ask-consent")
    assert fates(page) == [1, 0, 0]
    assert page.field("body") == "Hi Una, the papers are here."
    [record] = consent.records(northside.tenant, una.number.e164)
    assert record.method is Method.AGENT_STATED
    assert record.method_details == "Told me at the open house"
    assert record.given_at.isoformat() == "2026-02-28T18:00:00+00:00"


@pytest.mark.parametrize("day", ["2026-03-03", "yesterday", "0001-01-01"])
def test_a_day_of_agreement_that_cannot_be(alice, northside, sender, compose, day):
    where = compose([make_recipient(northside, method=None)], "Hi")
    data = {"body": "Hi", "how": "Told me by phone", "agreed_on": day}
    reply = alice.post("messaging.state_consent", 422, data=data, **where)
    assert reply.text_of("#agreed_on-error")


def test_many_people_are_not_asked_about(alice, northside, sender, compose):
    people = [make_recipient(northside, method=None) for _ in range(2)]
    where = compose(people, "Hi")
    assert not alice.get("messaging.compose", **where).page.select("#ask-consent")
    data = {"how": "They all said yes"}
    alice.post("messaging.state_consent", 400, data=data, **where)


def test_somebody_who_opted_out_is_not_asked_about(alice, northside, sender, compose):
    una = make_recipient(northside)
    stop(northside, una)
    where = compose([una], "Hi")
    assert not alice.get("messaging.compose", **where).page.select("#ask-consent")
