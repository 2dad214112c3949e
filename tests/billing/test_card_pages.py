"""Pages of paying by card: to the provider's page, back, and what they say meanwhile (B-12)."""

import re
from datetime import timedelta

import pytest

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.models import Invoice, Payment
from portal.billing.service import invoicing, printing
from portal.billing.values import Issuer, PaymentState
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.gateways import payments
from tests import cast
from tests.billing.shop import open_shop
from tests.factories.billing import make_payment, make_plan, make_reserve, make_subscription

PAYS = re.compile("^Pay .* by card$")


@pytest.fixture
def shop(app, tmp_path):
    with open_shop(app, tmp_path / "stripe") as opened:
        yield opened


@pytest.fixture
def where(app, northside):
    plan = make_plan(credits_per_month=500, price_cents=1_600)
    return {"account_id": northside.id, "plan_id": plan.id}


def click(reply):
    return {name: reply.field(name) for name in ("request_key", "shown_cents", "shown_terms")}


def bought(alice, where):
    """Press the button of the confirm page; return our page on the way to the provider's."""
    shown = alice.get("billing.confirm", **where)
    assert "Pay $15.48 by card" in shown.text and "No card is needed" not in shown.text
    return alice.follow(alice.post("billing.buy", status=303, data=click(shown), **where))


def payment_of(account):
    db.session.commit()
    return db.session.query(Payment).filter_by(account_id=account.id).one()


def test_leads_to_the_provider_and_shows_what_came_when_one_is_back(shop, alice, northside, where):
    """Redirect before webhook: our page asks, and says so by itself."""
    reply = bought(alice, where)
    payment = payment_of(northside)
    assert reply.headers["Refresh"] == f"0; url={payment.checkout_url}"
    link = reply.page.find("a", string="Go to the payment page")
    assert link["href"] == payment.checkout_url
    back = alice.get("billing.payment", account_id=northside.id, payment_id=payment.id)
    assert "Refresh" not in back.headers and "Waiting for your payment." in back.text
    shop.do(payment.id)
    one = {"account_id": northside.id, "payment_id": payment.id}
    seen = alice.htmx.post("billing.look_at_payment", **one)
    assert "Paid. 500 credits a month with Agent." in seen.text
    assert not seen.page.select("[hx-trigger]")
    apps = alice.get("billing.connected_apps", account_id=northside.id)
    link = apps.page.select_one(f'a[href="/accounts/{northside.id}/cards"]')
    assert link.get_text(strip=True) == "Change the card"
    away = alice.get("billing.cards", 303, account_id=northside.id)
    assert away.location.startswith(shop.sandbox.base_url)


def test_a_second_click_of_one_form_is_the_same_payment(shop, alice, northside, where):
    data = click(alice.get("billing.confirm", **where))
    first, second = (alice.post("billing.buy", status=303, data=data, **where) for _ in range(2))
    assert first.location == second.location
    assert payment_of(northside).checkout_count == 1


def test_a_page_left_says_that_nothing_was_paid(shop, alice, northside, where):
    bought(alice, where)
    payment = payment_of(northside)
    shop.gateway.close_checkout(payment.checkout_id)
    one = {"account_id": northside.id, "payment_id": payment.id}
    seen = alice.post("billing.look_at_payment", 200, **one)
    assert "Nothing was paid." in seen.text
    assert payment_of(northside).state is PaymentState.LAPSED


def test_an_upgrade_leads_there_too_and_a_downgrade_does_not(shop, alice, northside, where):
    make_subscription(northside, queries.plan(where["plan_id"]))
    plus, small = make_plan("Plus", 1_000, 2_900), make_plan("Small", 100, 400)
    up = {**where, "plan_id": plus.id}
    shown = alice.get("billing.confirm_change", **up)
    sent = alice.post("billing.change", status=303, data=click(shown), **up)
    assert "/payments/" in sent.location
    down = {**where, "plan_id": small.id}
    shown = alice.get("billing.confirm_change", **down)
    sent = alice.post("billing.change", status=303, data=click(shown), **down)
    assert "/payments/" not in sent.location


def test_an_unpaid_month_stands_on_connected_apps_and_can_be_paid(shop, alice, northside, where):
    payment_id = make_payment(northside, problem="Your card was declined.")
    apps = alice.get("billing.connected_apps", account_id=northside.id)
    assert "This month is not paid yet. Your card was declined." in apps.text_of(".notice--bad")
    one = {"account_id": northside.id, "payment_id": payment_id}
    assert "Pay $16.00 by card" in alice.get("billing.payment", **one).text
    sent = alice.follow(alice.post("billing.pay", status=303, **one))
    assert sent.headers["Refresh"].startswith("0; url=http://127.0.0.1")


def test_of_another_account_is_not_found(shop, mallory, alice, northside):
    payment_id = make_payment(northside)
    mallory.get("billing.payment", 404, account_id=cast.LAKEVIEW, payment_id=payment_id)
    alice.get("billing.payment", 404, account_id=cast.BOBS, payment_id=payment_id)


def test_with_the_provider_away_says_so(shop, alice, where):
    shop.gateway._base = "http://127.0.0.1:1"
    data = click(alice.get("billing.confirm", **where))
    reply = alice.post("billing.buy", status=503, data=data, **where)
    assert "did not answer" in reply.text


def test_without_cards_nothing_of_it_is_there(alice, northside):
    """B-12: never both providers."""
    alice.get("billing.cards", 303, account_id=northside.id)
    answer = alice.client.post("/webhooks/stripe", data="{}", headers={"Stripe-Signature": "t=1"})
    assert answer.status_code == 400


def invoice_of(payment_id):
    """Write the invoice of a renewal by card."""
    row = db.session.get(Payment, payment_id)
    due = invoicing.Due(
        organization_id=row.organization_id,
        account_id=row.account_id,
        subscription_id=row.subscription_id,
        description="Agent, April",
        amount_cents=row.amount_cents,
        period_start=row.period_start,
        period_end=row.period_end,
        request_key=row.request_key,
        provider="stripe",
    )
    with unit_of_work():
        invoicing.bill(due, actor=SYSTEM)


def card_invoice(account):
    db.session.rollback()
    [found] = [row for row in queries.invoices(account.tenant) if row.provider == "stripe"]
    return found


class TestOnceCardsAreSwitchedOff:
    """B-12: words and buttons follow what will really happen."""

    @pytest.fixture
    def unpaid(self, shop, northside):
        with unit_of_work():
            billing.set_issuer(Issuer("Seller", pay_to="IBAN US00 1234"), actor=SYSTEM)
        payment_id = make_payment(northside, problem="Your card was declined.")
        invoice_of(payment_id)
        return payment_id

    def test_an_invoice_is_paid_as_agreed_and_mailed(self, northside, unpaid, alice, pat):
        payments.use(None)
        invoice = card_invoice(northside)
        for page in (
            alice.get("billing.invoice", account_id=northside.id, invoice_id=invoice.id),
            pat.get("billing.admin_invoice", invoice_id=invoice.id),
        ):
            assert "saved card" not in page.text and "IBAN US00 1234" in page.text
            assert "Cards are not taken any more." in page.text
        made = printing.document(invoice, logo="")
        assert (made["pay_to"], made["closing"]) == (["IBAN US00 1234"], None)
        assert any(fact[0] == "Due" for fact in made["facts"])
        assert invoice.id not in queries.invoices_to_mail()  # nobody said where to
        with unit_of_work():
            db.session.get(Invoice, invoice.id).mail_to = "books@example.com"
        assert queries.invoices_to_mail() == [invoice.id]

    def test_no_button_leads_to_a_page_that_is_not_there(self, northside, unpaid, alice):
        one = {"account_id": northside.id, "payment_id": unpaid}
        assert alice.get("billing.payment", **one).page.find("button", string=PAYS)
        payments.use(None)
        seen = alice.get("billing.payment", **one)
        assert "cards are not taken any more" in seen.text
        assert seen.page.find("button", string=PAYS) is None
        way = seen.page.find("a", string="See the invoices")
        assert way["href"] == alice.url("billing.invoices", account_id=northside.id)
        alice.post("billing.pay", 409, **one)
        apps = alice.get("billing.connected_apps", account_id=northside.id)
        assert apps.page.find("a", string="Pay now") is None

    def test_a_purchase_left_on_the_providers_page_is_made_anew(
        self, shop, northside, where, alice
    ):
        bought(alice, where)
        one = {"account_id": northside.id, "payment_id": payment_of(northside).id}
        payments.use(None)
        seen = alice.get("billing.payment", query={"go": "1"}, **one)
        assert "Refresh" not in seen.headers and not seen.page.select("[hx-trigger]")
        assert seen.page.find("a", string="Go to the payment page") is None
        assert seen.page.find("a", string="Back to the marketplace")

    def test_used_up_credits_lead_to_the_invoice(self, northside, unpaid, alice):
        make_reserve(northside, 500)
        payments.use(None)
        home = alice.get("reports.account_home", account_id=northside.id)
        assert home.page.find("a", string="Pay this month") is None
        assert home.page.find("a", string="See its invoice")
        assert "the moment the administrator notes its payment" in home.text

    def test_a_bigger_plan_says_who_notes_the_payment(self, northside, unpaid, alice):
        payments.use(None)
        plus = make_plan("Plus", 1_000, 2_900)
        where = {"account_id": northside.id, "plan_id": plus.id}
        data = click(alice.get("billing.confirm_change", **where))
        told = alice.post("billing.change", 409, data=data, **where)
        assert "Pay its invoice first" in told.text and "Connected apps" not in told.text_of("main")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "It is charged to the saved card."),
        ({"problem": "Declined.", "is_later": True}, "Declined. The card is tried again"),
        ({"problem": "Declined.", "retry_at": None}, "The card is not tried again by itself"),
        ({"retry_at": None, "is_asked": True}, "It is charged to the saved card."),
    ],
    ids=["planned", "again", "never", "asked"],
)
def test_an_invoice_says_what_becomes_of_it(shop, alice, northside, values, said):
    """B-12: no try is promised that is not planned."""
    now = utcnow()
    values = {"retry_at": now + timedelta(days=3)} | values
    values.pop("is_later", None)
    asked_at = now if values.pop("is_asked", False) else None
    payment_id = make_payment(northside, asked_at=asked_at, **values)
    invoice_of(payment_id)
    invoice = card_invoice(northside)
    page = alice.get("billing.invoice", account_id=northside.id, invoice_id=invoice.id)
    assert said in page.text_of("#invoice")
    assert printing.document(invoice, logo="")["closing"] == "It is paid by card."


def test_while_the_card_is_asked_nobody_is_offered_to_pay_it_twice(shop, alice, northside):
    """The button would answer that the card is being charged."""
    payment_id = make_payment(northside, asked_at=utcnow())
    one = {"account_id": northside.id, "payment_id": payment_id}
    seen = alice.get("billing.payment", **one)
    assert "The saved card is being charged." in seen.text
    assert seen.page.find("button", string=PAYS) is None
    assert seen.page.find("a", string="Look again")["href"] == alice.url("billing.payment", **one)
    alice.post("billing.pay", 409, **one)
