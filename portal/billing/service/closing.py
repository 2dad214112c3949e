"""Noting by hand that an invoice is paid or void (B-12).

A renewal that waited for its card when the installation stopped taking cards is closed here too.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from portal.billing.errors import NotSubscribed
from portal.billing.models import Invoice, Payment
from portal.billing.service import cards, dues, invoicing, money, renewing
from portal.billing.values import PaymentState
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.gateways import payments
from portal.texting_accounts import queries as accounts


def mark_paid(invoice_id: UUID, *, paid_on: date, reference: str, actor: Actor) -> str:
    """Note that the money of an invoice came, and return its number as printed.

    A renewal that no card can pay any more brings its credits now. Raises InvoiceNotFound,
    InvoiceClosed, or PaidElsewhere where a provider collects it.
    """
    payment = _stranded(invoice_id)
    label = invoicing.mark_paid(invoice_id, paid_on=paid_on, reference=reference, actor=actor)
    if payment is not None and payment.subscription_id is not None:
        account = accounts.account(payment.account_id)
        if account is None:
            raise NotSubscribed
        # A name of ours: should the card's money be heard of after all, it goes back.
        payment.state, payment.money_id = PaymentState.PAID, f"by hand: {invoice_id}"
        payment.paid_at = utcnow()
        payment.act_at = payment.retry_at = payment.asked_at = payment.problem = None
        renewing.renewed(account, payment.subscription_id, money.terms_of(payment))
        renewing.goes_on(payment.subscription_id)
        cards.record(payment, "pay", actor)
    return label


def void(invoice_id: UUID, *, reason: str, actor: Actor) -> str:
    """Note that an invoice is not to be paid; credits that came stay. Returns its number as printed.

    Raises InvoiceNotFound, InvoiceClosed or PaidElsewhere.
    """
    payment = _stranded(invoice_id)
    label = invoicing.void(invoice_id, reason=reason, actor=actor)
    if payment is not None and payment.subscription_id is not None:
        dues.give_up(payment)
        db.session.flush()  # goes_on asks what is owed still
        renewing.goes_on(payment.subscription_id)
        cards.record(payment, "lapse", actor)
    return label


def _stranded(invoice_id: UUID) -> Payment | None:
    """Return the locked renewal of an invoice that waits for a card while none are taken."""
    if payments.cards() is not None:
        return None
    found = db.session.scalar(
        select(Payment.id)
        .join(
            Invoice,
            (Invoice.account_id == Payment.account_id)
            & (Invoice.request_key == Payment.request_key),
        )
        .where(Invoice.id == invoice_id, Payment.state == PaymentState.WAITING)
    )
    payment = cards.with_books(found) if found else None
    return payment if payment and payment.state is PaymentState.WAITING else None
