"""Stripe over HTTP: the few calls we make, each bounded, each under an idempotency key (B-12).

Facts: api.stripe.com takes forms and answers JSON; a POST with an Idempotency-Key is done once
and answered alike for at least 24 hours (docs.stripe.com/api/idempotent_requests). 4xx is a
refusal, save 409 and 429; whatever else is unclear. The version is pinned: objects keep the shape
they had then. Stripe's own package would weigh as much as the rest of a worker (G12).
"""

import hmac
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import urllib3

from portal.gateways.payments import (
    Checkout,
    CheckoutState,
    Money,
    Order,
    PaymentsRefused,
    PaymentsUnclear,
    PaymentsUnknown,
)

logger = logging.getLogger(__name__)

API: Final = "https://api.stripe.com"
API_VERSION: Final = "2024-10-28.acacia"
TOLERANCE_S: Final = 300  # how old a webhook's signature may be, as Stripe's own libraries have it
_WITHIN: Final = urllib3.Timeout(connect=5, read=25)
_MOST_BYTES: Final = 2_000_000
_AGAIN: Final = frozenset({409, 429})
_ID: Final = re.compile(r"[a-zA-Z]{2,8}_[0-9A-Za-z_]{1,240}")
_MOVING: Final = frozenset({"processing", "requires_action", "requires_capture"})

Form = Mapping[str, object]


class StripeCards:
    """Cards by Stripe: Checkout for whoever is there, a saved card for renewals."""

    name = "stripe"
    smallest_cents = 50  # of US dollars (docs.stripe.com/currencies)

    def __init__(self, key: str, base: str = API) -> None:
        """Take the secret key, and an address other than Stripe's for the sandbox."""
        self._base = base.rstrip("/")
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Stripe-Version": API_VERSION,
            "User-Agent": "ConsentDesk",
        }
        self._http = urllib3.PoolManager(4, retries=False, timeout=_WITHIN)

    def open_checkout(
        self, order: Order, *, key: str, expires_at: datetime, back_url: str
    ) -> Checkout:
        """Make a page on which a person pays, and that keeps the card for renewals."""
        form: dict[str, object] = {
            "client_reference_id": order.payment_id,
            "metadata": {"payment": order.payment_id},
            "success_url": back_url,
            "cancel_url": back_url,
            "expires_at": int(expires_at.timestamp()),
            "payment_method_types": ["card"],
        }
        if order.customer_id:
            form["customer"] = order.customer_id
        else:
            form |= {"customer_creation": "always", "customer_email": order.email}
        if order.amount_cents:
            item = {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": order.amount_cents,
                    "product_data": {"name": order.description},
                },
            }
            form |= {
                "mode": "payment",
                "line_items": [item],
                "payment_intent_data": {
                    "setup_future_usage": "off_session",
                    "description": order.description,
                    "metadata": {"payment": order.payment_id},
                },
            }
        else:  # nothing to pay today, but a card for the 1st
            form |= {"mode": "setup", "currency": "usd"}
        return _checkout(self._ask("POST", "/v1/checkout/sessions", form, key))

    def checkout(self, checkout_id: str) -> Checkout:
        """Return where a page stands, with the payment made there."""
        path = f"/v1/checkout/sessions/{_checked(checkout_id)}"
        return _checkout(
            self._ask("GET", path, {"expand": ["payment_intent.latest_charge", "setup_intent"]})
        )

    def close_checkout(self, checkout_id: str) -> Checkout:
        """Let nobody pay there any more; a page that is complete already says so."""
        try:
            self._ask("POST", f"/v1/checkout/sessions/{_checked(checkout_id)}/expire", {})
        except PaymentsRefused:
            logger.info("a checkout was closed or complete already")
        return self.checkout(checkout_id)

    def charge(self, order: Order, *, attempt: int, method_id: str, key: str) -> Money:
        """Charge a saved card while nobody is there; a decline is an answer, not an error."""
        form = {
            "amount": order.amount_cents,
            "currency": "usd",
            "customer": order.customer_id,
            "payment_method": method_id,
            "payment_method_types": ["card"],
            "off_session": "true",
            "confirm": "true",
            "description": order.description,
            "metadata": {"payment": order.payment_id, "attempt": attempt},
        }
        return _money(self._ask("POST", "/v1/payment_intents", form, key))

    def charges(self, customer_id: str, payment_id: UUID) -> list[Money]:
        """Return every try to charge a customer for this payment, newest first."""
        found = self._ask("GET", "/v1/payment_intents", {"customer": customer_id, "limit": 100})
        tries = [_money(each) for each in found.get("data", [])]
        return [money for money in tries if money.payment_id == payment_id]

    def money(self, money_id: str) -> Money:
        """Return one payment as it stands, with what went back of it."""
        path = f"/v1/payment_intents/{_checked(money_id)}"
        return _money(self._ask("GET", path, {"expand": ["latest_charge"]}))

    def default_method(self, customer_id: str) -> str | None:
        """Return the card the customer chose on Stripe's portal, if they did."""
        found = self._ask("GET", f"/v1/customers/{_checked(customer_id)}", {})
        chosen = (found.get("invoice_settings") or {}).get("default_payment_method")
        return _id_of(chosen)

    def refund(self, money_id: str, *, key: str) -> str:
        """Give a payment back, whole, and return the refund's id."""
        return str(self._ask("POST", "/v1/refunds", {"payment_intent": money_id}, key)["id"])

    def portal_url(self, customer_id: str, back_url: str) -> str:
        """Return a page on which the customer changes their cards."""
        form = {"customer": customer_id, "return_url": back_url}
        return str(self._ask("POST", "/v1/billing_portal/sessions", form)["url"])

    def _ask(self, method: str, path: str, form: Form, key: str | None = None) -> dict[str, Any]:
        """Ask once; a declined charge comes back as the payment it left behind."""
        body = urlencode(list(_flat(form)))
        url, headers = self._base + path, dict(self._headers)
        if method == "GET":
            url, body = f"{url}?{body}" if body else url, ""
        if key is not None:
            headers["Idempotency-Key"] = key
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            answer = self._http.request(
                method, url, body=body or None, headers=headers, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise PaymentsUnclear(f"no answer: {type(error).__name__}") from error
        try:
            found = json.loads(answer.data[:_MOST_BYTES])
        except ValueError as error:
            raise PaymentsUnclear(f"{answer.status} without JSON") from error
        if answer.status == 200 and isinstance(found, dict):
            return found
        return _declined(answer.status, found)


def event_of(
    payload: bytes, header: str | None, secrets: Sequence[str], now: datetime
) -> dict[str, Any] | None:
    """Return a webhook's event when one of our secrets signed it a moment ago, else None.

    The header is t=<seconds>,v1=<hex>[,v1=...]; signed is "<t>.<body>" (HMAC-SHA256). Every
    comparison is made, in constant time. Old or future signatures count for nothing.
    """
    parts = [part.partition("=") for part in (header or "").split(",")[:20]]
    times = [value for name, _, value in parts if name.strip() == "t"]
    given = [value.strip() for name, _, value in parts if name.strip() == "v1"]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,11}", times[0].strip()):
        return None
    at = times[0].strip()
    signed = at.encode() + b"." + payload
    wanted = [hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets]
    matches = [hmac.compare_digest(w.encode(), g.encode()) for w in wanted for g in given]
    if not any(matches) or abs(now.timestamp() - int(at)) > TOLERANCE_S:
        return None
    try:
        found = json.loads(payload)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _flat(form: Form, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield a nested form as Stripe writes it: a[b][0][c]=value."""
    for name, value in form.items():
        whole = f"{prefix}[{name}]" if prefix else name
        if isinstance(value, Mapping):
            yield from _flat(value, whole)
        elif isinstance(value, list):
            yield from _flat({str(place): each for place, each in enumerate(value)}, whole)
        elif value is not None:
            yield whole, str(value)


def _declined(status: int, found: object) -> dict[str, Any]:
    """Return the payment of a declined card, or raise what else the answer means."""
    error = found.get("error") if isinstance(found, dict) else None
    error = error if isinstance(error, dict) else {}
    left = error.get("payment_intent")
    if status == 402 and isinstance(left, dict):
        return left
    said = f"{status} {error.get('code') or error.get('type') or ''}".strip()
    if status == 404:
        raise PaymentsUnknown(said)
    if 400 <= status < 500 and status not in _AGAIN:
        raise PaymentsRefused(said)
    raise PaymentsUnclear(said)


def _checkout(found: Mapping[str, Any]) -> Checkout:
    state = CheckoutState(found["status"])
    money = None
    if state is CheckoutState.COMPLETE:
        intent = found.get("payment_intent") or found.get("setup_intent")
        payment_id = _payment(found)
        if isinstance(intent, dict):
            money = _money({"metadata": {"payment": payment_id}} | intent)
        if found.get("payment_status") == "no_payment_required" and isinstance(intent, dict):
            money = Money(str(intent["id"]), payment_id, is_paid=True, is_moving=False,
                          amount_cents=0, customer_id=_id_of(found.get("customer")),
                          method_id=_id_of(intent.get("payment_method")))  # fmt: skip
    return Checkout(str(found["id"]), found.get("url"), state, _payment(found), money)


def _money(found: Mapping[str, Any]) -> Money:
    status, charge = found.get("status"), found.get("latest_charge")
    problem = (found.get("last_payment_error") or {}).get("message")
    return Money(
        id=str(found["id"]),
        payment_id=_payment(found),
        is_paid=status == "succeeded",
        is_moving=status in _MOVING,
        amount_cents=int(found.get("amount_received") or found.get("amount") or 0),
        refunded_cents=int(charge.get("amount_refunded") or 0) if isinstance(charge, dict) else 0,
        customer_id=_id_of(found.get("customer")),
        method_id=_id_of(found.get("payment_method")),
        problem=str(problem)[:200] if problem else None,
        attempt=int((found.get("metadata") or {}).get("attempt") or 0),
    )


def _payment(found: Mapping[str, Any]) -> UUID | None:
    """Return which of our payments an object of theirs is about, if any."""
    try:
        return UUID(str((found.get("metadata") or {}).get("payment")))
    except ValueError:
        return None


def _id_of(found: object) -> str | None:
    """Return the id of an object that may be expanded or not."""
    if isinstance(found, dict):
        found = found.get("id")
    return str(found) if found else None


def _checked(object_id: str) -> str:
    """Return an id as it may stand in a path. Raises PaymentsRefused."""
    if not _ID.fullmatch(object_id):
        raise PaymentsRefused("not an id of theirs")
    return object_id
