"""A provider that refuses: what may have been done there is not forgotten for it (B-12, I10)."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.billing import queries
from portal.billing.models import Payment, PaymentEvent
from portal.billing.service import paying
from portal.billing.values import PaymentState
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.gateways.payments import PaymentsRefused, PaymentsUnclear
from tests.billing.shop import KEY, open_shop
from tests.factories.billing import make_plan
from workers import billing as jobs
from workers import sweeps

CHICAGO = ZoneInfo("America/Chicago")
APRIL = datetime(2026, 4, 1, 0, 1, tzinfo=CHICAGO).astimezone(UTC)


@pytest.fixture
def shop(app, tmp_path):
    with open_shop(app, tmp_path / "stripe") as opened:
        yield opened


@pytest.fixture
def renewal(shop, northside, clock):
    """April of Northside, which has a good card, is due."""
    shop.buy(northside, make_plan())
    clock.travel(to=APRIL)
    sweeps.settle_credits()
    [payment_id] = queries.payments_due(utcnow())
    return payment_id


def payment(payment_id):
    db.session.rollback()
    return db.session.get(Payment, payment_id, populate_existing=True)


def left(account):
    db.session.rollback()
    return queries.balance(account.id).available


def use_key(shop, key):
    shop.gateway._headers["Authorization"] = f"Bearer {key}"


def settle(payment_id):
    db.session.rollback()
    jobs.settle_payment(str(payment_id))


def unheard(shop, payment_id, monkeypatch, *, is_made):
    """Charge the card without hearing the answer."""
    real = type(shop.gateway).charge

    def lost(self, *args, **kwargs):
        if is_made:
            real(self, *args, **kwargs)
        raise PaymentsUnclear("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(type(shop.gateway), "charge", lost)
        settle(payment_id)


def test_a_try_nobody_heard_of_outlives_a_refused_look(
    shop, northside, renewal, clock, monkeypatch
):
    """The key was turned off meanwhile: later the same try is found, and the card charged once."""
    unheard(shop, renewal, monkeypatch, is_made=True)
    use_key(shop, "sk_test_wrong")
    clock.travel(by=timedelta(minutes=2))
    settle(renewal)
    kept = payment(renewal)
    assert (kept.asked_at is not None, kept.attempt, kept.declines) == (True, 1, 0)
    clock.travel(by=timedelta(minutes=30))
    assert queries.payments_due(utcnow()) == []  # an hour between two refusals
    use_key(shop, KEY)
    clock.travel(by=timedelta(hours=1))
    settle(renewal)
    assert payment(renewal).state is PaymentState.PAID
    assert (left(northside), shop.taken(northside)) == (1_000, [(1_548, 0), (1_600, 0)])


def test_a_try_that_was_not_made_is_free_again_once_the_provider_says_no(
    shop, northside, renewal, clock, monkeypatch
):
    """Looked for and not there, then refused: the next try is a new one, and a page may be opened."""
    unheard(shop, renewal, monkeypatch, is_made=False)
    clock.travel(by=timedelta(minutes=2))

    def refused(self, *args, **kwargs):
        raise PaymentsRefused("400 payment_method_detached")

    with monkeypatch.context() as patched:
        patched.setattr(type(shop.gateway), "charge", refused)
        settle(renewal)
    assert payment(renewal).asked_at is None
    paying.send_to_checkout(northside, renewal, "http://localhost/back")


def test_after_a_cancellation_a_refused_look_is_repeated(
    shop, northside, renewal, clock, monkeypatch
):
    """Money may have come for a month nobody wants any more: it has to go back."""
    unheard(shop, renewal, monkeypatch, is_made=True)
    with unit_of_work():
        row = db.session.get(Payment, renewal, populate_existing=True)
        row.retry_at = None
    use_key(shop, "sk_test_wrong")
    clock.travel(by=timedelta(minutes=2))
    settle(renewal)
    assert payment(renewal).asked_at is not None
    use_key(shop, KEY)
    clock.travel(by=timedelta(hours=2))
    settle(renewal)
    assert payment(renewal).state is PaymentState.PAID


def test_news_that_could_not_be_read_is_read_later(shop, northside, clock):
    """I10: a refused question leaves the webhook waiting; one about nothing of ours is done."""
    payment_id = shop.begin(northside, make_plan())
    shop.do(payment_id)
    [event, *_] = [one for one in shop.events() if "checkout" in one["body"]]
    use_key(shop, "sk_test_wrong")
    shop.bring(event)
    assert (left(northside), queries.events_waiting(utcnow())) == (
        0,
        [json.loads(event["body"])["id"]],
    )
    use_key(shop, KEY)
    clock.travel(by=timedelta(seconds=20))
    jobs.apply_payment_event(json.loads(event["body"])["id"])
    assert (left(northside), queries.events_waiting(utcnow())) == (500, [])
    with unit_of_work():
        db.session.add(
            PaymentEvent(
                id="evt_of_another", kind="payment_intent.succeeded", object_id="pi_of_another"
            )
        )
    jobs.apply_payment_event("evt_of_another")
    assert queries.events_waiting(utcnow()) == []
