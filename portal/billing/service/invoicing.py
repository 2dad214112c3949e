"""Writing invoices, and noting that they are paid or void (B-12)."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite

from portal.billing import queries, rules
from portal.billing.errors import InvoiceClosed, InvoiceNotFound, PaidElsewhere
from portal.billing.models import BillingDetails, Invoice, InvoiceIssuer, InvoiceSequence
from portal.billing.values import INVOICE_PROVIDER, InvoiceRef, InvoiceState, Issuer, Payer
from portal.core import audit, formats
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import Last, before_commit, db, is_sqlite
from portal.gateways import payments
from portal.mail import service as letters
from portal.mail.values import Attachment, Outgoing
from portal.texting_accounts import queries as accounts

ISSUER_ID = 1


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be paid for a subscription, and how; with a reference it is paid already."""

    organization_id: UUID
    account_id: UUID
    subscription_id: UUID
    description: str
    amount_cents: int
    period_start: date
    period_end: date
    request_key: str
    provider: str = INVOICE_PROVIDER
    reference: str | None = None


def bill(due: Due, *, actor: Actor) -> None:
    """Write the invoice at the end of the unit of work.

    Invoice numbers have one lock an organization. It comes after every ledger in the lock
    order, since one unit of work may renew several accounts (RULINGS 6).
    """
    before_commit(Last.INVOICES, due.organization_id, lambda: _write(due, actor))


def mark_paid(invoice_id: UUID, *, paid_on: date, reference: str, actor: Actor) -> str:
    """Note that the money of an invoice came, and return its number as printed.

    Raises InvoiceNotFound, InvoiceClosed, or PaidElsewhere where a provider collects it.
    """
    return _close(invoice_id, InvoiceState.PAID, reference, actor, paid_on=paid_on)


def void(invoice_id: UUID, *, reason: str, actor: Actor) -> str:
    """Note that an invoice is not to be paid; its credits stay. Returns its number as printed.

    Raises InvoiceNotFound, InvoiceClosed or PaidElsewhere.
    """
    return _close(invoice_id, InvoiceState.VOID, reason, actor)


def set_issuer(issuer: Issuer, *, actor: Actor) -> None:
    """Say who writes invoices from now on."""
    row = db.session.get(InvoiceIssuer, ISSUER_ID, with_for_update=True)
    if row is None:
        row = InvoiceIssuer(id=ISSUER_ID)
        db.session.add(row)
    row.name, row.address, row.tax_number = issuer.name, issuer.address, issuer.tax_number
    row.email, row.pay_to, row.due_days = issuer.email, issuer.pay_to, issuer.due_days
    audit.record(
        "billing:issuer:edit",
        actor=actor,
        organization_id=None,
        subject_id=None,
        name=issuer.name,
        due_days=issuer.due_days,
    )


def set_payer(organization_id: UUID, payer: Payer, *, actor: Actor) -> None:
    """Say who pays the organization's invoices from now on."""
    row = db.session.get(BillingDetails, organization_id, with_for_update=True)
    if row is None:
        row = BillingDetails(organization_id=organization_id)
        db.session.add(row)
    row.name, row.address, row.tax_number = payer.name, payer.address, payer.tax_number
    row.order_number, row.contact_email = payer.order_number, payer.contact_email
    audit.record(
        "billing:payer:edit",
        actor=actor,
        organization_id=organization_id,
        subject_id=None,
        name=payer.name,
        order_number=payer.order_number,
    )


def mail(invoice: InvoiceRef, content: bytes) -> bool:
    """Send a written invoice to its billing contact, once; call it in a unit of work of its own.

    Says whether a mail was written now.
    """
    row = db.session.get(Invoice, invoice.id, with_for_update=True, populate_existing=True)
    if row is None or row.mailed_at is not None or row.mail_to is None:
        return False
    row.mailed_at = utcnow()
    return letters.offer(
        Outgoing(
            to=row.mail_to,
            template="invoice",
            subject=f"{invoice.label}: {formats.money(invoice.amount_cents)}, {invoice.seller_name}",
            key=f"invoice:{invoice.id}",
            context={
                "label": invoice.label,
                "what": invoice.description,
                "account": invoice.account_name,
                "amount": formats.money(invoice.amount_cents),
                "due": formats.date_words(invoice.due_on),
                "is_open": invoice.is_open,
                "is_void": invoice.state is InvoiceState.VOID,
                "pay_to": ", ".join(invoice.how_to_pay),
            },
            organization_id=invoice.organization_id,
            attachments=(Attachment(f"{invoice.label}.pdf", "application/pdf", content),),
        )
    )


def _write(due: Due, actor: Actor) -> None:
    is_paid = due.amount_cents == 0 or due.reference is not None
    number, now = _next_number(due.organization_id), utcnow()
    seller, buyer = queries.issuer(), queries.payer(due.organization_id)
    account = accounts.account(due.account_id)
    today = rules.local_day(now, queries.zone_of(due.organization_id))
    db.session.add(
        Invoice(
            organization_id=due.organization_id,
            account_id=due.account_id,
            subscription_id=due.subscription_id,
            number=number,
            description=due.description,
            amount_cents=due.amount_cents,
            period_start=due.period_start,
            period_end=due.period_end,
            provider=due.provider,
            provider_reference=due.reference,
            state=InvoiceState.PAID if is_paid else InvoiceState.OPEN,
            request_key=due.request_key,
            created_at=now,
            due_on=today + timedelta(days=seller.due_days),
            seller_name=seller.name,
            seller_lines=rules.address_lines(
                seller.address, ("", seller.email), ("Tax number ", seller.tax_number)
            ),
            pay_to=seller.pay_to,
            buyer_name=buyer.name,
            buyer_lines=rules.address_lines(
                buyer.address,
                ("Tax number ", buyer.tax_number),
                ("Your order number ", buyer.order_number),
            ),
            account_name=account.name if account else "",
            closed_at=now if is_paid else None,
            closed_by=actor.label[:200] if is_paid else None,
            paid_on=today if is_paid else None,
            mail_to=buyer.contact_email or None,
        )
    )
    audit.record(
        "billing:invoice:write",
        actor=actor,
        organization_id=due.organization_id,
        account_id=due.account_id,
        subject_id=due.subscription_id,
        invoice=number,
        charged_cents=due.amount_cents,
        description=due.description,
        provider=due.provider,
    )


def _close(
    invoice_id: UUID, state: InvoiceState, note: str, actor: Actor, paid_on: date | None = None
) -> str:
    row = db.session.get(Invoice, invoice_id, with_for_update=True)
    if row is None:
        raise InvoiceNotFound
    label = f"INV-{row.number:05d}"
    if row.state is not InvoiceState.OPEN:
        raise InvoiceClosed(label, row.state.value)
    if row.provider != INVOICE_PROVIDER and payments.cards() is not None:
        raise PaidElsewhere(label)
    row.state, row.closed_at, row.closed_by = state, utcnow(), actor.label[:200]
    row.closing_note, row.paid_on = note or None, paid_on
    audit.record(
        f"billing:invoice:{'pay' if state is InvoiceState.PAID else 'void'}",
        actor=actor,
        organization_id=row.organization_id,
        account_id=row.account_id,
        subject_id=row.id,
        invoice=row.number,
        amount_cents=row.amount_cents,
        note=note,
        paid_on=paid_on.isoformat() if paid_on else None,
    )
    return label


def _next_number(organization_id: UUID) -> int:
    """Return the organization's next invoice number; a second buyer waits for the first."""
    new = (sqlite if is_sqlite() else postgresql).insert(InvoiceSequence)
    number: int = db.session.scalars(
        new.values(organization_id=organization_id, last_number=1)
        .on_conflict_do_update(
            index_elements=[InvoiceSequence.organization_id],
            set_={"last_number": InvoiceSequence.last_number + 1},
        )
        .returning(InvoiceSequence.last_number)
        .execution_options(populate_existing=True)
    ).one()
    return number
