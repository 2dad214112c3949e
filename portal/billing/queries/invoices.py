"""Reading invoices, who writes them and who pays them (B-12)."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_

from portal.billing import rules
from portal.billing.errors import InvoiceNotFound
from portal.billing.models import BillingDetails, Invoice, InvoiceIssuer, Payment
from portal.billing.queries.books import zone_of
from portal.billing.queries.payments import payment_ref
from portal.billing.values import (
    INVOICE_PROVIDER,
    InvoiceFilter,
    InvoiceRef,
    InvoiceState,
    Issuer,
    Payer,
    PaymentRef,
)
from portal.core.db import db
from portal.core.settings import settings
from portal.core.tenancy import Tenant, owned
from portal.gateways import payments
from portal.people import queries as people

_EVERYTHING: Final = InvoiceFilter()


def invoices(
    tenant: Tenant,
    wanted: InvoiceFilter = _EVERYTHING,
    *,
    before: int | None = None,
    limit: int = 50,
) -> list[InvoiceRef]:
    """Return the account's invoices, newest first, below the number `before` (B-12)."""
    zone = zone_of(tenant.organization_id)
    query = select(Invoice).where(owned(tenant, Invoice), *_conditions(wanted, zone))
    if before is not None:
        query = query.where(Invoice.number < before)
    return _refs(query.order_by(Invoice.number.desc()).limit(limit))


def every_invoice(
    wanted: InvoiceFilter, *, zone: str, before: InvoiceRef | None = None, limit: int = 50
) -> list[InvoiceRef]:
    """Return invoices of all organizations, newest first, for an admin. Months are of `zone`."""
    query = select(Invoice).where(*_conditions(wanted, zone))
    if before is not None:
        query = query.where(
            tuple_(Invoice.created_at, Invoice.id)
            < tuple_(before.at, before.id)  # the index's order
        )
    return _refs(query.order_by(Invoice.created_at.desc(), Invoice.id.desc()).limit(limit))


def invoice(tenant: Tenant, invoice_id: UUID) -> InvoiceRef:
    """Return one invoice of the account. Raises InvoiceNotFound."""
    found = _refs(select(Invoice).where(owned(tenant, Invoice), Invoice.id == invoice_id))
    if not found:
        raise InvoiceNotFound
    return found[0]


def any_invoice(invoice_id: UUID) -> InvoiceRef | None:
    """Return an invoice of any organization, for an admin, or None."""
    found = _refs(select(Invoice).where(Invoice.id == invoice_id))
    return found[0] if found else None


def renewal_of(invoice: InvoiceRef) -> PaymentRef | None:
    """Return the renewal by card that an invoice was written for, or None."""
    row = db.session.scalar(
        select(Payment)
        .join(
            Invoice,
            (Invoice.account_id == Payment.account_id)
            & (Invoice.request_key == Payment.request_key),
        )
        .where(Invoice.id == invoice.id)
    )
    return payment_ref(row) if row else None


def invoices_to_mail(after: UUID | None = None, limit: int = 20) -> list[UUID]:
    """Return some invoices that are not mailed yet, by id, those after a given one.

    One that a card pays waits until it is settled: nobody is to pay it otherwise.
    """
    wanted = (
        select(Invoice.id)
        .where(Invoice.mail_to.is_not(None), Invoice.mailed_at.is_(None))
        .order_by(Invoice.id)
        .limit(limit)
    )
    if payments.cards() is not None:
        is_by_hand = Invoice.provider == INVOICE_PROVIDER
        wanted = wanted.where(or_(Invoice.state != InvoiceState.OPEN, is_by_hand))
    return list(db.session.scalars(wanted if after is None else wanted.where(Invoice.id > after)))


def open_sums(today: date) -> tuple[int, int]:
    """Return how many cents are open in the installation, and how many of them are overdue."""
    is_open = Invoice.state == InvoiceState.OPEN
    total = func.coalesce(func.sum(Invoice.amount_cents), 0)
    return (
        db.session.scalar(select(total).where(is_open)) or 0,
        db.session.scalar(select(total).where(is_open, Invoice.due_on < today)) or 0,
    )


def invoice_months(organization_id: UUID | None, zone: str) -> list[date]:
    """Return the months from the first invoice to the last, newest first; at most five years."""
    ends = select(func.min(Invoice.created_at), func.max(Invoice.created_at))
    if organization_id is not None:
        ends = ends.where(Invoice.organization_id == organization_id)
    first_at, last_at = db.session.execute(ends).one()
    if first_at is None:
        return []
    first = rules.month_of(first_at, zone).first_day
    return rules.months_down(rules.month_of(last_at, zone).first_day, first)[:60]


def issuer() -> Issuer:
    """Return who writes invoices; until an admin says, the application itself."""
    row = db.session.get(InvoiceIssuer, 1)
    if row is None:
        return Issuer(settings().application_name)
    return Issuer(row.name, row.address, row.tax_number, row.email, row.pay_to, row.due_days)


def payer(organization_id: UUID) -> Payer:
    """Return who pays the organization's invoices; until somebody says, the organization."""
    row = db.session.get(BillingDetails, organization_id)
    if row is None:
        organization = people.organization(organization_id)
        return Payer(organization.name if organization else "")
    return Payer(row.name, row.address, row.tax_number, row.order_number, row.contact_email)


def _conditions(wanted: InvoiceFilter, zone: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.organization_id is not None:
        found.append(Invoice.organization_id == wanted.organization_id)
    if wanted.number is not None:
        found.append(Invoice.number == wanted.number)
    if wanted.words:
        named = (Invoice.description, Invoice.account_name, Invoice.buyer_name)
        found.append(or_(*(c.icontains(wanted.words, autoescape=True) for c in named)))
    if wanted.state is not None:
        found.append(Invoice.state == wanted.state)
    if wanted.overdue_on is not None:
        found += [Invoice.state == InvoiceState.OPEN, Invoice.due_on < wanted.overdue_on]
    if wanted.month is not None:
        month = rules.month_of(rules.day_start(wanted.month, zone), zone)
        found += [Invoice.created_at >= month.starts_at, Invoice.created_at < month.ends_at]
    return found


def _refs(query: Select[Any]) -> list[InvoiceRef]:
    return [_ref(row) for row in db.session.scalars(query)]


def _ref(row: Invoice) -> InvoiceRef:
    return InvoiceRef(
        id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        number=row.number,
        at=row.created_at,
        issued_on=rules.local_day(row.created_at, zone_of(row.organization_id)),
        due_on=row.due_on,
        description=row.description,
        amount_cents=row.amount_cents,
        period_start=row.period_start,
        period_end=row.period_end,
        state=row.state,
        provider=row.provider,
        provider_reference=row.provider_reference,
        seller_name=row.seller_name,
        seller_lines=_lines(row.seller_lines),
        pay_to=_lines(row.pay_to),
        buyer_name=row.buyer_name,
        buyer_lines=_lines(row.buyer_lines),
        account_name=row.account_name,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        closing_note=row.closing_note,
        paid_on=row.paid_on,
        waits_for_card=row.state is InvoiceState.OPEN
        and row.provider != INVOICE_PROVIDER
        and payments.cards() is not None,
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
