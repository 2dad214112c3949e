"""Closing an account for good: what is lost is shown, its name is typed, and it is told (SPEC 1, B-7)."""

import json
from datetime import timedelta

import pytest

from portal.billing import queries as billing
from portal.billing import service as plans
from portal.core import audit
from portal.core.access import Role
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.messaging import queries
from portal.messaging.values import CampaignState, State
from portal.notifications import queries as notices
from portal.numbers.models import SenderNumber
from portal.people import service as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as texting_accounts
from portal.texting_accounts.values import AccountState
from tests import cast
from tests.factories.billing import make_payment
from tests.factories.messaging import (
    make_campaign,
    make_ready,
    make_recipients,
    only_text,
    texts,
)
from tests.factories.optin import make_published
from tests.factories.people import person
from workers import sweeps


@pytest.fixture
def where(northside):
    return {"account_id": northside.id}


def form(name="Northside", reason="The team was dissolved."):
    return {"typed": name, "reason": reason}


def state(account):
    db.session.rollback()
    return accounts.account(account.id).state


def test_the_page_says_what_is_lost_before_anything_is(alice, northside, where):
    """500 credits came; a text of one credit waits."""
    make_ready(northside)
    make_campaign(northside, make_recipients(northside, 2))
    shown = alice.get("messaging.confirm_closing", **where)
    lost = shown.text_of("#lost")
    assert "2 texts: canceled at once, 2 credits come back" in lost
    assert "500 left with those that come back, they lapse" in lost
    [ends, *_] = shown.page.select("#lost time")
    assert ends["datetime"].startswith("2026-04-01")
    assert "nothing is paid back for this month" in lost
    assert (
        "Goes back to the carrier" in lost and "1 invoice, $15.48 in all: still to be paid" in lost
    )
    assert "Take your number with you first." in shown.text
    assert state(northside) is AccountState.ACTIVE


def test_closing_cancels_what_waits_and_lets_the_rest_end_on_the_1st(
    alice, northside, where, clock, browser
):
    make_ready(northside)
    make_campaign(northside, make_recipients(northside, 2))
    done = alice.post("messaging.close_account", 303, data=form(" northside "), **where)
    told = alice.follow(done)
    assert "Northside is closed. 2 texts canceled." in told.text
    assert "Reason: The team was dissolved." in told.text_of("#sending-state")
    assert told.page.select("#close-account") == []
    assert {text.state for text in texts(northside)} == {State.CANCELED}
    assert queries.campaigns(northside.tenant).rows[0].state is CampaignState.CANCELED
    db.session.rollback()
    assert billing.balance(northside.id).reserved == 0
    assert billing.has_active_subscription(northside.id)
    clock.travel(to=billing.subscription(northside.id).next_charge_at)
    sweeps.settle_credits()
    db.session.rollback()
    assert billing.subscription(northside.id) is None
    assert billing.balance(northside.id).available == 0
    assert billing.check_books(northside.id) == []


def test_a_second_click_changes_nothing_more(alice, northside, where):
    """I9."""
    make_ready(northside)
    for _ in range(2):
        alice.post("messaging.close_account", 303, data=form(), **where)
    closings = [
        entry
        for entry in audit.entries(northside.organization_id)
        if entry.event == "accounts:account:close"
    ]
    assert len(closings) == 1
    assert json.loads(closings[0].payload)["reason"] == "The team was dissolved."
    assert alice.get("messaging.confirm_closing", 303, **where).location.endswith("/settings")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (form("Southside"), "Type Northside, the name of the account you close."),
        (form(""), "Type the name of the account you close."),
        (form(reason=" "), "Write why the account is closed"),
        (form(reason="x" * 501), "Use at most 500 characters."),
        ({}, "Type the name"),
    ],
    ids=["another name", "no name", "no reason", "long reason", "nothing"],
)
def test_what_is_not_typed_right_closes_nothing(alice, northside, where, data, said):
    reply = alice.post("messaging.close_account", 422, data=data, **where)
    assert said in " ".join(reply.texts_of(".field__error"))
    if data.get("reason", "").strip():
        assert reply.field("reason").strip() == data["reason"]
    assert state(northside) is AccountState.ACTIVE


def test_leads_and_officers_close_an_account_and_nobody_else(
    alice, vera, bob, pat, mallory, northside, bobs, where
):
    """SPEC 1: also not an agent who owns it, who can cancel its subscription."""
    for reader, status in ((bob, 403), (pat, 404), (mallory, 404)):
        reader.get("messaging.confirm_closing", status, **where)
        reader.post("messaging.close_account", status, data=form(), **where)
    bob.get("messaging.confirm_closing", 403, account_id=bobs.id)
    assert bob.get("texting_accounts.settings", **where).page.select("#close-account") == []
    for closer in (alice, vera):
        settings = closer.get("texting_accounts.settings", **where)
        [way] = settings.page.select("#close-account a")
        assert way["href"] == closer.url("messaging.confirm_closing", **where)
    vera.post("messaging.close_account", 303, data=form(), **where)
    assert state(northside) is AccountState.CLOSED


def test_its_people_are_told_who_closed_it_and_why(vera, northside, where):
    """M-1: once, and not who did it."""
    vera.post("messaging.close_account", 303, data=form(), **where)
    [told] = notices.latest(cast.ALICE)
    assert told.title == "Northside was closed"
    assert told.text.startswith("Vera Okafor closed it: The team was dissolved.")


def test_an_account_without_plan_or_texts_says_so(alice, bobs):
    shown = alice.get("messaging.confirm_closing", account_id=bobs.id).text_of("#lost")
    for words in ("No text waits", "No credits are left", "There is no subscription"):
        assert words in shown


def test_what_else_hangs_on_it_is_named(alice, northside, where, clock):
    """A canceled plan, a number that cools off, a month that waits for its card, open forms."""
    make_ready(northside)
    make_published(northside)
    make_payment(northside)
    with unit_of_work():
        plans.cancel(northside, actor=SYSTEM)
        number = db.session.query(SenderNumber).filter_by(account_id=northside.id).one()
        number.release_at, number.release_asked_by = utcnow() + timedelta(days=3), "Alice Moreno"
    lost = alice.get("messaging.confirm_closing", **where).text_of("#lost")
    assert "the card is not charged any more" in lost
    assert "as was asked for" in lost
    assert "1 form published: people can sign up until you unpublish what is open" in lost


def test_right_after_midnight_it_shows_what_the_1st_has_brought(northside, where, clock, browser):
    """B-13: April's credits lapse on 1 May."""
    make_ready(northside)
    clock.travel(to=billing.subscription(northside.id).next_charge_at + timedelta(seconds=20))
    shown = browser(cast.ALICE).get("messaging.confirm_closing", **where)
    assert "1,000 left, they lapse" in shown.text_of("#lost")
    [ends, *_] = shown.page.select("#lost time")
    assert ends["datetime"].startswith("2026-05-01")


def test_a_suspended_account_is_closed_too(alice, northside, where):
    with unit_of_work():
        texting_accounts.suspend(northside.id, "The carrier has suspended it.", SYSTEM)
    alice.post("messaging.close_account", 303, data=form(), **where)
    assert state(northside) is AccountState.CLOSED


def test_a_lead_of_another_team_does_not_reach_it(northside, where, browser):
    with unit_of_work():
        team = people.create_team(cast.JUNIPER, "Southside", actor=SYSTEM)
    other = person("Zoe Quist", organization_id=cast.JUNIPER, role=Role.TEAM_LEAD, team_id=team.id)
    browser(other.id).get("messaging.confirm_closing", 404, **where)


def test_what_is_leaving_at_that_moment_is_not_called_back(alice, northside, where):
    make_ready(northside)
    make_campaign(northside, make_recipients(northside, 1))
    text = only_text(northside)
    with unit_of_work():
        row = db.session.get(type(text), text.id, populate_existing=True)
        row.state, row.submitted_at = State.SUBMITTING, utcnow()
    alice.post("messaging.close_account", 303, data=form(), **where)
    assert only_text(northside).state is State.SUBMITTING
