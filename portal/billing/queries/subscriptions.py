"""Reading plans and subscriptions (B-1, B-5 to B-7)."""

from collections.abc import Collection
from typing import cast
from uuid import UUID

from sqlalchemy import Table, bindparam, func, select

from portal.billing import rules
from portal.billing.models import (
    CreditEntry,
    CreditLot,
    Plan,
    Subscription,
    SubscriptionChange,
)
from portal.billing.queries.books import balance, zone_of
from portal.billing.rules import Month
from portal.billing.values import (
    ChangeQuote,
    PlanRef,
    Quote,
    SubscriptionRef,
    SubscriptionState,
)
from portal.core.clock import utcnow
from portal.core.db import db
from portal.texting_accounts.values import AccountRef

_SUBSCRIPTIONS = cast(Table, Subscription.__table__)
_RUNNING = select(_SUBSCRIPTIONS.c.ends_at).where(  # made once: every text asks it
    _SUBSCRIPTIONS.c.account_id == bindparam("account"),
    _SUBSCRIPTIONS.c.state != SubscriptionState.ENDED,
)


def plans() -> list[PlanRef]:
    """Return the plans on offer, smallest first (B-1)."""
    return [plan for plan in all_plans() if plan.is_offered]


def all_plans() -> list[PlanRef]:
    """Return the whole catalogue, withdrawn plans included, smallest first."""
    rows = db.session.scalars(
        select(Plan).order_by(Plan.credits_per_month, Plan.price_cents, Plan.name)
    )
    return [plan_ref(row) for row in rows]


def plan(plan_id: UUID) -> PlanRef | None:
    """Return one plan of the catalogue, or None."""
    row = db.session.get(Plan, plan_id)
    return plan_ref(row) if row else None


def plan_ref(row: Plan) -> PlanRef:
    """Return a plan's row as other slices may hold it."""
    return PlanRef(row.id, row.name, row.credits_per_month, row.price_cents, row.is_offered)


def quote(account: AccountRef, plan_id: UUID) -> Quote | None:
    """Return the arithmetic of buying this plan now; None when it is not on offer (B-2)."""
    wanted = plan(plan_id)
    if wanted is None or not wanted.is_offered:
        return None
    left = balance(account.id).available
    return rules.quote(wanted, left, utcnow(), zone_of(account.organization_id))


def subscription(account_id: UUID) -> SubscriptionRef | None:
    """Return the account's running subscription, or None."""
    row = db.session.scalar(
        select(Subscription).where(
            Subscription.account_id == account_id,
            Subscription.state != SubscriptionState.ENDED,
        )
    )
    return subscription_ref(row) if row else None


def subscription_ref(row: Subscription) -> SubscriptionRef:
    """Return a subscription's row as other slices may hold it."""
    terms = PlanRef(row.plan_id, row.plan_name, row.credits_per_month, row.price_cents)
    return SubscriptionRef(
        id=row.id,
        account_id=row.account_id,
        plan=terms,
        state=row.state,
        started_at=row.started_at,
        next_charge_at=row.next_charge_at,
        ends_at=row.ends_at,
    )


def change_quote(account: AccountRef, plan_id: UUID) -> ChangeQuote | None:
    """Return the arithmetic of changing to this plan now (B-5, B-6, B-13).

    None without a running subscription, or when the plan is not on offer.
    """
    running, wanted = subscription(account.id), plan(plan_id)
    if running is None or wanted is None or not wanted.is_offered:
        return None
    now, zone = utcnow(), zone_of(account.organization_id)
    month = rules.month_of(now, zone)
    unused = db.session.scalar(
        select(func.coalesce(func.sum(CreditLot.remaining), 0)).where(
            CreditLot.account_id == account.id, CreditLot.granted_at >= month.starts_at
        )
    )
    return rules.change_quote(
        running.plan,
        wanted,
        granted=_granted(account.id, running.id, month),
        unused=unused or 0,
        available=balance(account.id, now).available,
        now=now,
        zone=zone,
    )


def _granted(account_id: UUID, subscription_id: UUID, month: Month) -> int:
    """Return what a subscription brought in a month, less what plan changes took off (B-5)."""
    first = db.session.scalar(
        select(CreditEntry.credits).where(
            CreditEntry.account_id == account_id,
            CreditEntry.reference == rules.grant_reference(subscription_id, month.first_day),
        )
    )
    changed = db.session.scalar(
        select(func.coalesce(func.sum(SubscriptionChange.credits), 0)).where(
            SubscriptionChange.subscription_id == subscription_id,
            SubscriptionChange.at >= month.starts_at,
        )
    )
    return (first or 0) + (changed or 0)


def has_active_subscription(account_id: UUID) -> bool:
    """Say whether the account may set up a number and send (B-1)."""
    running = db.session.execute(_RUNNING, {"account": account_id}).one_or_none()
    return running is not None and (running.ends_at is None or running.ends_at > utcnow())


def lapsed_accounts(among: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the accounts whose subscription ended and that bought no other (B-7)."""
    running: set[UUID] = set()
    ended: set[UUID] = set()
    for row in db.session.execute(
        select(Subscription.account_id, Subscription.state).where(
            Subscription.account_id.in_(among)
        )
    ):
        (ended if row.state is SubscriptionState.ENDED else running).add(row.account_id)
    return frozenset(ended - running)


def rail_meter(account: AccountRef) -> dict[str, object]:
    """Return what the rail's credit meter shows: label, value, of, percent and foot."""
    now = balance(account.id)
    foot = None
    if now.available < 0:
        foot = "Below zero by texts that came in"
    elif now.expiring_this_month and now.month_ends_on:
        day = f"{now.month_ends_on.day} {now.month_ends_on:%b}"
        foot = f"{now.expiring_this_month:,} expire by {day}"
    elif not has_active_subscription(account.id):
        foot = "No active subscription"
    return {
        "label": "Credits",
        "value": f"{now.available:,}",
        "of": "left",
        "percent": now.used_percent,
        "foot": foot,
        "url": None,  # the layout knows where the statement is
    }
