"""Money by card: never credits without a payment, never a payment without credits (B-12, I6, I10)."""

import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.errors import (
    BeingCharged,
    PaymentClosed,
    ProviderAway,
    RenewalUnpaid,
    RequestReused,
)
from portal.billing.models import CreditEntry, Payment, PaymentEvent, PaymentRefund
from portal.billing.service import cards, money, paying
from portal.billing.values import EntryKind, InvoiceState, PaymentState, SubscriptionState
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, snapshot, unit_of_work
from portal.doctor import queries as doctor
from portal.doctor.values import Scope
from portal.notifications import queries as notices
from tests import cast
from tests.billing.shop import KEY, OLD_SECRET, Killed, open_shop
from tests.factories.billing import make_plan
from workers import billing as jobs
from workers import sweeps

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture
def shop(app, tmp_path):
    with open_shop(app, tmp_path / "stripe") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _books_are_right(app, northside):
    """The doctor finds nothing after any test of this file (I5, I9, I11)."""
    yield
    db.session.rollback()
    with snapshot():
        assert doctor.examine(Scope(northside.organization_id, northside.id), utcnow()) == []


@pytest.fixture
def agent_plan(app):
    return make_plan(credits_per_month=500, price_cents=1_600)


def local(month, day, hour=12, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=CHICAGO).astimezone(UTC)


def left(account):
    db.session.commit()
    return queries.balance(account.id).available


def state(payment_id):
    db.session.commit()
    return db.session.get(Payment, payment_id, populate_existing=True).state


def grants(account):
    db.session.commit()
    return db.session.scalars(
        select(CreditEntry.credits)
        .where(CreditEntry.account_id == account.id, CreditEntry.kind == EntryKind.GRANT)
        .order_by(CreditEntry.position)
    ).all()


def bills(account):
    db.session.commit()
    return [(i.amount_cents, i.state.value, i.provider) for i in queries.invoices(account.tenant)]


def renew(at, clock):
    """Let the 1st come, and the worker do what it asks for; return the renewals' payments."""
    clock.travel(to=at)
    sweeps.settle_credits()
    return sweep()


def sweep():
    db.session.commit()
    due = queries.payments_due(utcnow())
    for payment_id in due:
        jobs.settle_payment(str(payment_id))
    return due


class TestBuying:
    def test_grants_once_the_money_is_there_and_not_before(self, shop, northside, agent_plan):
        """B-2 through Stripe: on 2 March, 30 of 31 days are left."""
        payment_id = shop.begin(northside, agent_plan)
        assert (left(northside), bills(northside)) == (0, [])
        paying.look(payment_id)
        assert not queries.has_active_subscription(northside.id)
        shop.do(payment_id)
        paying.look(payment_id)
        assert (left(northside), bills(northside)) == (500, [(1_548, "paid", "stripe")])
        assert shop.taken(northside) == [(1_548, 0)]
        assert queries.has_active_subscription(northside.id)

    def test_webhook_before_redirect(self, shop, northside, agent_plan):
        payment_id = shop.begin(northside, agent_plan)
        shop.do(payment_id)
        shop.bring(*shop.events())
        assert (left(northside), state(payment_id)) == (500, PaymentState.PAID)
        paying.look(payment_id)
        assert grants(northside) == [500]

    def test_redirect_before_webhook(self, shop, northside, agent_plan):
        payment_id = shop.buy(northside, agent_plan)
        assert left(northside) == 500
        shop.bring(*shop.events())
        assert (grants(northside), state(payment_id)) == ([500], PaymentState.PAID)

    def test_webhooks_doubled_and_in_any_order(self, shop, northside, agent_plan):
        """I10: the effect of a set, whatever the order."""
        payment_id = shop.begin(northside, agent_plan)
        shop.do(payment_id)
        events = shop.events()
        assert len(events) == 2
        shop.bring(*events[::-1], *events, events[0])
        assert (grants(northside), len(bills(northside))) == ([500], 1)
        assert len(db.session.scalars(select(PaymentEvent)).all()) == 2

    def test_a_lost_webhook_is_made_good_by_the_sweep(self, shop, northside, agent_plan, clock):
        payment_id = shop.begin(northside, agent_plan)
        shop.do(payment_id)
        clock.travel(by=timedelta(minutes=6))
        assert sweep() == [payment_id]
        assert (left(northside), state(payment_id)) == (500, PaymentState.PAID)

    def test_declined_or_left_buys_nothing_and_lapses(self, shop, northside, agent_plan, clock):
        payment_id = shop.begin(northside, agent_plan)
        assert shop.do(payment_id, "decline") == 402
        assert shop.do(payment_id, "leave") == 303
        paying.look(payment_id)
        assert state(payment_id) is PaymentState.WAITING
        clock.travel(by=timedelta(minutes=40))
        sweep()
        assert (state(payment_id), left(northside)) == (PaymentState.LAPSED, 0)
        with pytest.raises(PaymentClosed):
            paying.send_to_checkout(northside, payment_id, "http://localhost/back")

    def test_one_click_is_one_payment(self, shop, northside, agent_plan):
        first = shop.begin(northside, agent_plan)
        with unit_of_work():
            again = cards.begin_purchase(
                northside, agent_plan.id, actor=SYSTEM, request_key="click", shown_cents=None
            )
        assert again.id == first
        other = make_plan("Other")
        with pytest.raises(RequestReused), unit_of_work():
            cards.begin_purchase(
                northside, other.id, actor=SYSTEM, request_key="click", shown_cents=None
            )

    def test_two_windows_both_paid_give_one_back(self, shop, northside, agent_plan):
        """Never a payment without credits: what can't be had goes back by itself."""
        first, second = (shop.begin(northside, agent_plan, key=uuid4().hex) for _ in range(2))
        for payment_id in (first, second):
            shop.do(payment_id)
            paying.look(payment_id)
        assert (state(first), state(second)) == (PaymentState.PAID, PaymentState.RETURNED)
        jobs.settle_payment(str(second))
        jobs.settle_payment(str(second))
        [refund] = db.session.scalars(select(PaymentRefund))
        assert (refund.amount_cents, refund.done_at is not None) == (1_548, True)
        shop.bring(*shop.events())
        assert db.session.get(Payment, second, populate_existing=True).refunded_cents == 1_548
        assert (grants(northside), len(bills(northside))) == ([500], 1)

    def test_a_plan_edited_meanwhile_is_sold_as_it_was_shown(self, shop, northside, agent_plan):
        """I6: charged is what was shown."""
        payment_id = shop.begin(northside, agent_plan)
        with unit_of_work():
            billing.edit_plan(
                agent_plan.id, name="Dear", credits_per_month=9, price_cents=9_999,
                is_offered=False, actor=SYSTEM,
            )  # fmt: skip
        shop.do(payment_id)
        paying.look(payment_id)
        assert (left(northside), queries.subscription(northside.id).plan.name) == (500, "Agent")

    def test_paid_after_midnight_of_the_1st_is_honoured_and_renewed(
        self, shop, northside, agent_plan, clock
    ):
        """B-2, B-3: bought for the last day as shown; the next charge is the one announced."""
        plan = make_plan("Large", 10_000, 22_500)
        clock.travel(to=local(3, 31, 23, 50))
        payment_id = shop.begin(northside, plan)
        clock.travel(to=local(4, 1, 0, 10))
        shop.do(payment_id)
        paying.look(payment_id)
        assert grants(northside) == [10_000]
        renew(local(4, 1, 0, 11), clock)
        assert grants(northside) == [10_000, 10_000]
        assert shop.taken(northside) == [(726, 0), (22_500, 0)]

    def test_below_the_smallest_charge_saves_a_card_and_starts(
        self, shop, northside, agent_plan, clock
    ):
        """52 cents are charged, 49 are not: the card is kept for the 1st all the same."""
        small = make_plan("Starter", 250, 900)
        clock.travel(to=local(3, 31))
        payment_id = shop.buy(northside, small)
        assert (state(payment_id), left(northside)) == (PaymentState.PAID, 250)
        assert bills(northside) == [(0, "paid", "stripe")]
        renew(local(4, 1, 0, 1), clock)
        assert (left(northside), shop.taken(northside)) == (500, [(900, 0)])


class TestUpgrading:
    def test_on_the_20th_charges_the_difference_and_adds_at_once(
        self, shop, northside, agent_plan, clock
    ):
        """B-5 through Stripe: 500 to 1,000 on the 20th, 12 of 31 days are left."""
        shop.buy(northside, agent_plan)
        plus = make_plan("Agent plus", 1_000, 2_900)
        clock.travel(to=local(3, 20))
        payment_id = shop.begin(northside, plus, key="up", upgrade=True)
        assert left(northside) == 500
        shop.do(payment_id)
        shop.bring(*shop.events())
        assert (left(northside), bills(northside)[0]) == (1_000, (503, "paid", "stripe"))
        renew(local(4, 1, 0, 1), clock)
        assert (left(northside), shop.taken(northside)) == (
            2_000,
            [(1_548, 0), (503, 0), (2_900, 0)],
        )

    def test_to_a_cheaper_plan_costs_nothing_and_asks_nobody(self, shop, northside, agent_plan):
        """B-6: a downgrade is made at once."""
        shop.buy(northside, agent_plan)
        small = make_plan("Starter", 250, 900)
        with unit_of_work():
            assert (
                cards.begin_upgrade(
                    northside, small.id, actor=SYSTEM, request_key="down", shown_cents=0
                )
                is None
            )
            billing.change_plan(northside, small.id, actor=SYSTEM, request_key="down")
        assert left(northside) == 250

    def test_after_the_subscription_changed_gives_the_money_back(
        self, shop, northside, agent_plan, clock
    ):
        shop.buy(northside, agent_plan)
        payment_id = shop.begin(northside, make_plan("Plus", 1_000, 2_900), key="up", upgrade=True)
        with unit_of_work():
            billing.cancel(northside, actor=SYSTEM)
        shop.do(payment_id)
        paying.look(payment_id)
        jobs.settle_payment(str(payment_id))
        assert (state(payment_id), left(northside)) == (PaymentState.RETURNED, 500)
        assert shop.taken(northside)[1] == (1_258, 1_258)


class TestRenewal:
    def test_on_the_1st_charges_the_saved_card_and_then_grants(
        self, shop, northside, agent_plan, clock
    ):
        """B-3 through Stripe: the credits wait for the money, seconds later."""
        shop.buy(northside, agent_plan)
        clock.travel(to=local(4, 1, 0, 0))
        sweeps.settle_credits()
        assert (left(northside), bills(northside)[0]) == (500, (1_600, "open", "stripe"))
        sweep()
        assert (left(northside), bills(northside)[0]) == (1_000, (1_600, "paid", "stripe"))
        assert sweep() == []
        assert queries.subscription(northside.id).next_charge_at == local(5, 1, 0)

    def test_again_and_again_charges_once(self, shop, northside, agent_plan, clock):
        shop.buy(northside, agent_plan)
        [payment_id] = renew(local(4, 1, 0, 1), clock)
        for _ in range(3):
            jobs.settle_payment(str(payment_id))
        shop.bring(*shop.events())
        assert (grants(northside), shop.taken(northside)) == ([500, 500], [(1_548, 0), (1_600, 0)])

    @pytest.mark.parametrize("after", [True, False])
    def test_killed_around_the_charge_charges_once_and_grants(
        self, shop, northside, agent_plan, clock, monkeypatch, after
    ):
        """Killed before or right after the card was charged: the sweep asks under the same key."""
        shop.buy(northside, agent_plan)
        clock.travel(to=local(4, 1, 0, 0))
        sweeps.settle_credits()
        real = type(shop.gateway).charge

        def dies(self, *args, **kwargs):
            if after:
                real(self, *args, **kwargs)
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(type(shop.gateway), "charge", dies)
            [payment_id] = queries.payments_due(utcnow())
            with pytest.raises(Killed):
                paying.settle(payment_id)
        db.session.rollback()
        assert left(northside) == 500
        sweep()
        assert left(northside) == 500  # somebody may still be at it
        with pytest.raises(BeingCharged):
            paying.send_to_checkout(northside, payment_id, "http://localhost/back")
        clock.travel(by=timedelta(days=2))
        sweep()
        assert (left(northside), shop.taken(northside)) == (1_000, [(1_548, 0), (1_600, 0)])

    @pytest.mark.parametrize("at", ["_apply", "_note_refund"])
    def test_killed_between_money_and_commit_grants_on_the_next_look(
        self, shop, northside, agent_plan, monkeypatch, at
    ):
        """The other order: nothing of a transaction stays, so nothing is granted twice."""
        payment_id = shop.begin(northside, agent_plan)
        shop.do(payment_id)
        real = getattr(money, at)

        def dies(*args):
            real(*args)
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(money, at, dies)
            with pytest.raises(Killed):
                paying.look(payment_id)
        db.session.rollback()
        assert (left(northside), state(payment_id)) == (0, PaymentState.WAITING)
        paying.look(payment_id)
        assert (grants(northside), bills(northside)) == ([500], [(1_548, "paid", "stripe")])

    def test_an_answer_lost_on_the_way_is_not_a_second_charge(
        self, shop, northside, agent_plan, clock
    ):
        shop.buy(northside, agent_plan)
        shop.sandbox.turn(rate_stripe_lost=1.0)
        renew(local(4, 1, 0, 1), clock)
        assert left(northside) == 500
        shop.sandbox.turn(rate_stripe_lost=0.0)
        clock.travel(by=timedelta(minutes=2))
        sweep()
        assert (left(northside), shop.taken(northside)) == (1_000, [(1_548, 0), (1_600, 0)])


class TestDunning:
    @pytest.fixture
    def unpaid(self, shop, northside, agent_plan, clock):
        """Northside on 1 April with a card that is declined."""
        shop.buy(northside, agent_plan)
        shop.card(northside, "pm_card_declines_later")
        [payment_id] = renew(local(4, 1, 0, 1), clock)
        shop.events()
        return payment_id

    def test_a_declined_card_brings_no_credits_and_tells_the_lead(self, shop, northside, unpaid):
        """Rolled-over credits go on working meanwhile."""
        assert (left(northside), state(unpaid)) == (500, PaymentState.WAITING)
        assert queries.has_active_subscription(northside.id)
        told = notices.latest(cast.ALICE)
        assert [n.title for n in told] == ["The card for Northside was declined"]
        assert "Your card was declined." in told[0].text
        other = make_plan("Plus", 1_000, 2_900)
        with pytest.raises(RenewalUnpaid), unit_of_work():
            billing.change_plan(northside, other.id, actor=SYSTEM, request_key="x")

    def test_tries_on_days_3_5_and_7_then_ends_on_the_1st(self, shop, northside, unpaid, clock):
        """B-7: the number is released with the subscription; the unpaid month is void."""
        for day, tries in ((4, 2), (6, 3), (8, 4)):
            clock.travel(to=local(4, day, 0, 0))
            assert sweep() == []
            clock.travel(to=local(4, day, 0, 10))
            assert sweep() == [unpaid]
            assert db.session.get(Payment, unpaid, populate_existing=True).declines == tries
        found = queries.subscription(northside.id)
        assert (found.is_canceling, found.is_unpaid) == (True, True)
        with pytest.raises(RenewalUnpaid), unit_of_work():
            billing.withdraw(northside, actor=SYSTEM)
        clock.travel(to=local(4, 30))
        assert sweep() == []
        renew(local(5, 1, 0, 1), clock)
        assert (queries.subscription(northside.id), left(northside)) == (None, 0)
        assert (state(unpaid), bills(northside)[0][1]) == (PaymentState.LAPSED, "void")
        assert len(notices.latest(cast.ALICE)) == 4

    def test_a_new_card_pays_on_the_next_try(self, shop, northside, unpaid, clock):
        shop.card(northside, "pm_card_good")
        clock.travel(to=local(4, 4, 0, 10))
        sweep()
        assert (left(northside), state(unpaid)) == (1_000, PaymentState.PAID)

    def test_paid_by_hand_after_the_last_try_goes_on(self, shop, northside, unpaid, clock):
        for day in (4, 6, 8):
            clock.travel(to=local(4, day, 1, 0))
            sweep()
        paying.send_to_checkout(northside, unpaid, "http://localhost/back")
        shop.do(unpaid)
        shop.bring(*shop.events())
        found = queries.subscription(northside.id)
        assert (found.state, found.is_unpaid) == (SubscriptionState.ACTIVE, False)
        assert (left(northside), bills(northside)[0]) == (1_000, (1_600, "paid", "stripe"))

    def test_an_open_page_is_closed_before_the_card_is_tried_again(
        self, shop, northside, unpaid, clock
    ):
        """Nobody pays twice: the page and the card are never open at once."""
        paying.send_to_checkout(northside, unpaid, "http://localhost/back")
        db.session.commit()
        page = db.session.get(Payment, unpaid).checkout_url
        shop.card(northside, "pm_card_good")
        clock.travel(to=local(4, 4, 0, 10))
        paying.send_to_checkout(northside, unpaid, "http://localhost/back")  # a fresh page that day
        clock.travel(by=timedelta(minutes=6))
        sweep()
        sweep()
        assert state(unpaid) is PaymentState.PAID
        assert page and shop.taken(northside) == [(1_548, 0), (1_600, 0)]

    def test_money_for_a_month_given_up_goes_back(self, shop, northside, unpaid, clock):
        """Paid on a page at the very moment the subscription ended."""
        for day in (4, 6, 8):
            clock.travel(to=local(4, day, 1, 0))
            sweep()
        clock.travel(to=local(4, 30, 23, 50))
        paying.send_to_checkout(northside, unpaid, "http://localhost/back")
        shop.do(unpaid)
        clock.travel(to=local(5, 1, 0, 1))
        sweeps.settle_credits()
        assert state(unpaid) is PaymentState.LAPSED
        shop.bring(*shop.events())
        jobs.settle_payment(str(unpaid))
        assert state(unpaid) is PaymentState.RETURNED
        assert shop.taken(northside)[1] == (1_600, 1_600)
        assert left(northside) == 0

    def test_without_a_saved_card_asks_for_one(self, app, tmp_path, northside, agent_plan, clock):
        """Who bought by invoice before cards were taken is asked to pay the next month by card."""
        with unit_of_work():
            billing.subscribe(northside, agent_plan.id, actor=SYSTEM, request_key="invoice")
        with open_shop(app, tmp_path / "stripe") as shop:
            [payment_id] = renew(local(4, 1, 0, 1), clock)
            assert "No card is saved" in notices.latest(cast.ALICE)[0].text
            paying.send_to_checkout(northside, payment_id, "http://localhost/back")
            shop.do(payment_id)
            paying.look(payment_id)
            assert (left(northside), bills(northside)[0][1:]) == (1_000, ("paid", "stripe"))
            assert bills(northside)[1][1:] == ("open", "invoice")


class TestWebhook:
    def forged(self, event, secret=b"", at=None, header=None):
        at = at or int(utcnow().timestamp())
        code = hmac.new(secret, f"{at}.{event['body']}".encode(), sha256).hexdigest()
        return {**event, "headers": {"Stripe-Signature": header or f"t={at},v1={code}"}}

    @pytest.fixture
    def event(self, shop, northside, agent_plan):
        shop.do(shop.begin(northside, agent_plan))
        return shop.events()[-1]

    def test_forged_is_refused_and_changes_nothing(self, shop, northside, event):
        for header in (None, "", "t=1", "v1=00", "t=x,v1=y", "t=1,t=2,v1=00"):
            shop.bring(self.forged(event, b"guess", header=header), status=400)
        changed = {**event, "body": event["body"].replace("usd", "eur")}
        shop.bring(changed, status=400)
        assert (left(northside), db.session.scalars(select(PaymentEvent)).all()) == (0, [])

    def test_replayed_later_is_refused_and_at_once_harmless(self, shop, northside, event, clock):
        shop.bring(event, event)
        assert grants(northside) == [500]
        clock.travel(by=timedelta(seconds=301))
        shop.bring(event, status=400)
        clock.travel(by=timedelta(seconds=-700))
        shop.bring(event, status=400)

    def test_either_of_two_secrets_counts_while_one_is_changed(self, shop, northside, event):
        shop.bring(self.forged(event, OLD_SECRET.encode()))
        assert left(northside) == 500

    def test_a_lie_in_a_genuine_event_is_not_believed(self, shop, northside, agent_plan):
        """A webhook is a doorbell: what is true is read from Stripe."""
        payment_id = shop.begin(northside, agent_plan)
        db.session.commit()
        name = db.session.get(Payment, payment_id).checkout_id
        body = json.dumps(
            {"id": "evt_1", "type": "checkout.session.completed",
             "data": {"object": {"id": name, "payment_status": "paid", "status": "complete"}}}
        )  # fmt: skip
        shop.bring(self.forged({"body": body, "headers": {}}, OLD_SECRET.encode()))
        assert (left(northside), state(payment_id)) == (0, PaymentState.WAITING)

    def test_a_lost_bell_is_rung_by_the_sweep(self, shop, northside, event, clock):
        db.session.rollback()
        assert shop.client.post(
            "/webhooks/stripe", data=event["body"], headers=event["headers"]
        ).status_code == 204  # fmt: skip
        clock.travel(by=timedelta(seconds=11))
        db.session.commit()
        assert queries.events_waiting(utcnow() - timedelta(seconds=10)) == [
            json.loads(event["body"])["id"]
        ]
        assert jobs.ring_for_payments() == 1

    def test_what_does_not_concern_us_is_taken_and_not_kept(self, shop):
        for kind in ("invoice.paid", "payment_intent.created"):
            body = json.dumps({"id": "evt_9", "type": kind, "data": {"object": {"id": "in_1"}}})
            sent = self.forged({"body": body, "headers": {}}, OLD_SECRET.encode())
            answer = shop.client.post(
                "/webhooks/stripe", data=sent["body"], headers=sent["headers"]
            )
            assert answer.status_code == 204
        assert db.session.scalars(select(PaymentEvent)).all() == []

    def test_a_refund_made_at_stripe_is_recorded_and_the_credits_stay(
        self, shop, northside, agent_plan
    ):
        """B-7: giving money back is the operator's choice; the books say how much."""
        payment_id = shop.buy(northside, agent_plan)
        shop.gateway.refund(db.session.get(Payment, payment_id).money_id, key="by hand")
        shop.bring(*shop.events())
        found = db.session.get(Payment, payment_id, populate_existing=True)
        assert (found.refunded_cents, found.state) == (1_548, PaymentState.PAID)
        assert left(northside) == 500
        [invoice] = queries.invoices(northside.tenant)
        assert invoice.closing_note == f"{found.money_id}, $15.48 went back to the card"
        assert invoice.state is InvoiceState.PAID

    def test_a_renewal_given_back_before_we_heard_of_it_leaves_no_open_invoice(
        self, shop, northside, agent_plan, clock
    ):
        """B-12: its invoice is void and says why; nothing is granted, and the next month comes."""
        shop.buy(northside, agent_plan)
        shop.card(northside, "pm_card_declines_later")
        [renewal] = renew(local(4, 1, 0, 1), clock)
        paying.send_to_checkout(northside, renewal, "http://localhost/back")
        shop.do(renewal)
        checkout = shop.gateway.checkout(db.session.get(Payment, renewal).checkout_id)
        shop.gateway.refund(checkout.money.id, key="by hand")
        shop.bring(*shop.events())
        assert (state(renewal), left(northside)) == (PaymentState.RETURNED, 500)
        [invoice, _] = queries.invoices(northside.tenant)
        assert invoice.closing_note == "The money was given back at the card provider"
        assert invoice.state is InvoiceState.VOID
        shop.card(northside, "pm_card_good")
        renew(local(5, 1, 0, 1), clock)
        assert left(northside) == 1_000

    def test_money_that_went_back_before_we_heard_of_it_brings_nothing(
        self, shop, northside, agent_plan
    ):
        """B-12: an operator gave it back by hand while our webhook was away."""
        payment_id = shop.begin(northside, agent_plan)
        shop.do(payment_id)
        checkout = shop.gateway.checkout(db.session.get(Payment, payment_id).checkout_id)
        shop.gateway.refund(checkout.money.id, key="by hand")
        shop.bring(*shop.events())
        assert (left(northside), bills(northside)) == (0, [])
        sweep()
        assert (state(payment_id), shop.taken(northside)) == (
            PaymentState.RETURNED,
            [(1_548, 1_548)],
        )
        assert db.session.scalars(select(PaymentRefund)).one().done_at is not None


def test_with_the_provider_away_nothing_is_bought_and_words_say_so(shop, northside, agent_plan):
    shop.gateway._base = "http://127.0.0.1:1"
    with pytest.raises(ProviderAway):
        shop.begin(northside, agent_plan)
    assert left(northside) == 0


def test_a_wrong_key_is_no_declined_card(shop, northside, agent_plan, clock):
    shop.buy(northside, agent_plan)
    shop.gateway._headers["Authorization"] = "Bearer sk_test_wrong"
    [payment_id] = renew(local(4, 1, 0, 1), clock)
    db.session.commit()
    assert db.session.get(Payment, payment_id).declines == 0
    shop.gateway._headers["Authorization"] = f"Bearer {KEY}"
    clock.travel(by=timedelta(hours=1, minutes=1))
    sweep()
    assert (left(northside), InvoiceState.PAID.value) == (1_000, bills(northside)[0][1])
