"""Money by card where several hear of it in the same moment: threads of their own (I10, B-12)."""

import json
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import func, select

from portal.billing import queries
from portal.billing.models import CreditEntry, Payment
from portal.billing.service import paying
from portal.billing.values import EntryKind, PaymentState
from portal.core.db import db, unit_of_work
from tests.billing.shop import open_shop
from tests.factories.billing import make_plan
from tests.meanwhile import all_at_once
from workers import billing as jobs
from workers import sweeps


@pytest.fixture
def shop(app, tmp_path):
    with open_shop(app, tmp_path / "stripe") as opened:
        yield opened


@pytest.fixture
def plan(app):
    return make_plan(credits_per_month=500, price_cents=1_600)


def came(account):
    """Return how often credits came, how many invoices there are, and whether the books hold."""
    db.session.commit()
    grants = (CreditEntry.account_id == account.id, CreditEntry.kind == EntryKind.GRANT)
    times = db.session.scalar(select(func.count()).select_from(CreditEntry).where(*grants))
    return times, len(queries.invoices(account.tenant)), queries.check_books(account.id)


def test_two_webhooks_the_person_and_the_sweep_at_once_are_one_purchase(app, shop, northside, plan):
    payment_id = shop.begin(northside, plan)
    shop.do(payment_id)
    events = [json.loads(event["body"]) for event in shop.events()]
    with unit_of_work():
        assert [paying.keep_event(event) for event in events] == [True, True]
    all_at_once(
        app,
        *(partial(jobs.apply_payment_event, event["id"]) for event in events),
        partial(paying.look, payment_id),
        partial(jobs.settle_payment, str(payment_id)),
    )
    assert came(northside) == (1, 1, [])
    assert shop.taken(northside) == [(1_548, 0)]


def test_two_windows_paid_at_once_are_one_plan_and_one_sum_back(app, shop, northside, plan):
    other = make_plan("Other", 900, 2_500)
    paid = [shop.begin(northside, each, key=str(each.id)) for each in (plan, other)]
    for payment_id in paid:
        shop.do(payment_id)
    all_at_once(app, *(partial(jobs.settle_payment, str(payment_id)) for payment_id in paid))
    db.session.commit()
    states = [db.session.get(Payment, payment_id).state for payment_id in paid]
    assert sorted(states) == [PaymentState.PAID, PaymentState.RETURNED]
    assert came(northside) == (1, 1, [])


def test_a_renewal_in_three_workers_at_once_is_charged_once(app, shop, northside, plan, clock):
    shop.buy(northside, plan)
    clock.travel(to=datetime(2026, 4, 1, 5, 0, tzinfo=UTC))
    all_at_once(app, sweeps.settle_credits, sweeps.settle_credits)
    db.session.commit()
    waits = select(Payment.id).where(Payment.state == PaymentState.WAITING)
    payment_id = db.session.scalars(waits).one()
    all_at_once(app, *[partial(jobs.settle_payment, str(payment_id))] * 3)
    assert came(northside) == (2, 2, [])
    assert shop.taken(northside) == [(1_548, 0), (1_600, 0)]
