"""Money by card that comes late, unheard of or not at all: nobody is left without way on (B-3, B-12)."""

from datetime import timedelta

import pytest

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.service import cards, money, printing
from portal.billing.values import Issuer, Payer, PaymentState, SubscriptionState
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, snapshot, unit_of_work
from portal.doctor import queries as doctor
from portal.doctor.values import Scope
from portal.gateways import payments
from portal.gateways.payments import Money
from portal.notifications import queries as notices
from tests import cast
from tests.billing.shop import Killed, open_shop
from tests.billing.test_cards import bills, left, local, renew, state, sweep
from tests.factories.billing import make_plan, make_reserve
from tests.factories.mail import kept
from workers import sweeps
from workers.invoices import mail_invoices


@pytest.fixture
def shop(app, tmp_path):
    with open_shop(app, tmp_path / "stripe") as opened:
        yield opened


@pytest.fixture
def agent_plan(app):
    return make_plan(credits_per_month=500, price_cents=1_600)


@pytest.mark.parametrize("until", [local(4, 1, 0, 10), local(5, 1, 0, 5)])
def test_a_try_nobody_heard_of_is_asked_about_after_the_cancellation_too(
    shop, northside, agent_plan, clock, until
):
    """I10: the answer and the webhook are lost; credits come, or once it ended the money goes back."""
    shop.buy(northside, agent_plan)
    shop.sandbox.turn(rate_stripe_lost=1.0)
    [payment_id] = renew(local(4, 1, 0, 1), clock)
    shop.sandbox.turn(rate_stripe_lost=0.0)
    with unit_of_work():
        billing.cancel(northside, actor=SYSTEM)
    shop.events()
    clock.travel(to=until)
    sweeps.settle_credits()
    sweep()
    found = state(payment_id), left(northside), shop.taken(northside)[1]
    if until < local(5, 1, 0):
        assert found == (PaymentState.PAID, 1_000, (1_600, 0))
    else:
        assert found == (PaymentState.RETURNED, 0, (1_600, 1_600))
    clock.travel(by=timedelta(days=1))
    assert sweep() == []


def test_canceled_before_the_try_arrived_nothing_is_charged_any_more(
    shop, northside, agent_plan, clock, monkeypatch
):
    shop.buy(northside, agent_plan)

    def dies(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(type(shop.gateway), "charge", dies)
        with pytest.raises(Killed):
            renew(local(4, 1, 0, 1), clock)
    db.session.rollback()
    with unit_of_work():
        billing.cancel(northside, actor=SYSTEM)
    clock.travel(by=timedelta(minutes=10))
    assert len(sweep()) == 1
    assert (sweep(), shop.taken(northside)) == ([], [(1_548, 0)])
    assert len(notices.latest(cast.ALICE)) == 0


@pytest.fixture
def unpaid(shop, northside, agent_plan, clock):
    """Northside on 1 April: 500 rolled over, and a card that is declined."""
    with unit_of_work():
        billing.set_issuer(Issuer("Seller", pay_to="IBAN US00 1234"), actor=SYSTEM)
        payer = Payer("Juniper", contact_email="books@example.com")
        billing.set_payer(northside.organization_id, payer, actor=SYSTEM)
    shop.buy(northside, agent_plan)
    mail_invoices()
    shop.card(northside, "pm_card_declines_later")
    [payment_id] = renew(local(4, 1, 0, 1), clock)
    shop.events()
    return payment_id


def told():
    return [notice.title for notice in notices.latest(cast.ALICE)]


def test_a_month_paid_late_is_told_of_anew(shop, northside, unpaid, clock):
    """B-11: what rolled over was used up and told meanwhile; the credits that come are a new limit."""
    make_reserve(northside, 500)
    shop.card(northside, "pm_card_good")
    clock.travel(to=local(4, 4, 0, 10))
    sweep()
    assert left(northside) == 500
    before = told()
    make_reserve(northside, 310)
    db.session.commit()
    assert [title for title in told() if title not in before] == [
        "Northside: 80 % of this month's credits are used"
    ]


def test_used_up_and_unpaid_the_way_out_is_the_payment(northside, unpaid, alice):
    """B-12: a bigger plan is refused until this month is paid."""
    make_reserve(northside, 500)
    db.session.commit()
    home = alice.get("reports.account_home", account_id=northside.id)
    assert "Choose a bigger plan" not in home.text
    pay = home.page.find("a", string="Pay this month")
    assert pay["href"] == f"/accounts/{northside.id}/payments/{unpaid}"


def test_an_invoice_a_card_pays_asks_nobody_for_a_transfer(shop, northside, unpaid, clock, alice):
    """B-12: it says who collects it, and is mailed once it is settled."""
    [invoice, _] = queries.invoices(northside.tenant)
    page = alice.get("billing.invoice", account_id=northside.id, invoice_id=invoice.id)
    assert "The card is tried again" in page.text and "IBAN" not in page.text
    assert printing.document(invoice, logo="")["pay_to"] == []
    assert mail_invoices() == 0
    shop.card(northside, "pm_card_good")
    clock.travel(to=local(4, 4, 0, 10))
    sweep()
    assert mail_invoices() == 1
    assert any("paid already" in mail.text for mail in kept())


def test_after_a_refund_nothing_is_owed_and_the_subscription_can_be_kept(
    northside, unpaid, clock, browser
):
    """B-7: declined for good, paid, given back at the provider."""
    for day in (4, 6, 8):
        clock.travel(to=local(4, day, 1, 0))
        sweep()
    with unit_of_work():
        money.confirm(
            Money("pi_x", unpaid, is_paid=True, is_moving=False, amount_cents=1_600,
                  refunded_cents=1_600)
        )  # fmt: skip
    alice = browser(cast.ALICE)
    page = alice.get("billing.connected_apps", account_id=northside.id)
    assert page.page.find("a", string="Pay now") is None
    alice.post("billing.keep", status=303, account_id=northside.id)
    db.session.commit()
    found = queries.subscription(northside.id)
    assert (found.state, found.is_unpaid) == (SubscriptionState.ACTIVE, False)


def test_words_promise_no_try_that_is_not_planned(shop, northside, agent_plan, clock, alice):
    """B-12: canceled while the card was being asked; and a downgrade costs nothing by card either."""
    shop.buy(northside, agent_plan)
    small = make_plan("Starter", 250, 900)
    page = alice.get("billing.confirm_change", account_id=northside.id, plan_id=small.id)
    assert "no card is needed" not in page.text and "Nothing is charged today" in page.text
    shop.card(northside, "pm_card_declines_later")
    clock.travel(to=local(4, 1, 0, 0))
    sweeps.settle_credits()
    [payment_id] = queries.payments_due(utcnow())
    with unit_of_work():
        ask = cards.ask_card(payment_id)
        billing.cancel(northside, actor=SYSTEM)
    with unit_of_work():
        cards.declined(payment_id, ask.attempt, "Declined.")
    assert "We do not try again" in notices.latest(cast.ALICE)[0].text


@pytest.mark.parametrize(
    ("is_paid", "credits_", "then"), [(True, 1_000, "paid"), (False, 500, "void")]
)
def test_without_cards_any_more_an_administrator_closes_what_waited_for_one(
    northside, unpaid, pat, is_paid, credits_, then
):
    """B-12: paid by hand it brings its credits, void it lapses; either way plans change again."""
    payments.use(None)
    [invoice, _] = queries.invoices(northside.tenant)
    where = {"invoice_id": invoice.id}
    assert pat.get("billing.admin_invoice", **where).page.select_one("#void form")
    if is_paid:
        paid = {"paid_on": "2026-04-01", "reference": "wire 7"}
        pat.post("billing.mark_invoice_paid", status=303, data=paid, **where)
    else:
        pat.post("billing.void_invoice", status=303, data={"reason": "No card"}, **where)
    assert (left(northside), bills(northside)[0][1]) == (credits_, then)
    assert state(unpaid) is (PaymentState.PAID if is_paid else PaymentState.LAPSED)
    plus = make_plan("Plus", 1_000, 2_900)
    with unit_of_work():
        billing.change_plan(northside, plus.id, actor=SYSTEM, request_key="x")
    with snapshot():
        assert doctor.examine(Scope(northside.organization_id, northside.id), utcnow()) == []
