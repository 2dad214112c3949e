"""Renewals that a card has to pay before they bring credits (B-3, B-12)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, update

from portal.billing import rules
from portal.billing.models import Invoice, Payment, Subscription
from portal.billing.rules import Month
from portal.billing.values import InvoiceState, PaymentKind, PaymentState
from portal.core import formats, jobs
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.jobs import Job


def renewal_key(subscription_id: UUID, month: Month) -> str:
    """Return what names a subscription's charge of one month: there is one of it."""
    return f"renewal:{subscription_id}:{rules.period(month.first_day)}"


def await_card(subscription: Subscription, month: Month, *, description: str) -> None:
    """Write down that the card is to be charged for a month; its credits wait for the money.

    The account's ledger is locked. A worker charges the card within seconds.
    """
    payment = Payment(
        organization_id=subscription.organization_id,
        account_id=subscription.account_id,
        request_key=renewal_key(subscription.id, month),
        kind=PaymentKind.RENEWAL,
        subscription_id=subscription.id,
        plan_id=subscription.plan_id,
        plan_name=subscription.plan_name,
        credits_per_month=subscription.credits_per_month,
        price_cents=subscription.price_cents,
        amount_cents=subscription.price_cents,
        description=description,
        period_start=month.first_day,
        period_end=month.last_day,
        next_charge_at=month.ends_at,
        actor_label=SYSTEM.label,
        act_at=utcnow(),
        retry_at=utcnow(),
    )
    db.session.add(payment)
    db.session.flush()  # the job is named after payment.id
    jobs.request(Job.SETTLE_PAYMENT, payment.id)


def owed(account_id: UUID) -> list[Payment]:
    """Return the account's renewals that wait for their money, the oldest first."""
    return list(
        db.session.scalars(
            select(Payment)
            .where(
                Payment.account_id == account_id,
                Payment.kind == PaymentKind.RENEWAL,
                Payment.state == PaymentState.WAITING,
            )
            .order_by(Payment.created_at, Payment.id)
            .execution_options(populate_existing=True)
        )
    )


def try_again(account_id: UUID, at: datetime | None) -> None:
    """Say when the card is charged next for what is owed; None: not by itself any more.

    A try without an answer, and an open page, are still asked about: money may have come.
    """
    for payment in owed(account_id):
        payment.retry_at = at
        if at is not None or not _may_have_come(payment):
            payment.act_at = at
        if at is not None:
            jobs.request(Job.SETTLE_PAYMENT, payment.id)


def let_go(account_id: UUID) -> int:
    """Give up what is owed: the subscription ended, its credits never came, nobody pays it.

    Returns how many renewals that were. Their invoices are void. Where money may have come all
    the same, the sweep asks once more, and it goes back.
    """
    given_up = owed(account_id)
    for payment in given_up:
        give_up(payment)
        close_invoice(payment, InvoiceState.VOID, "The subscription ended unpaid", paid_on=None)
    return len(given_up)


def give_up(payment: Payment) -> None:
    """Let one renewal lapse; where money may have come all the same, the sweep asks once more."""
    payment.state, payment.retry_at = PaymentState.LAPSED, None
    payment.act_at = (payment.act_at or utcnow()) if _may_have_come(payment) else None


def _may_have_come(payment: Payment) -> bool:
    return payment.asked_at is not None or payment.checkout_id is not None


def close_invoice(
    payment: Payment, state: InvoiceState, note: str | None, *, paid_on: date | None
) -> None:
    """Say what became of a renewal's invoice; late money lifts a void one, nothing a paid one."""
    before = [InvoiceState.OPEN]
    if state is InvoiceState.PAID:
        before.append(InvoiceState.VOID)
    db.session.execute(
        update(Invoice)
        .where(
            Invoice.account_id == payment.account_id,
            Invoice.request_key == payment.request_key,
            Invoice.state.in_(before),
        )
        .values(
            state=state,
            closed_at=utcnow(),
            closed_by=SYSTEM.label,
            closing_note=note,
            provider_reference=payment.money_id,
            paid_on=paid_on,
        )
        .execution_options(synchronize_session=False)
    )


def note_refund(payment: Payment) -> None:
    """Say on a paid invoice how much of its money went back since; it stays written and paid."""
    sum_ = formats.money(payment.refunded_cents)
    db.session.execute(
        update(Invoice)
        .where(
            Invoice.account_id == payment.account_id,
            Invoice.request_key == payment.request_key,
            Invoice.state == InvoiceState.PAID,
        )
        .values(closing_note=f"{payment.money_id}, {sum_} went back to the card"[:200])
        .execution_options(synchronize_session=False)
    )
