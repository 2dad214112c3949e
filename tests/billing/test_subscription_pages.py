"""Pages of a running subscription: change, cancel, keep (B-5 to B-7, B-13)."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.models import Invoice
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from tests.factories.billing import make_plan, make_subscription
from workers import sweeps


@pytest.fixture
def agent_plan(northside):
    plan = make_plan("Agent", 500, 1_600)
    make_subscription(northside, plan)
    return plan


@pytest.fixture
def plus(agent_plan):
    return make_plan("Agent plus", 1_000, 2_900)


def click(reply):
    """Return what the confirm page's form sends."""
    return {name: reply.field(name) for name in ("request_key", "shown_cents", "shown_terms")}


def test_an_upgrade_shows_its_sum_and_then_does_exactly_that(alice, northside, plus):
    """B-5, B-13: on 2 March, 30 of 31 days are left."""
    where = {"account_id": northside.id, "plan_id": plus.id}
    shop = alice.get("billing.marketplace", account_id=northside.id)
    [way] = shop.page.select(".plan .btn")
    assert way["href"] == alice.url("billing.confirm_change", **where)
    shown = alice.get("billing.confirm_change", **where)
    for figure in ("$12.58", "30 of 31", "+500", "1,000", "$29.00"):
        assert figure in shown.text
    done = alice.post("billing.change", status=303, data=click(shown), **where)
    assert "The plan is Agent plus now. 500 credits were added." in alice.follow(done).text
    assert queries.balance(northside.id).available == 1_000
    assert queries.subscription(northside.id).plan.name == "Agent plus"


def test_a_second_click_finds_the_plan_changed(alice, northside, plus):
    """I9."""
    where = {"account_id": northside.id, "plan_id": plus.id}
    form = click(alice.get("billing.confirm_change", **where))
    for _ in range(2):
        alice.post("billing.change", status=303, data=form, **where)
    assert len(queries.invoices(northside.tenant)) == 2


def test_a_downgrade_says_what_it_takes(alice, northside, agent_plan):
    """B-6."""
    where = {"account_id": northside.id, "plan_id": make_plan("Starter", 250, 900).id}
    shown = alice.get("billing.confirm_change", **where)
    assert "−250" in shown.text
    assert "Nothing is paid back" in shown.text
    done = alice.post("billing.change", status=303, data=click(shown), **where)
    assert "250 credits were taken off." in alice.follow(done).text


@pytest.mark.parametrize(
    ("cents", "said"), [("many", "Check the sum below"), ("1", "The price changed")]
)
def test_a_form_that_says_something_else_changes_nothing(alice, northside, plus, cents, said):
    where = {"account_id": northside.id, "plan_id": plus.id}
    data = {"request_key": uuid4().hex, "shown_cents": cents, "shown_terms": "t"}
    reply = alice.post("billing.change", status=422, data=data, **where)
    assert said in reply.text
    assert queries.subscription(northside.id).plan.name == "Agent"


def test_what_a_downgrade_was_shown_to_take_is_the_most_it_takes(alice, northside, plus):
    """B-13, I6: somebody bought a larger plan meanwhile, and both changes cost nothing today."""
    where = {"account_id": northside.id, "plan_id": make_plan("Starter", 250, 900).id}
    form = click(alice.get("billing.confirm_change", **where))
    with unit_of_work():
        billing.change_plan(northside, plus.id, actor=SYSTEM, request_key=uuid4().hex)
    asked_again = alice.post("billing.change", status=422, data=form, **where)
    assert "The price changed" in asked_again.text
    assert "−750" in asked_again.text
    assert queries.balance(northside.id).available == 1_000


def test_a_key_that_stands_for_something_else_is_refused(alice, northside, agent_plan, plus, clock):
    """I9: neither one of another form nor one of a renewal to come, whose invoice it would take."""
    where = {"account_id": northside.id, "plan_id": plus.id}
    form = click(alice.get("billing.confirm_change", **where))
    used = db.session.scalar(select(Invoice.request_key))
    assert (
        "already used"
        in alice.post(
            "billing.change", status=409, data={**form, "request_key": used}, **where
        ).text
    )
    forged = f"renewal:{queries.subscription(northside.id).id}:2026-04"
    alice.post("billing.change", status=422, data={**form, "request_key": forged}, **where)
    assert queries.subscription(northside.id).plan.name == "Agent"
    clock.travel(to=datetime(2026, 4, 1, 5, 0, tzinfo=UTC))
    sweeps.settle_credits()
    assert queries.balance(northside.id).available == 1_000


def test_plans_with_the_longest_names_can_be_changed(northside):
    """B-5: their two names are the words of one line of the statement."""
    make_subscription(northside, make_plan("A" * 60, 100, 900))
    larger = make_plan("B" * 60, 200, 900)
    with unit_of_work():
        billing.change_plan(northside, larger.id, actor=SYSTEM, request_key=uuid4().hex)
    assert queries.statement(northside.tenant).lines[0].detail.startswith("A" * 60 + " to B")


def test_canceling_asks_for_a_tick_and_can_be_taken_back(alice, northside, agent_plan, plus):
    """B-7: with the warning that the number can be taken along first."""
    where = {"account_id": northside.id}
    shown = alice.get("billing.confirm_cancel", **where)
    assert "Take your number with you first." in shown.text
    refused = alice.post("billing.cancel", status=422, **where)
    assert "Tick the box" in refused.text_of(".field__error")
    apps = alice.follow(alice.post("billing.cancel", status=303, data={"is_sure": "y"}, **where))
    assert "The subscription ends on the 1st." in apps.text
    shop = alice.get("billing.marketplace", **where)
    assert "is canceled" in shop.text
    assert shop.page.select(".plan .btn") == []
    for endpoint in ("billing.confirm_cancel", "billing.confirm_change"):
        plan = {"plan_id": plus.id} if "change" in endpoint else {}
        assert alice.get(endpoint, status=303, **where, **plan)
    kept = alice.post("billing.keep", status=303, **where)
    assert "The subscription to Agent goes on." in alice.follow(kept).text


def test_without_a_subscription_the_way_to_one_is_named(alice, northside):
    where = {"account_id": northside.id}
    replies = [
        alice.get("billing.confirm_cancel", status=409, **where),
        alice.post("billing.cancel", status=409, data={"is_sure": "y"}, **where),
        alice.post("billing.keep", status=409, **where),
    ]
    assert all("You need an active subscription." in reply.text for reply in replies)


def test_the_owner_of_an_account_may_and_a_reader_sees_no_button(bob, vera, northside, bobs):
    make_subscription(northside)
    make_subscription(bobs)
    assert "Cancel subscription" in bob.get("billing.connected_apps", account_id=bobs.id).text
    seen = vera.get("billing.connected_apps", account_id=northside.id).text
    assert "Cancel subscription" not in seen
    db.session.commit()
