"""Buying a plan (B-1, B-2)."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.billing import queries, rules
from portal.billing.errors import AlreadySubscribed, PlanNotFound, PriceChanged, RequestReused
from portal.billing.models import Invoice, InvoiceSequence, Plan, Subscription
from portal.billing.service import credits as ledger_credits
from portal.billing.service import ledger
from portal.billing.values import InvoiceState, Quote, SubscriptionRef
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.gateways import payments
from portal.gateways.payments import Bill
from portal.texting_accounts.values import AccountRef


def subscribe(
    account: AccountRef,
    plan_id: UUID,
    *,
    actor: Actor,
    request_key: str,
    shown_cents: int | None = None,
) -> SubscriptionRef:
    """Buy a plan: today's part of the price is billed, the whole month's credits come at once.

    Asking again with the same request_key returns the first subscription. Raises
    PlanNotFound, AlreadySubscribed, RequestReused, or PriceChanged when shown_cents is
    given and is no longer today's price.
    """
    ledger.open_books(account.organization_id, account.id)
    books = ledger.settled(account.id, utcnow())  # two buyers wait for each other here
    assert books is not None  # opened in this unit of work
    first = db.session.scalar(
        select(Subscription).where(
            Subscription.account_id == account.id, Subscription.request_key == request_key
        )
    )
    if first is not None:
        if first.plan_id != plan_id:
            raise RequestReused
        return queries.subscription_ref(first)
    if running := queries.subscription(account.id):
        raise AlreadySubscribed(running.plan.name)
    plan = db.session.get(Plan, plan_id)
    if plan is None or not plan.is_offered:
        raise PlanNotFound
    quote = rules.quote(
        queries.plan_ref(plan), books.available, utcnow(), ledger.zone_of(account.organization_id)
    )
    if shown_cents not in {None, quote.price_today_cents}:
        raise PriceChanged
    subscription = _start(account, quote, request_key)
    invoice = _bill(account, subscription, quote, request_key)
    ledger_credits.grant(
        account,
        plan.credits_per_month,
        reference=f"subscription:{subscription.id}:{quote.month_starts_on:%Y-%m}",
        expires_at=quote.expires_at,
        note=f"{plan.name}, {quote.month_starts_on:%B %Y}",
    )
    audit.record(
        "billing:subscription:buy",
        actor=actor,
        organization_id=account.organization_id,
        account_id=account.id,
        subject_id=subscription.id,
        plan=plan.name,
        credits_per_month=plan.credits_per_month,
        price_cents=plan.price_cents,
        charged_cents=invoice.amount_cents,
        invoice=invoice.number,
        provider=invoice.provider,
    )
    return queries.subscription_ref(subscription)


def _start(account: AccountRef, quote: Quote, request_key: str) -> Subscription:
    subscription = Subscription(
        organization_id=account.organization_id,
        account_id=account.id,
        plan_id=quote.plan.id,
        plan_name=quote.plan.name,
        credits_per_month=quote.plan.credits_per_month,
        price_cents=quote.plan.price_cents,
        request_key=request_key,
        next_charge_at=quote.next_charge_at,
    )
    db.session.add(subscription)
    db.session.flush()  # the invoice and the grant are named after subscription.id
    return subscription


def _bill(
    account: AccountRef, subscription: Subscription, quote: Quote, request_key: str
) -> Invoice:
    """Ask the provider for the money and write the line (B-12)."""
    description = f"{quote.plan.name}, {quote.plan.credits_per_month:,} credits a month"
    if quote.days_left < quote.days_in_month:
        description += f", {quote.days_left} of {quote.days_in_month} days"
    receipt = payments.current().charge(
        Bill(account.id, quote.price_today_cents, description, request_key)
    )
    invoice = Invoice(
        organization_id=account.organization_id,
        account_id=account.id,
        subscription_id=subscription.id,
        number=_next_number(account.organization_id),
        description=description,
        amount_cents=quote.price_today_cents,
        period_start=quote.today,
        period_end=quote.month_ends_on,
        provider=receipt.provider,
        provider_reference=receipt.reference,
        state=InvoiceState.PAID if receipt.is_paid else InvoiceState.BILLED,
        request_key=request_key,
    )
    db.session.add(invoice)
    return invoice


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
