"""What money by card does to the books (B-12): one transaction from the money to the credits.

Money is believed when the provider's API says so, never a webhook's or a browser's word. A
payment's state only moves on, so the same news may come any number of times and in any order.
"""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.billing import queries, rules
from portal.billing.errors import GivenBack, TermsChanged
from portal.billing.models import Payment, PaymentCustomer, PaymentRefund
from portal.billing.service import cards, dues, renewing, subscriptions
from portal.billing.service.subscriptions import Terms
from portal.billing.values import InvoiceState, PaymentKind, PaymentState, PlanRef
from portal.core import jobs
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite, part_of_work
from portal.core.errors import DomainError
from portal.core.jobs import Job
from portal.gateways.payments import Money
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef


def confirm(money: Money) -> PaymentState | None:
    """Take money that came and give what it was for, in this one transaction.

    Again, or in whatever order, is harmless. Money that came twice, of another sum, or for what
    can't be had any more goes back. Returns where the payment stands; None: it is none of ours.
    """
    row = cards.with_books(money.payment_id) if money.payment_id else None
    if row is None or not money.is_paid:
        return row.state if row else None
    if row.money_id is not None:
        if row.money_id == money.id:
            _note_refund(row, money)
        else:
            _give_back(row, money, "It was paid twice")
        return row.state
    _remember(row, money)
    row.state, row.money_id, row.paid_at = PaymentState.PAID, money.id, utcnow()
    row.act_at = row.retry_at = row.asked_at = row.problem = None
    account = accounts.account(row.account_id)
    try:
        if account is None or money.amount_cents != row.amount_cents:
            raise TermsChanged
        if money.is_gone:
            raise GivenBack
        with part_of_work():
            _apply(account, row)
    except DomainError as error:
        row.state = PaymentState.RETURNED
        _give_back(row, money, error.message)
        dues.close_invoice(row, InvoiceState.VOID, error.message, paid_on=None)
        cards.record(row, "return", SYSTEM, reason=error.message)
    else:
        cards.record(row, "pay", SYSTEM)
    _note_refund(row, money)
    return row.state


def refund_asked(payment_id: UUID) -> list[str]:
    """Take charge of giving money back and return the names of what came."""
    now = utcnow()
    rows = db.session.scalars(
        select(PaymentRefund)
        .where(PaymentRefund.payment_id == payment_id, PaymentRefund.act_at <= now)
        .with_for_update()
    ).all()
    for row in rows:
        row.act_at = now + cards.LOOK_AGAIN
    return [row.money_id for row in rows]


def refunded(money_id: str, refund_id: str | None) -> None:
    """Note that money went back; None: it had gone back already."""
    row = db.session.get(PaymentRefund, money_id, with_for_update=True)
    if row is not None and row.done_at is None:
        row.refund_id, row.done_at, row.act_at = refund_id, utcnow(), None


def terms_of(row: Payment) -> Terms:
    """Return the terms that were frozen when a payment was asked."""
    return Terms(
        plan=PlanRef(row.plan_id, row.plan_name, row.credits_per_month, row.price_cents),
        amount_cents=row.amount_cents,
        description=row.description,
        period_start=row.period_start,
        period_end=row.period_end,
        next_charge_at=row.next_charge_at,
        request_key=row.request_key,
        provider=cards.PROVIDER,
        reference=row.money_id,
    )


def _apply(account: AccountRef, row: Payment) -> None:
    """Give what a payment was for. Raises what refuses it."""
    actor, terms = Actor(row.actor_id, row.actor_label, None), terms_of(row)
    if row.kind is PaymentKind.PURCHASE:
        started = subscriptions.start(account, terms, actor=actor)
        row.subscription_id = started.id
    elif row.kind is PaymentKind.UPGRADE:
        _upgrade(account, row, actor)
    else:
        assert row.subscription_id is not None  # a renewal is of one
        renewing.renewed(account, row.subscription_id, terms)
        today = rules.local_day(utcnow(), queries.zone_of(account.organization_id))
        dues.close_invoice(row, InvoiceState.PAID, None, paid_on=today)
        renewing.goes_on(row.subscription_id)


def _upgrade(account: AccountRef, row: Payment, actor: Actor) -> None:
    """Change the plan for what was shown; raises where it would do something else by now."""
    zone = queries.zone_of(account.organization_id)
    quote = subscriptions.change_terms(
        account, row.plan_id, request_key=row.request_key, shown_cents=None
    )
    is_as_shown = (
        quote.before.terms_key == row.terms_before
        and quote.after.credits_per_month == row.credits_per_month
        and quote.after.price_cents == row.price_cents
        and quote.next_charge_at == rules.first_at(row.next_charge_at, zone)
    )
    if not is_as_shown:
        raise TermsChanged
    subscriptions.apply_change(
        account,
        replace(quote, charge_cents=row.amount_cents),
        request_key=row.request_key,
        actor=actor,
        provider=cards.PROVIDER,
        reference=row.money_id,
    )


def _remember(row: Payment, money: Money) -> None:
    """Keep who paid at the provider, and with which of their cards."""
    if money.customer_id is None:
        return
    known = db.session.get(PaymentCustomer, row.account_id)
    if known is None:
        known = PaymentCustomer(account_id=row.account_id, organization_id=row.organization_id)
        db.session.add(known)
    known.customer_id = money.customer_id
    known.method_id = money.method_id or known.method_id


def _note_refund(row: Payment, money: Money) -> None:
    """Keep how much of a payment went back, its invoice too; what was granted stays (B-7)."""
    if money.refunded_cents > row.refunded_cents:
        row.refunded_cents = money.refunded_cents
        dues.note_refund(row)
        cards.record(row, "refund", SYSTEM, refunded_cents=money.refunded_cents)


def _give_back(row: Payment, money: Money, reason: str) -> None:
    """Have money given back, once."""
    if money.amount_cents == 0:
        return
    new = (sqlite if is_sqlite() else postgresql).insert(PaymentRefund)
    db.session.execute(
        new.values(
            money_id=money.id,
            organization_id=row.organization_id,
            account_id=row.account_id,
            payment_id=row.id,
            amount_cents=money.amount_cents,
            reason=reason[:200],
            created_at=utcnow(),
            act_at=utcnow(),
        ).on_conflict_do_nothing()
    )
    jobs.request(Job.SETTLE_PAYMENT, row.id)
