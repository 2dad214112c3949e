"""The administrator's catalogue: prices from a day on, who is on a plan, who changed it (B-1)."""

from datetime import UTC, datetime

import pytest

from portal.billing import queries
from portal.billing import service as billing
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from tests import cast
from tests.factories.billing import make_plan, make_subscription


@pytest.fixture
def plan(app):
    return make_plan("Agent", 500, 1_600)


def terms(**changes):
    return {
        "name": "Agent", "credits_per_month": "500", "price_cents": "16", "is_offered": "y",
        "next_price_cents": "", "next_price_on": "", **changes,
    }  # fmt: skip


def save(pat, plan, status=303, **changes):
    return pat.post("billing.save_plan", status=status, plan_id=plan.id, data=terms(**changes))


def price(plan):
    db.session.commit()
    return queries.plan(plan.id).price_cents


def test_a_price_changes_from_its_day_on_and_not_before(browser, pat, northside, plan, clock):
    save(pat, plan, next_price_cents="19.50", next_price_on="2026-04-01")
    shop = browser(cast.ALICE).get("billing.marketplace", account_id=northside.id)
    assert "$19.50 for who buys from 1 Apr 2026 on" in shop.text
    clock.travel(to=datetime(2026, 4, 1, 4, 59, tzinfo=UTC))  # 31 March in Chicago
    assert price(plan) == 1_600
    clock.travel(to=datetime(2026, 4, 1, 5, 0, tzinfo=UTC))
    assert price(plan) == 1_950
    shown = browser(cast.PAT).get("billing.edit_plan", plan_id=plan.id)
    assert (shown.field("price_cents"), shown.field("next_price_on")) == ("19.50", "")


def test_who_has_subscribed_keeps_the_terms_of_that_day(pat, northside, plan, clock):
    make_subscription(northside, plan)
    save(pat, plan, next_price_cents="30", next_price_on="2026-04-01")
    clock.travel(to=datetime(2026, 5, 1, 12, 0, tzinfo=UTC))
    assert queries.subscription(northside.id).plan.price_cents == 1_600
    assert price(plan) == 3_000


def test_the_owner_moves_to_the_new_terms_of_the_plan(browser, pat, bobs, plan):
    """B-5, B-13: the arithmetic comes first, and once moved there is no way to move again."""
    make_subscription(bobs, plan)
    save(pat, plan, price_cents="20", credits_per_month="600")
    bob, where = browser(cast.BOB), {"account_id": bobs.id, "plan_id": plan.id}
    way = ".plan .btn"
    assert "terms" in bob.get("billing.marketplace", account_id=bobs.id).text_of(way)
    shown = bob.get("billing.confirm_change", **where)
    assert "Change to the new terms of Agent" in shown.text_of("h1")
    assert all(figure in shown.text for figure in ("$16.00", "$20.00", "$3.87", "+100"))
    form = {name: shown.field(name) for name in ("request_key", "shown_cents", "shown_terms")}
    bob.post("billing.change", status=303, data=form, **where)
    running = queries.subscription(bobs.id).plan
    assert (running.credits_per_month, running.price_cents) == (600, 2_000)
    assert not bob.get("billing.marketplace", account_id=bobs.id).page.select(way)
    bob.get("billing.confirm_change", status=303, **where)


def test_a_day_that_is_left_as_it_is_keeps_its_moment(pat, plan):
    """B-1: another administrator's midnight, which is the evening before in Chicago."""
    at = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
    with unit_of_work():
        billing.edit_plan(
            plan.id, name="Agent", credits_per_month=500, price_cents=1_600, is_offered=True,
            next_price_cents=3_000, next_price_at=at, actor=SYSTEM,
        )  # fmt: skip
    day = pat.get("billing.edit_plan", plan_id=plan.id).field("next_price_on")
    save(pat, plan, next_price_cents="31", next_price_on=day)
    db.session.commit()
    assert (day, queries.plan(plan.id).next_price_at) == ("2026-03-31", at)


def test_a_later_price_can_be_taken_back(pat, plan):
    save(pat, plan, next_price_cents="30", next_price_on="2026-04-01")
    shown = pat.get("billing.edit_plan", plan_id=plan.id)
    assert (shown.field("next_price_cents"), shown.field("next_price_on")) == (
        "30.00",
        "2026-04-01",
    )
    save(pat, plan)
    assert queries.plan(plan.id).next_price_at is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"next_price_cents": "30"}, "Choose the day"),
        ({"next_price_on": "2026-04-01"}, "Enter the new price"),
        ({"next_price_cents": "30", "next_price_on": "2026-03-01"}, "Choose a day after today"),
        ({"next_price_cents": "much", "next_price_on": "2026-04-01"}, "Enter an amount"),
    ],
)
def test_a_later_price_needs_its_day(pat, plan, changes, said):
    reply = save(pat, plan, status=422, **changes)
    assert said in " ".join(reply.texts_of(".field__error"))
    assert queries.plan(plan.id).next_price_at is None


def test_says_who_is_on_it_and_on_which_terms(pat, northside, bobs, plan):
    make_subscription(northside, plan)
    save(pat, plan, price_cents="18")
    make_subscription(bobs, plan)
    listed = pat.get("billing.admin_plans").text_of(f"#plan-{plan.id}")
    assert "2 on Agent" in listed
    shown = pat.get("billing.edit_plan", plan_id=plan.id).text_of("#on-it")
    assert "2 accounts" in shown
    assert "Juniper Realty 500 for $16.00 1" in shown
    assert "Juniper Realty 500 for $18.00 1" in shown


def test_says_who_changed_it(pat, plan):
    before = pat.get("billing.edit_plan", plan_id=plan.id).text_of("#changes")
    assert "never changed" in before
    save(pat, plan, price_cents="18", is_offered="")
    after = pat.get("billing.edit_plan", plan_id=plan.id).text_of("#changes")
    assert "Pat Lindqvist" in after
    assert "Changed: Agent, 500 for $18.00" in after
