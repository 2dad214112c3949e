"""Paying by card: to the provider's page and back, and its webhook (B-12)."""

import logging
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, g, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.utils import redirect

from portal.billing import queries
from portal.billing.errors import PaymentNotFound
from portal.billing.service import paying
from portal.billing.values import PaymentKind, PaymentRef, PaymentState
from portal.billing.views.blueprint import bp
from portal.core.access import Permission, requires, signed_by_carrier
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.settings import settings
from portal.core.web import page, see_other, takes
from portal.gateways import payments, stripe

logger = logging.getLogger(__name__)
webhooks = Blueprint("billing_webhooks", __name__, url_prefix="/webhooks")

_ONE: Final = "/accounts/<uuid:account_id>/payments/<uuid:payment_id>"
_MOST_BYTES: Final = 256 * 1024
# What a person sees the provider say: at once, then a little less often.
_POLL_S: Final = 3


def to_the_provider(payment: PaymentRef) -> Response:
    """Make the provider's page for a payment and send the person there, by way of our own.

    Our page goes on by itself. A form's own redirect may not leave this site (CSP form-action).
    """
    where: dict[str, Any] = {"account_id": payment.account_id, "payment_id": payment.id}
    back_url = settings().public_url + url_for("billing.payment", **where)
    if payment.is_waiting and payment.checkout_id is None:
        paying.send_to_checkout(g.account, payment.id, back_url)
    return see_other(url_for("billing.payment", go="1", **where))


@bp.get(_ONE)
@requires(Permission.CHANGE_SUBSCRIPTION)
@takes("go")
def payment(account_id: UUID, payment_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show where a payment stands; with go=1 a browser goes on to the provider by itself."""
    found = _payment_or_404(payment_id)
    response = _payment_page(found)
    if payments.cards() and found.is_waiting and found.checkout_url and "go" in request.args:
        response.headers["Refresh"] = f"0; url={found.checkout_url}"
    return response


@bp.post(_ONE + "/look")
@requires(Permission.CHANGE_SUBSCRIPTION)
def look_at_payment(account_id: UUID, payment_id: UUID) -> Response:  # noqa: ARG001
    """Ask the provider where a payment stands, for who came back before its webhook did."""
    found = _payment_or_404(payment_id)
    if found.is_waiting:
        paying.look(found.id)
        db.session.expire_all()
    return _payment_page(_payment_or_404(payment_id))


@bp.post(_ONE + "/checkout")
@requires(Permission.CHANGE_SUBSCRIPTION)
def pay(account_id: UUID, payment_id: UUID) -> Response:
    """Make a fresh page on which this is paid, and go there."""
    found = _payment_or_404(payment_id)
    where: dict[str, Any] = {"account_id": account_id, "payment_id": found.id}
    back_url = settings().public_url + url_for("billing.payment", **where)
    paying.send_to_checkout(g.account, found.id, back_url)
    return see_other(url_for("billing.payment", go="1", **where))


@bp.get("/accounts/<uuid:account_id>/cards")
@requires(Permission.CHANGE_SUBSCRIPTION)
def cards(account_id: UUID) -> Response:
    """Go to the provider's page on which cards are changed; before the first payment, back."""
    back_url = url_for("billing.connected_apps", account_id=account_id)
    customer_id = queries.customer_id(g.account.tenant)
    if customer_id is None or payments.cards() is None:
        return see_other(back_url)
    away: Any = redirect(paying.card_page(customer_id, settings().public_url + back_url), 303)
    return away  # type: ignore[no-any-return]


@webhooks.post("/stripe")
@signed_by_carrier
def stripe_webhook() -> Response:
    """Take in Stripe's news: a doorbell, kept once. After 204 it is committed (I10)."""
    length = request.content_length
    if length is None or length > _MOST_BYTES:
        return Response("The body is too large.\n", 413, mimetype="text/plain")
    event = stripe.event_of(
        request.get_data(),
        request.headers.get("Stripe-Signature"),
        settings().stripe_webhook_secrets,
        utcnow(),
    )
    if event is None:
        return Response("The signature is not Stripe's, or too old.\n", 400, mimetype="text/plain")
    try:
        with unit_of_work():
            paying.keep_event(event)
    except SQLAlchemyError:  # genuine, so it must not be lost
        logger.exception("a payment event could not be stored")
        return Response("Try again.\n", 503, {"Retry-After": "5"}, mimetype="text/plain")
    return Response("", 204)


def _payment_page(found: PaymentRef) -> Response:
    where: dict[str, Any] = {"account_id": found.account_id, "payment_id": found.id}
    return page(
        "billing/payment.html",
        "billing/_payment.html",
        payment=found,
        is_paid=found.state is PaymentState.PAID,
        is_renewal=found.kind is PaymentKind.RENEWAL,
        takes_cards=payments.cards() is not None,
        here_url=url_for("billing.payment", **where),
        look_url=url_for("billing.look_at_payment", **where),
        pay_url=url_for("billing.pay", **where),
        apps_url=url_for("billing.connected_apps", account_id=found.account_id),
        market_url=url_for("billing.marketplace", account_id=found.account_id),
        invoices_url=url_for("billing.invoices", account_id=found.account_id),
        poll_s=_POLL_S,
    )


def _payment_or_404(payment_id: UUID) -> PaymentRef:
    found = queries.payment(g.account.tenant, payment_id)
    if found is None:
        raise PaymentNotFound
    return found
