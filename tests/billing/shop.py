"""A stand-in for Stripe beside the tests, and a person who pays there."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import urllib3

from portal.billing import queries
from portal.billing.models import Payment
from portal.billing.service import cards, paying
from portal.core import settings as settings_module
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.gateways import payments
from portal.gateways.stripe import StripeCards
from tests.sandbox.server import Sandbox, run_sandbox
from workers import billing as jobs

KEY = "sk_test_" + "k" * 24
SECRET = "whsec_" + "s" * 24
OLD_SECRET = "whsec_" + "o" * 24


class Killed(BaseException):
    """The process died here."""


@dataclass
class Shop:
    """The provider as a test sees it: its page, its webhooks, its books."""

    sandbox: Sandbox
    client: Any
    gateway: StripeCards

    def do(self, payment_id, what: str = "pay") -> int:
        """Press a button on the provider's page of a payment."""
        db.session.commit()
        url = db.session.get(Payment, payment_id).checkout_url
        return _press(url, {"do": what})

    def events(self) -> list[dict[str, Any]]:
        """Take the webhooks that wait, as they would be posted."""
        return self.sandbox.post("webhooks/take")["webhooks"]

    def bring(self, *events, status: int = 204) -> None:
        """Post webhooks to the portal, and do what they ask for."""
        for event in events:
            db.session.rollback()
            answer = self.client.post(
                "/webhooks/stripe", data=event["body"], headers=event["headers"]
            )
            assert answer.status_code == status, answer.text
            if status == 204:
                jobs.apply_payment_event(json.loads(event["body"])["id"])

    def begin(self, account, plan, *, key: str = "click", upgrade: bool = False):
        """Go to the checkout of a plan, and return the payment."""
        begin = cards.begin_upgrade if upgrade else cards.begin_purchase
        with unit_of_work():
            found = begin(account, plan.id, actor=SYSTEM, request_key=key, shown_cents=None)
        paying.send_to_checkout(account, found.id, "http://localhost/back")
        return found.id

    def buy(self, account, plan, **more):
        """Buy a plan from the first click to the credits."""
        payment_id = self.begin(account, plan, **more)
        self.do(payment_id)
        paying.look(payment_id)
        self.events()
        return payment_id

    def card(self, account, method: str) -> None:
        """Change the card on the provider's portal."""
        customer = self.customer(account)
        url = self.gateway.portal_url(customer, "http://localhost/back")
        _press(url, {"card": method})

    def customer(self, account) -> str:
        db.session.commit()
        return queries.customer_id(account.tenant)

    def taken(self, account) -> list[tuple[int, int]]:
        """Return every sum that was really paid, and how much of it went back."""
        found = self.gateway._ask(
            "GET", "/v1/payment_intents", {"customer": self.customer(account)}
        )
        paid = [i for i in found["data"] if i["status"] == "succeeded"]
        money = [self.gateway.money(i["id"]) for i in paid]
        return [(m.amount_cents, m.refunded_cents) for m in reversed(money)]


def _press(url: str, fields: dict[str, str]) -> int:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = urllib3.request(
        "POST", url, body=urlencode(fields), headers=form, redirect=False, retries=False
    )
    return answer.status


@contextmanager
def open_shop(app, folder):
    """Run the stand-in, and let the portal take cards there."""
    stripe = {
        "stripe_key": KEY,
        "stripe_webhook_secret": SECRET,
        "stripe_webhook_url": "http://127.0.0.1:1/webhooks/stripe",
    }
    before = settings_module.settings()
    with run_sandbox(folder, **stripe) as sandbox:
        sandbox.turn(hold_callbacks=True)
        gateway = StripeCards(KEY, f"{sandbox.base_url}/stripe")
        settings_module.use(replace(before, stripe_webhook_secrets=(SECRET, OLD_SECRET)))
        payments.use(gateway)
        try:
            yield Shop(sandbox, app.test_client(), gateway)
        finally:
            payments.use(None)
            settings_module.use(before)
