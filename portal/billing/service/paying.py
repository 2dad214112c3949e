"""Talking to the card provider (B-12), between units of work of its own.

Nobody waits for a provider inside a transaction. Each function may be cut off anywhere and run
again: the row knows what was asked, the key makes asking twice one request, and what the provider
says is applied by `money`, once.
"""

import logging
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite

from portal.billing.errors import PaymentClosed, ProviderAway
from portal.billing.models import Payment, PaymentEvent
from portal.billing.service import cards as books
from portal.billing.service import money as monies
from portal.billing.service.cards import Ask
from portal.billing.values import PaymentKind, PaymentState
from portal.core import jobs
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite, unit_of_work
from portal.core.jobs import Job
from portal.gateways import payments
from portal.gateways.payments import (
    CardProvider,
    Checkout,
    CheckoutState,
    Money,
    PaymentsRefused,
    PaymentsUnclear,
    PaymentsUnknown,
)
from portal.texting_accounts.values import AccountRef

logger = logging.getLogger(__name__)

_HEEDED: Final = (
    "checkout.session.",
    "payment_intent.succeeded",
    "charge.refunded",
)
_REFUSED: Final = timedelta(hours=1)  # a wrong key, say: an operator has to look


def send_to_checkout(account: AccountRef, payment_id: UUID, back_url: str) -> None:
    """Make the page on which a person pays; where it is stands in the payment.

    A page of before is closed first, so that nobody can pay twice. Raises PaymentNotFound,
    PaymentClosed, BeingCharged or ProviderAway.
    """
    gateway = _cards()
    with unit_of_work():
        ask = books.ask_checkout(account, payment_id)
    try:
        if ask.checkout_id and _closed(gateway, payment_id, ask.checkout_id):
            raise PaymentClosed
        checkout = gateway.open_checkout(
            ask.order, key=ask.key, expires_at=ask.until, back_url=back_url
        )
    except (PaymentsUnclear, PaymentsRefused) as error:
        logger.warning("no checkout: %s", error)
        raise ProviderAway from error
    with unit_of_work():
        books.opened(payment_id, checkout, ask.until)


def card_page(customer_id: str, back_url: str) -> str:
    """Return the provider's page on which a customer changes cards. Raises ProviderAway."""
    try:
        return _cards().portal_url(customer_id, back_url)
    except (PaymentsUnclear, PaymentsRefused) as error:
        logger.warning("no card page: %s", error)
        raise ProviderAway from error


def look(payment_id: UUID) -> None:
    """Ask the provider where a payment stands, and take what came (redirect, webhook, sweep)."""
    gateway, row = payments.cards(), db.session.get(Payment, payment_id)
    if gateway is None or row is None or row.checkout_id is None:
        return
    try:
        checkout = gateway.checkout(row.checkout_id)
    except (PaymentsUnclear, PaymentsRefused) as error:
        logger.warning("a checkout could not be read: %s", error)
        with unit_of_work():
            books.put_off(payment_id, is_asked=row.asked_at is not None)
        return
    _take(payment_id, checkout)


def settle(payment_id: UUID) -> None:
    """Do for a payment whatever is due: look, charge the saved card, give money back.

    For the worker. Safe to run any number of times and in several workers at once.
    """
    if payments.cards() is None:
        return  # the installation takes no cards any more
    row = db.session.get(Payment, payment_id)
    if row is None:
        return
    if row.state is PaymentState.WAITING:
        if row.checkout_id is not None:
            look(payment_id)
        elif row.kind is not PaymentKind.RENEWAL:
            with unit_of_work():
                books.never_opened(payment_id)
        charge(payment_id)
    elif row.state is PaymentState.LAPSED:
        charge(payment_id)  # charges nothing: only finds money that came all the same
    give_back(payment_id)


def charge(payment_id: UUID) -> None:
    """Charge the saved card for a renewal if that is due, or find out what an old try came to."""
    gateway = _cards()
    with unit_of_work():
        ask = books.ask_card(payment_id)
    if ask is None:
        return
    may_be_made = ask.was_asked or not ask.may_charge  # a try nobody heard the answer of
    try:
        if ask.checkout_id and _closed(gateway, payment_id, ask.checkout_id):
            return
        money = _found(gateway, ask)
        if money is None and ask.may_charge:
            may_be_made = False  # the provider does not have it
            money = _charged(gateway, ask)
    except PaymentsUnclear as error:
        logger.warning("a charge without an answer: %s", error)
        return  # its row is looked at again in a moment, and asks under the same key
    except PaymentsRefused as error:
        logger.error("the card provider refused a charge: %s", error)  # noqa: TRY400 (no trace of ours)
        with unit_of_work():
            books.put_off(payment_id, is_asked=may_be_made, by=_REFUSED)
        return
    with unit_of_work():
        if not ask.may_charge and not (money and (money.is_paid or money.is_moving)):
            books.nothing_came(payment_id, ask.attempt)
        elif money is None:
            books.declined(payment_id, ask.attempt, books.NO_CARD)
        elif money.is_paid:
            monies.confirm(money)
        elif money.is_moving:
            books.put_off(payment_id, is_asked=True)
        else:
            books.declined(payment_id, ask.attempt, money.problem or "The card was declined.")


def give_back(payment_id: UUID) -> None:
    """Give back what came for a payment and has no use."""
    gateway = _cards()
    with unit_of_work():
        names = monies.refund_asked(payment_id)
    for name in names:
        try:
            refund_id = gateway.refund(name, key=f"refund:{name}")
        except PaymentsUnclear as error:
            logger.warning("a refund without an answer: %s", error)
            continue
        except PaymentsRefused as error:
            if "already_refunded" not in str(error):
                logger.error("the card provider refused a refund: %s", error)  # noqa: TRY400
                continue
            refund_id = ""
        with unit_of_work():
            monies.refunded(name, refund_id or None)


def keep_event(event: dict[str, Any]) -> bool:
    """Keep a genuine webhook once, by its own name, and ask for it to be applied.

    Says whether it is news of the kind that concerns us.
    """
    kind, event_id = str(event.get("type", "")), str(event.get("id", ""))
    of = (event.get("data") or {}).get("object") or {}
    name = of.get("payment_intent") if kind.startswith("charge.") else of.get("id")
    if not (kind.startswith(_HEEDED) and event_id and name) or payments.cards() is None:
        return False
    new = (sqlite if is_sqlite() else postgresql).insert(PaymentEvent)
    db.session.execute(
        new.values(
            id=event_id[:255], kind=kind[:80], object_id=str(name)[:255], received_at=utcnow()
        ).on_conflict_do_nothing()
    )
    jobs.request(Job.APPLY_PAYMENT_EVENT, event_id[:255])
    return True


def apply_event(event_id: str) -> None:
    """Read from the provider what a webhook was about, and take what came.

    The webhook's own words are never used: so they may come twice, late or in any order.
    """
    gateway, event = payments.cards(), db.session.get(PaymentEvent, event_id)
    if gateway is None or event is None or event.applied_at is not None:
        return
    try:
        if event.kind.startswith("checkout."):
            checkout = gateway.checkout(event.object_id)
            if checkout.payment_id is not None:
                _take(checkout.payment_id, checkout)
        else:
            money = gateway.money(event.object_id)
            with unit_of_work():
                monies.confirm(money)
    except PaymentsUnknown as error:
        logger.warning("a payment event about nothing of ours: %s", error)
    except (PaymentsUnclear, PaymentsRefused) as error:
        logger.warning("a payment event could not be read: %s", error)
        return  # it waits, and is asked for again
    with unit_of_work():
        kept = db.session.get(PaymentEvent, event_id, with_for_update=True)
        if kept is not None:
            kept.applied_at = utcnow()


def _found(gateway: CardProvider, ask: Ask) -> Money | None:
    """Find what an unheard try came to; None: there was none, or it was not made."""
    customer_id = ask.order.customer_id
    if customer_id is None or not ask.was_asked:
        return None
    tries = gateway.charges(customer_id, ask.order.payment_id)
    return next((money for money in tries if money.attempt == ask.attempt), None)


def _charged(gateway: CardProvider, ask: Ask) -> Money | None:
    """Charge the card; None: there is none."""
    customer_id = ask.order.customer_id
    if customer_id is None:
        return None
    method_id = gateway.default_method(customer_id) or ask.method_id
    if method_id is None:
        return None
    return gateway.charge(ask.order, attempt=ask.attempt, method_id=method_id, key=ask.key)


def _closed(gateway: CardProvider, payment_id: UUID, checkout_id: str) -> bool:
    """Close a page; say whether somebody had paid there already, which is then taken."""
    checkout = gateway.close_checkout(checkout_id)
    if checkout.money is not None and checkout.money.is_paid:
        _take(payment_id, checkout)
        return True
    with unit_of_work():
        books.page_gone(payment_id, checkout_id)
    return False


def _take(payment_id: UUID, checkout: Checkout) -> None:
    """Apply what the provider says of a page."""
    with unit_of_work():
        if checkout.money is not None and checkout.money.is_paid:
            monies.confirm(checkout.money)
        elif checkout.state is CheckoutState.EXPIRED:
            books.checkout_closed(payment_id, checkout.id)
        else:
            books.put_off(payment_id, is_asked=True)


def _cards() -> CardProvider:
    gateway = payments.cards()
    if gateway is None:
        raise PaymentClosed
    return gateway
