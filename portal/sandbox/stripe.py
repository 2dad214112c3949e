"""A stand-in for Stripe: the endpoints the portal uses, as api.stripe.com answers them (B-12).

It takes no real card. Each payment method bears in its name how it behaves.
"""

import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final

from flask import Blueprint, Response, request

from portal.sandbox import formats, outbox
from portal.sandbox.context import Carrier, carrier

bp = Blueprint("stripe", __name__, url_prefix="/stripe/v1")
Thing = dict[str, Any]
GOOD: Final = "pm_card_good"
DECLINES: Final = "pm_card_declines_later"  # pays while its owner is there, not alone
_PART: Final = re.compile(r"[^\[\]]+")
_RETRIES: Final = "#rc=5&rp=all"  # Stripe tries for days; five times are enough here
_DECLINED: Final = "Your card was declined."


class StripeError(Exception):
    """A refusal as Stripe writes it."""

    def __init__(self, status: int, code: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": _type(status), "code": code, "message": message, **more}


def _type(status: int) -> str:
    return {402: "card_error", 401: "authentication_error"}.get(status, "invalid_request_error")


def _answer(found: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(found), status, mimetype="application/json")


@bp.errorhandler(StripeError)
def _refuse(error: StripeError) -> Response:
    return _answer({"error": error.error}, error.status)


@bp.before_request
def _sign_in() -> None:
    key = carrier().config.stripe_key
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not key or not hmac.compare_digest(given.encode(), key.encode()):
        raise StripeError(401, "api_key_invalid", "Invalid API Key provided.")
    if not request.headers.get("Stripe-Version"):
        raise StripeError(400, "version_missing", "The sandbox wants a pinned Stripe-Version.")


def once(make: Callable[[Thing], Thing]) -> Response:
    """Do a request once for each Idempotency-Key, and answer alike ever after."""
    form = nested(list(request.form.items()))
    key = request.headers.get("Idempotency-Key")
    asked = json.dumps([request.path, form], sort_keys=True)
    store = carrier().store
    with store.work() as db:
        kept = db.execute("SELECT * FROM stripe_keys WHERE name = ?", (key,)).fetchone()
        if kept is not None and kept["request"] != asked:
            raise StripeError(400, "idempotency_error", "Keys go with the same parameters only.")
        if kept is None:
            try:
                found, status = make(form), 200
            except StripeError as error:
                found, status = {"error": error.error}, error.status
            if key:
                db.execute(
                    "INSERT INTO stripe_keys VALUES (?, ?, ?, ?)",
                    (key, asked, status, json.dumps(found)),
                )
        else:
            found, status = json.loads(kept["answer"]), kept["status"]
    if carrier().knobs.chance("rate_stripe_lost"):
        return _answer({"error": {"type": "api_error", "message": "Something went wrong."}}, 500)
    return _answer(found, status)


@bp.post("/checkout/sessions")
def open_session() -> Response:
    """Open a page on which a person pays, or saves a card."""
    return once(_open_session)


def _open_session(form: Thing) -> Thing:
    now, until = formats.now(), float(form.get("expires_at", 0))
    if not now + 1_800 - 5 <= until <= now + 86_400:
        raise StripeError(400, "parameter_invalid", "expires_at must be 30 minutes to 24 hours on.")
    item = form.get("line_items", {}).get("0", {}).get("price_data", {})
    amount = int(item.get("unit_amount", 0))
    if form.get("mode") == "payment" and amount < 50:
        raise StripeError(400, "amount_too_small", "The amount must be at least $0.50 usd.")
    session = {
        "id": f"cs_test_{secrets.token_hex(16)}", "object": "checkout.session", "status": "open",
        "payment_status": "unpaid", "mode": form.get("mode"), "amount_total": amount,
        "currency": "usd", "customer": form.get("customer"), "metadata": form.get("metadata", {}),
        "client_reference_id": form.get("client_reference_id"), "expires_at": until,
        "success_url": form.get("success_url"), "cancel_url": form.get("cancel_url"),
        "payment_intent": None, "setup_intent": None,
        "description": item.get("product_data", {}).get("name", "Save a card"),
        "intent_data": form.get("payment_intent_data", {}),
    }  # fmt: skip
    session["url"] = f"{carrier().config.base_url}/stripe/checkout/{session['id']}"
    put(carrier(), session)
    return session


@bp.get("/checkout/sessions/<session_id>")
def read_session(session_id: str) -> Response:
    """Return a session with what was asked to be expanded."""
    found = session_of(session_id)
    for name in ("payment_intent", "setup_intent"):
        if found[name]:
            found[name] = expanded(get(carrier(), found[name]))
    return _answer(found)


@bp.post("/checkout/sessions/<session_id>/expire")
def expire_session(session_id: str) -> Response:
    """Let nobody pay on this page any more."""
    return once(lambda _form: expire(session_of(session_id)))


@bp.post("/payment_intents")
def charge() -> Response:
    """Charge a saved card while nobody is there."""
    return once(_charge)


def _charge(form: Thing) -> Thing:
    amount = int(form.get("amount", 0))
    if amount < 50:
        raise StripeError(400, "amount_too_small", "The amount must be at least $0.50 usd.")
    if form.get("confirm") != "true" or form.get("off_session") != "true":
        raise StripeError(400, "parameter_missing", "The sandbox charges saved cards only.")
    get(carrier(), str(form.get("customer")))
    intent = pay(carrier(), amount, str(form["customer"]), str(form["payment_method"]), form)
    if intent["status"] != "succeeded":
        raise StripeError(402, "card_declined", _DECLINED, payment_intent=intent)
    return intent


@bp.get("/payment_intents")
def list_intents() -> Response:
    """List a customer's payments, newest first."""
    rows = carrier().store.rows(
        "SELECT data FROM stripe_objects WHERE kind = 'payment_intent' ORDER BY seq DESC"
    )
    found = [json.loads(row["data"]) for row in rows]
    wanted = request.args.get("customer")
    return _answer({"object": "list", "data": [i for i in found if i["customer"] == wanted]})


@bp.get("/payment_intents/<intent_id>")
def read_intent(intent_id: str) -> Response:
    """Return a payment with its charge."""
    return _answer(expanded(get(carrier(), intent_id)))


@bp.get("/customers/<customer_id>")
def read_customer(customer_id: str) -> Response:
    """Return a customer."""
    return _answer(get(carrier(), customer_id))


@bp.post("/refunds")
def refund() -> Response:
    """Give a payment back, whole."""
    return once(lambda form: give_back(carrier(), str(form.get("payment_intent"))))


@bp.post("/billing_portal/sessions")
def open_portal() -> Response:
    """Open the page on which a customer changes cards."""
    return once(_open_portal)


def _open_portal(form: Thing) -> Thing:
    get(carrier(), str(form.get("customer")))
    session = {
        "id": f"bps_{secrets.token_hex(12)}", "object": "billing_portal.session",
        "customer": form.get("customer"), "return_url": form.get("return_url"),
    }  # fmt: skip
    session["url"] = f"{carrier().config.base_url}/stripe/portal/{session['id']}"
    put(carrier(), session)
    return session


def session_of(session_id: str) -> Thing:
    """Return a session as it stands now: its time may have run out."""
    found = get(carrier(), session_id)
    if found["status"] == "open" and found["expires_at"] <= formats.now():
        expire(found)
    return found


def complete(of: Carrier, session: Thing, method: str) -> None:
    """Let a person pay on a session's page; every event is told."""
    if not session["customer"]:
        session["customer"] = f"cus_{secrets.token_hex(8)}"
        put(of, {"id": session["customer"], "object": "customer",
                 "invoice_settings": {"default_payment_method": None}, "method": method})  # fmt: skip
    if session["mode"] == "setup":
        intent = {"id": f"seti_{secrets.token_hex(8)}", "object": "setup_intent",
                  "status": "succeeded", "payment_method": method}  # fmt: skip
        put(of, intent)
        session |= {"setup_intent": intent["id"], "payment_status": "no_payment_required"}
    else:
        intent = pay(of, session["amount_total"], session["customer"], method,
                     session["intent_data"], is_there=True)  # fmt: skip
        session |= {"payment_intent": intent["id"], "payment_status": "paid"}
    session["status"] = "complete"
    put(of, session)
    tell(of, "checkout.session.completed", session)


def expire(session: Thing) -> Thing:
    """End an open session. Raises StripeError when it is not open."""
    if session["status"] != "open":
        raise StripeError(400, "resource_missing", "Only open sessions can be expired.")
    session |= {"status": "expired", "url": None}
    put(carrier(), session)
    tell(carrier(), "checkout.session.expired", session)
    return session


def pay(
    of: Carrier, amount: int, customer: str, method: str, form: Thing, *, is_there: bool = False
) -> Thing:
    """Charge a card and say what came of it."""
    is_paid = is_there or method != DECLINES
    intent: Thing = {
        "id": f"pi_{secrets.token_hex(12)}", "object": "payment_intent", "amount": amount,
        "currency": "usd", "customer": customer, "payment_method": method,
        "metadata": form.get("metadata", {}), "description": form.get("description"),
        "status": "succeeded" if is_paid else "requires_payment_method",
        "amount_received": amount if is_paid else 0, "latest_charge": None,
        "last_payment_error": None if is_paid else {"code": "card_declined", "message": _DECLINED},
    }  # fmt: skip
    if is_paid:
        charge_ = {"id": f"ch_{secrets.token_hex(12)}", "object": "charge", "amount": amount,
                   "amount_refunded": 0, "payment_intent": intent["id"]}  # fmt: skip
        put(of, charge_)
        intent["latest_charge"] = charge_["id"]
    put(of, intent)
    tell(of, "payment_intent.succeeded" if is_paid else "payment_intent.payment_failed", intent)
    return intent


def give_back(of: Carrier, intent_id: str, amount: int | None = None) -> Thing:
    """Refund a payment. Raises StripeError when it went back already."""
    intent = get(of, intent_id)
    charge_ = get(of, str(intent["latest_charge"]))
    left = charge_["amount"] - charge_["amount_refunded"]
    if left <= 0:
        raise StripeError(400, "charge_already_refunded", "The charge has already been refunded.")
    charge_["amount_refunded"] += min(left, amount or left)
    put(of, charge_)
    refund_ = {"id": f"re_{secrets.token_hex(12)}", "object": "refund", "status": "succeeded",
               "payment_intent": intent_id, "amount": min(left, amount or left)}  # fmt: skip
    put(of, refund_)
    tell(of, "charge.refunded", charge_)
    return refund_


def tell(of: Carrier, kind: str, thing: Thing) -> None:
    """Send an event; the knobs of callbacks may lose, double or delay it."""
    if not of.config.stripe_webhook_url:
        return
    event: Thing = {
        "id": f"evt_{secrets.token_hex(12)}", "object": "event", "type": kind,
        "created": int(formats.now()), "livemode": False, "data": {"object": thing},
    }  # fmt: skip
    letter = outbox.Letter(
        kind="stripe",
        message_sid=event["id"],
        account_sid="",
        url=of.config.stripe_webhook_url + _RETRIES,
        params={"payload": json.dumps(event)},
    )
    outbox.post(of.store, of.knobs, letter)
    of.courier.ring()


def signed(secret: str, payload: str) -> dict[str, str]:
    """Return the headers of an event, signed as of now."""
    at = int(formats.now())
    code = hmac.new(secret.encode(), f"{at}.{payload}".encode(), sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={code}", "Content-Type": "application/json"}


def expanded(found: Thing) -> Thing:
    """Return a payment with its charge inside."""
    if found.get("latest_charge"):
        found["latest_charge"] = get(carrier(), found["latest_charge"])
    return found


def get(of: Carrier, thing_id: str) -> Thing:
    """Return an object. Raises StripeError when there is none."""
    row = of.store.row("SELECT data FROM stripe_objects WHERE id = ?", thing_id)
    if row is None:
        raise StripeError(404, "resource_missing", f"No such object: {thing_id}")
    found: Thing = json.loads(row["data"])
    return found


def put(of: Carrier, thing: Thing) -> None:
    """Keep an object as it is now."""
    with of.store.work() as db:
        db.execute(
            "INSERT INTO stripe_objects (id, kind, data) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET data = excluded.data",
            (thing["id"], thing["object"], json.dumps(thing)),
        )


def nested(pairs: list[tuple[str, str]]) -> Thing:
    """Return a form written a[b][0]=c as nested objects."""
    found: Thing = {}
    for name, value in pairs:
        *path, last = _PART.findall(name) or [name]
        at = found
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return found
