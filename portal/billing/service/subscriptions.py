"""Buying a plan, changing it, canceling it (B-1, B-2, B-5 to B-7)."""

from uuid import UUID, uuid4

from sqlalchemy import select

from portal.billing import queries, rules
from portal.billing.errors import (
    AlreadySubscribed,
    IsCanceling,
    NotSubscribed,
    PlanNotFound,
    PriceChanged,
    RequestReused,
    SamePlan,
)
from portal.billing.models import Plan, Subscription, SubscriptionChange
from portal.billing.service import granting, invoicing, ledger
from portal.billing.service.invoicing import Due
from portal.billing.service.settling import settled
from portal.billing.values import (
    Change,
    ChangeQuote,
    PlanRef,
    Quote,
    SubscriptionRef,
    SubscriptionState,
)
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
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
    books = settled(account.id, utcnow())  # two buyers wait for each other here
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
    plan = _offered(plan_id)
    quote = rules.quote(
        queries.plan_ref(plan), books.available, utcnow(), queries.zone_of(account.organization_id)
    )
    if shown_cents not in {None, quote.price_today_cents}:
        raise PriceChanged
    subscription = _start(account, quote, request_key)
    description = f"{plan.name}, {plan.credits_per_month:,} credits a month"
    if quote.days_left < quote.days_in_month:
        description += f", {quote.days_left} of {quote.days_in_month} days"
    invoicing.bill(
        Due(
            organization_id=account.organization_id,
            account_id=account.id,
            subscription_id=subscription.id,
            description=description,
            amount_cents=quote.price_today_cents,
            period_start=quote.today,
            period_end=quote.month_ends_on,
            request_key=request_key,
        ),
        actor=actor,
    )
    granting.grant(
        account,
        plan.credits_per_month,
        reference=rules.grant_reference(subscription.id, quote.month_starts_on),
        expires_at=quote.expires_at,
        note=f"{plan.name}, {quote.month_starts_on:%B %Y}",
    )
    _record("buy", subscription, actor, charged_cents=quote.price_today_cents)
    return queries.subscription_ref(subscription)


def change_plan(
    account: AccountRef,
    plan_id: UUID,
    *,
    actor: Actor,
    request_key: str,
    shown_cents: int | None = None,
) -> ChangeQuote:
    """Change the running subscription's plan at once and return what that did (B-5, B-6).

    An upgrade bills the prorated difference and grants what the new plan brings beyond what
    came this month; a downgrade takes the difference off this month's unused credits, never
    what texts on their way hold. The next charge is the new price. Asking again with the same
    request_key changes nothing and raises SamePlan. Raises NotSubscribed, IsCanceling,
    PlanNotFound, SamePlan, RequestReused, or PriceChanged when shown_cents is given and is no
    longer what it costs.
    """
    subscription = _running(account)
    if subscription.state is SubscriptionState.CANCELING:
        raise IsCanceling
    plan = _offered(plan_id)
    before, after = queries.subscription_ref(subscription).plan, queries.plan_ref(plan)
    if _terms(before) == _terms(after):
        raise SamePlan(plan.name)
    used_by = select(SubscriptionChange.id).where(
        SubscriptionChange.account_id == account.id, SubscriptionChange.request_key == request_key
    )
    if db.session.scalar(used_by) is not None:
        raise RequestReused
    quote = queries.change_quote(account, plan_id)
    assert quote is not None  # subscribed and on offer, as was seen above
    if shown_cents not in {None, quote.charge_cents}:
        raise PriceChanged
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
                period_start=quote.today,
                period_end=rules.month_of(change.at, _zone(account)).last_day,
                request_key=request_key,
            ),
            actor=actor,
        )
    _record(
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
        _record("cancel", subscription, actor)
    return queries.subscription_ref(subscription)


def withdraw(account: AccountRef, *, actor: Actor) -> SubscriptionRef:
    """Take a cancellation back: the subscription goes on as before (B-7).

    A second time is harmless. Raises NotSubscribed, also once the 1st has come.
    """
    subscription = _running(account)
    if subscription.state is SubscriptionState.CANCELING:
        subscription.state = SubscriptionState.ACTIVE
        subscription.ends_at = None
        _record("keep", subscription, actor)
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


def _running(account: AccountRef) -> Subscription:
    """Return the account's subscription, its ledger locked and all that was due done."""
    if settled(account.id, utcnow()) is None:
        raise NotSubscribed
    row = db.session.scalar(
        select(Subscription)
        .where(Subscription.account_id == account.id, Subscription.state != SubscriptionState.ENDED)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotSubscribed
    return row


def _offered(plan_id: UUID) -> Plan:
    plan = db.session.get(Plan, plan_id)
    if plan is None or not plan.is_offered:
        raise PlanNotFound
    return plan


def _terms(plan: PlanRef) -> tuple[UUID, int, int]:
    return plan.id, plan.credits_per_month, plan.price_cents


def _move_credits(
    account: AccountRef,
    subscription: Subscription,
    change: SubscriptionChange,
    quote: ChangeQuote,
) -> None:
    """Grant what an upgrade adds, or take off what a downgrade takes."""
    month = quote.today.replace(day=1)
    reference = rules.change_reference(subscription.id, month, change.id)
    note = f"{change.from_plan_name} to {change.to_plan_name}"
    if quote.change is Change.UPGRADE and quote.credits:
        granting.grant(account, quote.credits, reference=reference, note=note)
    elif quote.credits:
        granting.take_off(
            account,
            -quote.credits,
            granted_from=rules.month_of(utcnow(), _zone(account)).starts_at,
            reference=reference,
            note=note,
        )
    ledger.note_due(account.id)


def _zone(account: AccountRef) -> str:
    return queries.zone_of(account.organization_id)


def _record(verb: str, subscription: Subscription, actor: Actor, **facts: object) -> None:
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
