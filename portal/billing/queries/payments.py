"""Reading payments by card (B-12)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, union

from portal.billing.models import Payment, PaymentCustomer, PaymentEvent, PaymentRefund
from portal.billing.values import PaymentKind, PaymentRef, PaymentState
from portal.core.db import db
from portal.core.tenancy import Tenant, owned

_SOME = 200


def payment(tenant: Tenant, payment_id: UUID) -> PaymentRef | None:
    """Return one payment of the account, or None."""
    row = db.session.scalar(select(Payment).where(owned(tenant, Payment), Payment.id == payment_id))
    return payment_ref(row) if row else None


def unpaid_renewal(tenant: Tenant) -> PaymentRef | None:
    """Return the account's oldest renewal whose money is still to come, or None."""
    row = db.session.scalar(
        select(Payment)
        .where(
            owned(tenant, Payment),
            Payment.kind == PaymentKind.RENEWAL,
            Payment.state == PaymentState.WAITING,
        )
        .order_by(Payment.created_at, Payment.id)
        .limit(1)
    )
    return payment_ref(row) if row else None


def customer_id(tenant: Tenant) -> str | None:
    """Return the account's name at the card provider, if it has paid there."""
    return db.session.scalar(
        select(PaymentCustomer.customer_id).where(owned(tenant, PaymentCustomer))
    )


def payments_due(now: datetime, after: UUID | None = None) -> list[UUID]:
    """Return some payments a worker should look at or give back, by id, those after a given one."""
    due = union(
        select(Payment.id).where(Payment.act_at <= now),
        select(PaymentRefund.payment_id).where(PaymentRefund.act_at <= now),
    ).subquery()
    wanted = select(due.c.id).order_by(due.c.id).limit(_SOME)
    return list(db.session.scalars(wanted if after is None else wanted.where(due.c.id > after)))


def events_waiting(before: datetime, after: str | None = None) -> list[str]:
    """Return some webhooks that came before then and are not applied, by id, after a given one."""
    wanted = (
        select(PaymentEvent.id)
        .where(PaymentEvent.applied_at.is_(None), PaymentEvent.received_at <= before)
        .order_by(PaymentEvent.id)
        .limit(_SOME)
    )
    return list(
        db.session.scalars(wanted if after is None else wanted.where(PaymentEvent.id > after))
    )


def payment_ref(row: Payment) -> PaymentRef:
    """Return a payment's row as others may hold it."""
    return PaymentRef(
        id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        kind=row.kind,
        state=row.state,
        plan_id=row.plan_id,
        plan_name=row.plan_name,
        credits_per_month=row.credits_per_month,
        amount_cents=row.amount_cents,
        description=row.description,
        checkout_id=row.checkout_id,
        checkout_url=row.checkout_url,
        problem=row.problem,
        declines=row.declines,
        refunded_cents=row.refunded_cents,
        created_at=row.created_at,
        period_start=row.period_start,
        retry_at=row.retry_at,
        is_asked=row.asked_at is not None,
    )
