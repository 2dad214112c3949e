"""Lines the brokerage pays (B-12)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite

from portal.billing.models import Invoice, InvoiceSequence
from portal.billing.values import InvoiceState
from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import Last, before_commit, db, is_sqlite
from portal.gateways import payments
from portal.gateways.payments import Bill


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be paid for a subscription; the key makes asking twice harmless."""

    organization_id: UUID
    account_id: UUID
    subscription_id: UUID
    description: str
    amount_cents: int
    period_start: date
    period_end: date
    request_key: str


def bill(due: Due, *, actor: Actor) -> None:
    """Ask the provider for the money and write the line, at the end of the unit of work.

    Invoice numbers have one lock an organization. It comes after every ledger in the lock
    order, since one unit of work may renew several accounts (RULINGS 6).
    """
    before_commit(Last.INVOICES, due.organization_id, lambda: _write(due, actor))


def _write(due: Due, actor: Actor) -> None:
    receipt = payments.current().charge(
        Bill(due.account_id, due.amount_cents, due.description, due.request_key)
    )
    number = _next_number(due.organization_id)
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
            provider=receipt.provider,
            provider_reference=receipt.reference,
            state=InvoiceState.PAID if receipt.is_paid else InvoiceState.BILLED,
            request_key=due.request_key,
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
        provider=receipt.provider,
    )


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
