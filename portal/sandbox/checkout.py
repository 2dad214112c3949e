"""The pages of the stand-in for Stripe: a checkout, and a customer's own cards."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.sandbox import stripe
from portal.sandbox.context import carrier
from portal.sandbox.stripe import DECLINES, GOOD, StripeError

bp = Blueprint("checkout", __name__, url_prefix="/stripe")
_PAGES = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)


@bp.errorhandler(StripeError)
def _refuse(error: StripeError) -> Response:
    return Response(f"{error}\n", error.status, mimetype="text/plain")


@bp.get("/checkout/<session_id>")
def checkout(session_id: str) -> Response:
    """Show what is to be paid, with the ways it may go."""
    session = stripe.session_of(session_id)
    return _page("sandbox/checkout.html", session["success_url"], session=session, problem=None)


@bp.post("/checkout/<session_id>")
def act(session_id: str) -> AnyResponse:
    """Pay, be declined, or leave."""
    session = stripe.session_of(session_id)
    done = request.form.get("do")
    if done == "leave":
        return redirect(session["cancel_url"], 303)
    if session["status"] != "open":
        return _page("sandbox/checkout.html", session["success_url"], session=session, problem=None)
    if done == "decline":
        problem = "Your card was declined. Try another card."
        return _page(
            "sandbox/checkout.html", session["success_url"], 402, session=session, problem=problem
        )
    stripe.complete(carrier(), session, DECLINES if done == "pay-once" else GOOD)
    return redirect(session["success_url"], 303)


@bp.get("/portal/<session_id>")
def portal(session_id: str) -> Response:
    """Show the customer's card and let them change it."""
    session = stripe.get(carrier(), session_id)
    customer = stripe.get(carrier(), session["customer"])
    return _page("sandbox/card.html", session["return_url"], session=session, customer=customer)


@bp.post("/portal/<session_id>")
def change_card(session_id: str) -> AnyResponse:
    """Choose which card is charged from now on."""
    session = stripe.get(carrier(), session_id)
    customer = stripe.get(carrier(), session["customer"])
    chosen = DECLINES if request.form.get("card") == DECLINES else GOOD
    customer["invoice_settings"]["default_payment_method"] = chosen
    stripe.put(carrier(), customer)
    return redirect(url_for("checkout.portal", session_id=session_id), 303)


def _page(template: str, back_url: str, status: int = 200, **context: object) -> Response:
    """Answer with a page whose forms may lead back to the shop, and nowhere else."""
    parts = urlsplit(back_url)
    html = render_template(template, here="checkout", back_url=back_url, **context)
    response = make_response(html, status)
    response.headers["Content-Security-Policy"] = f"{_PAGES} {parts.scheme}://{parts.netloc}"
    return response
