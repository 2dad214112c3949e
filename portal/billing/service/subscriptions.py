"""Buying a plan, changing it, canceling it (B-1, B-2, B-5 to B-7)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import select

from portal.billing import queries, rules
from portal.billing.errors import (
    AlreadySubscribed,
    IsCanceling,
    NotSubscribed,
    PaidByCard,
    PlanNotFound,
    PriceChanged,
    RenewalUnpaid,
    RequestReused,
    SamePlan,
)
from portal.billing.models import Invoice, Plan, Subscription, SubscriptionChange
from portal.billing.service import dues, granting, invoicing, ledger
from portal.billing.service.invoicing import Due
from portal.billing.service.ledger import Books
from portal.billing.service.settling import placed
from portal.billing.values import (
    INVOICE_PROVIDER,
    Change,
    ChangeQuote,
    PlanRef,
    SubscriptionRef,
    SubscriptionState,
)
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.gateways import payments
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef


@dataclass(frozen=True, slots=True)
class Terms:
    """What is bought or changed to, for how much, and how it is paid: shown first, frozen since."""

    plan: PlanRef
    amount_cents: int
    description: str
    period_start: date
    period_end: date
    next_charge_at: datetime
    request_key: str
    provider: str = INVOICE_PROVIDER
    reference: str | None = None  # of the money, where it came already


def subscribe(
    account: AccountRef,
    plan_id: UUID,
    *,
    actor: Actor,
    request_key: str,
    shown_cents: int | None = None,
    shown_terms: str | None = None,
) -> SubscriptionRef:
    """Buy a plan by invoice: today's part of the price is billed, the credits come at once.

    Asking again with the same request_key returns the subscription while it runs. Raises
    PlanNotFound, AlreadySubscribed, AccountClosed, RequestReused, or PriceChanged when
    shown_cents or shown_terms (PlanRef.terms_key) are given and are no longer today's.
    """
    lock(account)
    first = db.session.scalar(
        select(Subscription).where(
            Subscription.account_id == account.id, Subscription.request_key == request_key
        )
    )
    if first is not None:
        if first.plan_id != plan_id or first.state is SubscriptionState.ENDED:
            raise RequestReused
        return queries.subscription_ref(first)
    terms = purchase_terms(
        account,
        plan_id,
        request_key=request_key,
        shown_cents=shown_cents,
        shown_terms=shown_terms,
    )
    return start(account, terms, actor=actor)


def lock(account: AccountRef) -> Books:
    """Lock the account's ledger, opened if need be, with all that was due done."""
    ledger.open_books(account.organization_id, account.id)
    books = placed(account.id, utcnow())  # two buyers wait for each other here
    assert books is not None  # opened in this unit of work
    return books


def purchase_terms(
    account: AccountRef,
    plan_id: UUID,
    *,
    request_key: str,
    shown_cents: int | None,
    shown_terms: str | None = None,
) -> Terms:
    """Return on which terms a plan is bought now. Raises what subscribe raises."""
    accounts.check_open(account.id)
    if running := queries.subscription(account.id):
        raise AlreadySubscribed(running.plan.name)
    quote = queries.quote(account, plan_id)
    if quote is None:
        raise PlanNotFound
    was_seen = shown_cents in {None, quote.price_today_cents}
    if not was_seen or shown_terms not in {None, quote.plan.terms_key}:
        raise PriceChanged
    _check_fresh(account, request_key)
    description = f"{quote.plan.name}, {quote.plan.credits_per_month:,} credits a month"
    if quote.days_left < quote.days_in_month:
        description += f", {quote.days_left} of {quote.days_in_month} days"
    return Terms(
        plan=quote.plan,
        amount_cents=quote.price_today_cents,
        description=description,
        period_start=quote.today,
        period_end=quote.month_ends_on,
        next_charge_at=quote.next_charge_at,
        request_key=request_key,
    )


def start(account: AccountRef, terms: Terms, *, actor: Actor) -> SubscriptionRef:
    """Begin a subscription on these terms: its invoice, and the whole month's credits (B-2).

    The ledger is locked. Raises AlreadySubscribed, AccountClosed.
    """
    accounts.check_open(account.id)
    if running := queries.subscription(account.id):
        raise AlreadySubscribed(running.plan.name)
    plan, zone = terms.plan, queries.zone_of(account.organization_id)
    subscription = Subscription(
        organization_id=account.organization_id,
        account_id=account.id,
        plan_id=plan.id,
        plan_name=plan.name,
        credits_per_month=plan.credits_per_month,
        price_cents=plan.price_cents,
        request_key=terms.request_key,
        next_charge_at=rules.first_at(terms.next_charge_at, zone),  # shown before it moved, perhaps
    )
    db.session.add(subscription)
    db.session.flush()  # the invoice and the grant are named after subscription.id
    invoicing.bill(_due(subscription, terms), actor=actor)
    month = terms.period_start.replace(day=1)
    ledger.begin_limit(account.id, month)
    granting.grant(
        account,
        plan.credits_per_month,
        reference=rules.grant_reference(subscription.id, month),
        note=f"{plan.name}, {month:%B %Y}",
        month=month,
    )
    ledger.note_due(account.id)
    record("buy", subscription, actor, charged_cents=terms.amount_cents)
    return queries.subscription_ref(subscription)


def change_plan(
    account: AccountRef,
    plan_id: UUID,
    *,
    actor: Actor,
    request_key: str,
    shown_cents: int | None = None,
    shown_terms: str | None = None,
) -> ChangeQuote:
    """Change the running subscription's plan at once and return what that did (B-5, B-6).

    An upgrade bills the prorated difference and grants what the new plan brings beyond what
    came this month; a downgrade takes the difference off this month's unused credits, never
    what texts on their way hold. The next charge is the new price. Asking again with the same
    request_key changes nothing and raises SamePlan. Raises NotSubscribed, IsCanceling,
    AccountClosed, PlanNotFound, SamePlan, RequestReused, or PriceChanged when shown_cents or
    shown_terms (ChangeQuote.terms_key) are given and no longer right; RenewalUnpaid while the card
    has to pay this month first; PaidByCard where it costs something and cards are taken.
    """
    quote = change_terms(
        account,
        plan_id,
        request_key=request_key,
        shown_cents=shown_cents,
        shown_terms=shown_terms,
    )
    if quote.charge_cents and payments.cards() is not None:
        raise PaidByCard
    return apply_change(account, quote, request_key=request_key, actor=actor)


def change_terms(
    account: AccountRef,
    plan_id: UUID,
    *,
    request_key: str,
    shown_cents: int | None,
    shown_terms: str | None = None,
) -> ChangeQuote:
    """Return what a change to this plan does now, the ledger locked. Raises what change_plan does."""
    subscription = _running(account)
    accounts.check_open(account.id)
    if dues.owed(account.id):
        raise RenewalUnpaid(by_card=payments.cards() is not None)
    if subscription.state is SubscriptionState.CANCELING:
        raise IsCanceling
    plan = _offered(plan_id)
    before, after = queries.subscription_ref(subscription).plan, queries.plan_ref(plan)
    if before.terms == after.terms:
        raise SamePlan(plan.name)
    _check_fresh(account, request_key)
    quote = queries.change_quote(account, plan_id)
    assert quote is not None  # subscribed and on offer, as was seen above
    was_seen = shown_cents in {None, quote.charge_cents}
    if not was_seen or shown_terms not in {None, quote.terms_key}:
        raise PriceChanged
    return quote


def apply_change(
    account: AccountRef,
    quote: ChangeQuote,
    *,
    request_key: str,
    actor: Actor,
    provider: str = INVOICE_PROVIDER,
    reference: str | None = None,
) -> ChangeQuote:
    """Change the plan as the quote says, in the unit of work that made the quote (B-5, B-6)."""
    subscription, before, after = _running(account), quote.before, quote.after
    if before.credits_per_month != after.credits_per_month:
        ledger.begin_limit(account.id, quote.today.replace(day=1))
    change = SubscriptionChange(
        id=uuid4(),
        organization_id=account.organization_id,
        account_id=account.id,
        subscription_id=subscription.id,
        request_key=request_key,
        change=quote.change,
        from_plan_name=before.name,
        from_credits_per_month=before.credits_per_month,
        from_price_cents=before.price_cents,
        to_plan_id=after.id,
        to_plan_name=after.name,
        to_credits_per_month=after.credits_per_month,
        to_price_cents=after.price_cents,
        charged_cents=quote.charge_cents,
        credits=quote.credits,
        at=utcnow(),
    )
    db.session.add(change)
    subscription.plan_id = after.id
    subscription.plan_name = after.name
    subscription.credits_per_month = after.credits_per_month
    subscription.price_cents = after.price_cents
    _move_credits(account, subscription, change, quote)
    if quote.charge_cents:
        invoicing.bill(
            Due(
                organization_id=account.organization_id,
                account_id=account.id,
                subscription_id=subscription.id,
                description=f"{before.name} to {after.name}, "
                f"{quote.days_left} of {quote.days_in_month} days",
                amount_cents=quote.charge_cents,
                period_start=quote.starts_on,
                period_end=quote.ends_on,
                request_key=request_key,
                provider=provider,
                reference=reference,
            ),
            actor=actor,
        )
    record(
        quote.change.value,
        subscription,
        actor,
        plan_before=before.name,
        charged_cents=quote.charge_cents,
        credits_moved=quote.credits,
    )
    return quote


def cancel(account: AccountRef, *, actor: Actor) -> SubscriptionRef:
    """Let the subscription end on the 1st; until then all stays as it is (B-7).

    A second time is harmless. Raises NotSubscribed.
    """
    subscription = _running(account)
    if subscription.state is SubscriptionState.ACTIVE:
        subscription.state = SubscriptionState.CANCELING
        subscription.ends_at = subscription.next_charge_at
        dues.try_again(account.id, None)
        record("cancel", subscription, actor)
    return queries.subscription_ref(subscription)


def withdraw(account: AccountRef, *, actor: Actor) -> SubscriptionRef:
    """Take a cancellation back: the subscription goes on as before (B-7).

    A second time is harmless. Raises NotSubscribed, also once the 1st has come, and
    RenewalUnpaid where it ends because its card was declined, AccountClosed.
    """
    subscription = _running(account)
    accounts.check_open(account.id)
    if subscription.is_unpaid and dues.owed(account.id):
        raise RenewalUnpaid(by_card=payments.cards() is not None)
    if subscription.state is SubscriptionState.CANCELING:
        subscription.state, subscription.ends_at = SubscriptionState.ACTIVE, None
        subscription.is_unpaid = False
        dues.try_again(account.id, utcnow())
        record("keep", subscription, actor)
    return queries.subscription_ref(subscription)


def _due(subscription: Subscription, terms: Terms) -> Due:
    return Due(
        organization_id=subscription.organization_id,
        account_id=subscription.account_id,
        subscription_id=subscription.id,
        description=terms.description,
        amount_cents=terms.amount_cents,
        period_start=terms.period_start,
        period_end=terms.period_end,
        request_key=terms.request_key,
        provider=terms.provider,
        reference=terms.reference,
    )


def _running(account: AccountRef) -> Subscription:
    """Return the account's subscription, its ledger locked and all that was due done."""
    if placed(account.id, utcnow()) is None:
        raise NotSubscribed
    row = db.session.scalar(
        select(Subscription)
        .where(Subscription.account_id == account.id, Subscription.state != SubscriptionState.ENDED)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotSubscribed
    return row


def _check_fresh(account: AccountRef, request_key: str) -> None:
    """Raise RequestReused where a change or an invoice of the account has this key already."""
    for of in (SubscriptionChange, Invoice):
        used = select(of.id).where(of.account_id == account.id, of.request_key == request_key)
        if db.session.scalar(used) is not None:
            raise RequestReused


def _offered(plan_id: UUID) -> Plan:
    plan = db.session.get(Plan, plan_id)
    if plan is None or not plan.is_offered:
        raise PlanNotFound
    return plan


def _move_credits(
    account: AccountRef,
    subscription: Subscription,
    change: SubscriptionChange,
    quote: ChangeQuote,
) -> None:
    """Grant what an upgrade adds, or take off what a downgrade takes."""
    month = quote.month
    reference = rules.change_reference(subscription.id, month, change.id)
    note = f"{change.from_plan_name} to {change.to_plan_name}"[:120]
    if quote.change is Change.UPGRADE and quote.credits:
        granting.grant(account, quote.credits, reference=reference, note=note, month=month)
    elif quote.credits:
        granting.take_off(account, -quote.credits, month=month, reference=reference, note=note)
    ledger.note_due(account.id)


def record(verb: str, subscription: Subscription, actor: Actor, **facts: object) -> None:
    """Write what happened to a subscription into the audit log."""
    audit.record(
        f"billing:subscription:{verb}",
        actor=actor,
        organization_id=subscription.organization_id,
        account_id=subscription.account_id,
        subject_id=subscription.id,
        plan=subscription.plan_name,
        credits_per_month=subscription.credits_per_month,
        price_cents=subscription.price_cents,
        **facts,
    )
