"""Asking for money by card (B-12): the row first, then the provider outside any transaction.

A row is locked after the account's ledger. Nothing is bought or granted here: that is `money`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from portal.billing import queries
from portal.billing.errors import (
    BeingCharged,
    PaymentClosed,
    PaymentNotFound,
    RequestReused,
)
from portal.billing.models import Payment, PaymentCustomer
from portal.billing.service import renewing, subscriptions
from portal.billing.service.settling import settled
from portal.billing.service.subscriptions import Terms
from portal.billing.values import (
    PaymentKind,
    PaymentRef,
    PaymentState,
)
from portal.core import audit
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.gateways.payments import Checkout, Order
from portal.notifications import service as notifications
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

PROVIDER: Final = "stripe"  # the one that takes cards
CHECKOUT_FOR: Final = timedelta(minutes=31)  # the provider takes no less than 30
LOOK_AGAIN: Final = timedelta(minutes=5)
IN_FLIGHT: Final = timedelta(seconds=90)  # longer than a call to the provider can take
RETRIES: Final = (timedelta(days=3), timedelta(days=5), timedelta(days=7))  # after the 1st
_UNPAID: Final = frozenset({PaymentState.WAITING, PaymentState.LAPSED})
_A_DAY: Final = timedelta(days=1)
NO_CARD: Final = (
    "No card is saved. Pay this month once by card, and the next ones go by themselves."
)


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be asked of the provider now, its answer not known yet."""

    order: Order
    key: str
    until: datetime
    attempt: int = 0
    method_id: str | None = None
    was_asked: bool = False  # by a run that never told us the answer
    checkout_id: str | None = None  # a page that has to be closed first
    may_charge: bool = True  # False: only find out what became of it


def begin_purchase(
    account: AccountRef,
    plan_id: UUID,
    *,
    actor: Actor,
    request_key: str,
    shown_cents: int | None,
    shown_terms: str | None = None,
) -> PaymentRef:
    """Write down what somebody is about to pay for a plan; nothing is bought yet (B-2).

    Asking again with the same request_key returns the first payment. Raises what subscribe does.
    """
    subscriptions.lock(account)
    if (first := _by_key(account, plan_id, request_key)) is not None:
        return first
    terms = subscriptions.purchase_terms(
        account,
        plan_id,
        request_key=request_key,
        shown_cents=shown_cents,
        shown_terms=shown_terms,
    )
    return _begin(account, PaymentKind.PURCHASE, terms, actor)


def begin_upgrade(
    account: AccountRef,
    plan_id: UUID,
    *,
    actor: Actor,
    request_key: str,
    shown_cents: int | None,
    shown_terms: str | None = None,
) -> PaymentRef | None:
    """Write down what somebody is about to pay for a larger plan (B-5).

    Returns None for a change that costs nothing: that is simply made. Raises what change_plan does.
    """
    subscriptions.lock(account)
    if (first := _by_key(account, plan_id, request_key)) is not None:
        return first
    quote = subscriptions.change_terms(
        account,
        plan_id,
        request_key=request_key,
        shown_cents=shown_cents,
        shown_terms=shown_terms,
    )
    if not quote.charge_cents:
        return None
    running = queries.subscription(account.id)
    assert running is not None  # change_terms found it
    terms = Terms(
        plan=quote.after,
        amount_cents=quote.charge_cents,
        description=f"{quote.before.name} to {quote.after.name}, "
        f"{quote.days_left} of {quote.days_in_month} days",
        period_start=quote.starts_on,
        period_end=quote.ends_on,
        next_charge_at=quote.next_charge_at,
        request_key=request_key,
    )
    before = quote.before.terms_key
    return _begin(
        account, PaymentKind.UPGRADE, terms, actor, subscription_id=running.id, terms_before=before
    )


def ask_checkout(account: AccountRef, payment_id: UUID) -> Ask:
    """Return what is asked of the provider for a page on which this is paid.

    Raises PaymentNotFound, PaymentClosed, or BeingCharged while the saved card is asked.
    """
    settled(account.id, utcnow())
    row = locked(payment_id)
    if row is None or row.account_id != account.id:
        raise PaymentNotFound
    if row.state is not PaymentState.WAITING:
        raise PaymentClosed
    if row.asked_at is not None:
        raise BeingCharged  # or a run died while it asked: the sweep finds out first
    now = utcnow()
    row.checkout_count += 1
    row.act_at = now + LOOK_AGAIN
    return Ask(
        _order(row),
        f"{row.id}:checkout:{row.checkout_count}",
        now + CHECKOUT_FOR,
        checkout_id=row.checkout_id,
    )


def opened(payment_id: UUID, checkout: Checkout, until: datetime) -> None:
    """Note where a payment can be made."""
    row = locked(payment_id)
    if row is not None and row.state is PaymentState.WAITING:
        row.checkout_id, row.checkout_url = checkout.id, checkout.url
        row.checkout_until, row.act_at = until, utcnow() + LOOK_AGAIN


def ask_card(payment_id: UUID) -> Ask | None:
    """Take charge of charging the saved card for a renewal; None when there is nothing to do.

    A try whose answer nobody heard is asked again under its own key, never under another. Once
    nobody wants the card charged any more, it is only found out what came of the try or the page.
    """
    if (row := with_books(payment_id)) is None:
        return None
    now = utcnow()
    if row.state not in _UNPAID or row.kind is not PaymentKind.RENEWAL:
        return None
    is_over = row.state is PaymentState.LAPSED
    if is_over and row.asked_at is None and row.checkout_id is None:
        return None
    if row.asked_at is not None and now - row.asked_at < IN_FLIGHT:
        return None  # another run is at it
    is_new = row.asked_at is None and not is_over
    if is_new and (row.retry_at is None or row.retry_at > now):
        return None
    if is_new and accounts.is_closed(row.account_id):
        row.retry_at = row.act_at = None  # given up when its subscription ends on the 1st
        return None
    was_asked = row.asked_at is not None
    if is_new:
        row.attempt += 1
    row.asked_at, row.act_at = now, now + IN_FLIGHT
    customer = db.session.get(PaymentCustomer, row.account_id)
    return Ask(
        _order(row),
        f"{row.id}:charge:{row.attempt}",
        now,
        attempt=row.attempt,
        method_id=customer.method_id if customer else None,
        was_asked=was_asked,
        checkout_id=row.checkout_id,
        may_charge=not is_over and row.retry_at is not None,
    )


def nothing_came(payment_id: UUID, attempt: int) -> None:
    """Note that no money came of a try after which the card is not charged again."""
    row = with_books(payment_id)
    if row is not None and row.attempt == attempt and row.retry_at is None:
        row.asked_at = row.act_at = None


def page_gone(payment_id: UUID, checkout_id: str) -> None:
    """Forget a page that was closed, for another takes its place or the card is charged."""
    row = with_books(payment_id)
    if row is not None and row.checkout_id == checkout_id:
        row.checkout_id = row.checkout_url = row.checkout_until = None


def checkout_closed(payment_id: UUID, checkout_id: str) -> None:
    """Note that nobody can pay on this page any more; a purchase without one is over."""
    row = with_books(payment_id)
    if row is None or row.state is not PaymentState.WAITING or row.checkout_id != checkout_id:
        return
    row.checkout_id = row.checkout_url = row.checkout_until = None
    if row.kind is not PaymentKind.RENEWAL:
        row.state, row.act_at = PaymentState.LAPSED, None
    elif row.asked_at is None:
        row.act_at = row.retry_at


def put_off(payment_id: UUID, *, is_asked: bool, by: timedelta = LOOK_AGAIN) -> None:
    """Look at a payment again later; is_asked: its last try may still turn out to be paid."""
    row = with_books(payment_id)
    if row is None or row.state not in _UNPAID:
        return
    row.act_at = utcnow() + by
    if not is_asked:
        row.asked_at = None
        row.retry_at = row.act_at if row.retry_at else None


def never_opened(payment_id: UUID) -> None:
    """End a purchase for which no page was ever made: the process died before, and nobody waits."""
    row = with_books(payment_id)
    if row is not None and row.state is PaymentState.WAITING and row.checkout_id is None:
        row.state, row.act_at = PaymentState.LAPSED, None


def declined(payment_id: UUID, attempt: int, problem: str) -> None:
    """Note that the card was declined, tell the people, and plan the next try (B-3, B-12).

    Tries are on the 1st and 3, 5 and 7 days later. Meanwhile everything works with the credits
    that rolled over. After the last try the subscription ends on the next 1st unless it is paid.
    """
    row = with_books(payment_id)
    if row is None or row.state is not PaymentState.WAITING or row.attempt != attempt:
        return
    row.asked_at, row.problem = None, problem[:200]
    row.declines += 1
    is_last = row.declines > len(RETRIES)
    running = queries.subscription(row.account_id)
    goes_on = running is not None and not running.is_canceling
    may_retry = goes_on and not is_last
    row.retry_at = row.act_at = None
    if may_retry:  # a try that comes late does not move the others
        planned = row.created_at + RETRIES[row.declines - 1]
        row.retry_at = row.act_at = max(planned, utcnow() + _A_DAY)
    if is_last and row.subscription_id is not None:
        renewing.end_unpaid(row.subscription_id)
    _tell(row, goes_on=goes_on, may_retry=may_retry)
    record(row, "decline", SYSTEM, declines=row.declines)


def _begin(
    account: AccountRef,
    kind: PaymentKind,
    terms: Terms,
    actor: Actor,
    *,
    subscription_id: UUID | None = None,
    terms_before: str | None = None,
) -> PaymentRef:
    row = Payment(
        organization_id=account.organization_id,
        account_id=account.id,
        request_key=terms.request_key,
        kind=kind,
        subscription_id=subscription_id,
        terms_before=terms_before,
        plan_id=terms.plan.id,
        plan_name=terms.plan.name,
        credits_per_month=terms.plan.credits_per_month,
        price_cents=terms.plan.price_cents,
        amount_cents=terms.amount_cents,
        description=terms.description,
        period_start=terms.period_start,
        period_end=terms.period_end,
        next_charge_at=terms.next_charge_at,
        actor_id=actor.id,
        actor_label=actor.label[:200],
        act_at=utcnow() + LOOK_AGAIN,
    )
    db.session.add(row)
    db.session.flush()  # the entry is named after row.id
    record(row, "ask", actor)
    return queries.payment_ref(row)


def _by_key(account: AccountRef, plan_id: UUID, request_key: str) -> PaymentRef | None:
    row = db.session.scalar(
        select(Payment).where(Payment.account_id == account.id, Payment.request_key == request_key)
    )
    if row is not None and row.plan_id != plan_id:
        raise RequestReused
    return queries.payment_ref(row) if row else None


def with_books(payment_id: UUID) -> Payment | None:
    """Lock a payment, its account's ledger first and with all that was due done."""
    account_id = db.session.scalar(select(Payment.account_id).where(Payment.id == payment_id))
    if account_id is None:
        return None
    settled(account_id, utcnow())
    return locked(payment_id)


def locked(payment_id: UUID) -> Payment | None:
    """Lock a payment and return it as it is now."""
    return db.session.get(Payment, payment_id, with_for_update=True, populate_existing=True)


def _order(row: Payment) -> Order:
    customer = db.session.get(PaymentCustomer, row.account_id)
    return Order(
        row.id, row.amount_cents, row.description, customer.customer_id if customer else None
    )


def _tell(row: Payment, *, goes_on: bool, may_retry: bool) -> None:
    account = accounts.account(row.account_id)
    if account is None:
        return
    what = "We do not try again; it can still be paid."
    if may_retry:
        what = "We try again."
    elif goes_on:
        what = "The subscription ends on the 1st unless you pay."
    notifications.notify(
        organization_id=row.organization_id,
        account_id=row.account_id,
        user_ids=accounts.watchers(account),
        kind="credits",
        title=f"The card for {account.name} was declined",
        text=f"{row.description}: {row.problem} This month's credits wait for the payment. {what}",
        url=f"/accounts/{row.account_id}/payments/{row.id}",
        dedupe_key=f"declined:{row.id}:{row.declines}",
    )


def record(row: Payment, verb: str, actor: Actor, **facts: object) -> None:
    """Write what happened to a payment into the audit log."""
    audit.record(
        f"billing:payment:{verb}",
        actor=actor,
        organization_id=row.organization_id,
        account_id=row.account_id,
        subject_id=row.id,
        what=row.kind.value,
        amount_cents=row.amount_cents,
        description=row.description,
        **facts,
    )
