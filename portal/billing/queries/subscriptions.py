"""Reading plans and subscriptions (B-1, B-5 to B-7)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select

from portal.billing import rules
from portal.billing.models import (
    CreditAccount,
    Plan,
    Subscription,
)
from portal.billing.queries.books import balance, term, zone_of
from portal.billing.values import (
    PlanRef,
    Quote,
    SubscriptionRef,
    SubscriptionState,
)
from portal.core.clock import utcnow
from portal.core.db import db
from portal.gateways import payments
from portal.texting_accounts.values import AccountRef

_DUE_AT_ONCE: Final = 200


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
    """Return a plan as other slices may hold it, at the price that holds now."""
    price, at = row.price_cents, row.next_price_at
    coming = row.next_price_cents
    if at is not None and coming is not None and at <= utcnow():
        price, coming, at = coming, None, None
    return PlanRef(row.id, row.name, row.credits_per_month, price, row.is_offered, coming, at)


def quote(account: AccountRef, plan_id: UUID) -> Quote | None:
    """Return the arithmetic of buying this plan now; None when it is not on offer (B-2)."""
    wanted = plan(plan_id)
    if wanted is None or not wanted.is_offered:
        return None
    left = balance(account.id).available
    least = payments.current().smallest_cents
    return rules.quote(wanted, left, utcnow(), zone_of(account.organization_id), least)


def accounts_due(now: datetime, *, after: UUID | None = None) -> list[UUID]:
    """Return up to 200 accounts in which something is due by now, by id, those after a given one."""
    due = select(CreditAccount.account_id).where(CreditAccount.due_at <= now)
    if after is not None:
        due = due.where(CreditAccount.account_id > after)
    return list(db.session.scalars(due.order_by(CreditAccount.account_id).limit(_DUE_AT_ONCE)))


def next_charges() -> list[tuple[UUID, datetime]]:
    """Return the moments at which the organizations' subscriptions renew or end next, each once."""
    s = Subscription
    running = select(s.organization_id, s.next_charge_at).where(s.state != SubscriptionState.ENDED)
    rows = db.session.execute(running.distinct().order_by(s.next_charge_at, s.organization_id))
    return [(row.organization_id, row.next_charge_at) for row in rows]


def accounts_misplaced(organization_id: UUID, at: datetime) -> list[UUID]:
    """Return the organization's accounts whose 1st stands at this moment, if its zone says another.

    The organization moved to another time zone since that was worked out (B-3).
    """
    if rules.first_at(at, zone_of(organization_id)) == at:
        return []
    s = Subscription
    return list(
        db.session.scalars(
            select(s.account_id)
            .where(
                s.organization_id == organization_id,
                s.next_charge_at == at,
                s.state != SubscriptionState.ENDED,
            )
            .order_by(s.account_id)
        )
    )


def due_among(accounts: Sequence[AccountRef], now: datetime) -> list[AccountRef]:
    """Return those accounts of one organization in which something is due that nobody did yet.

    A month that begins or ends (B-3, B-7), credits that expire (B-4), or a 1st that is at another
    moment since the organization moved.
    """
    if not accounts:
        return []
    ids, zone = [account.id for account in accounts], zone_of(accounts[0].organization_id)
    due = set(
        db.session.scalars(
            select(CreditAccount.account_id).where(
                CreditAccount.account_id.in_(ids), CreditAccount.due_at <= now
            )
        )
    )
    s = Subscription
    for row in db.session.execute(
        select(s.account_id, s.next_charge_at).where(
            s.account_id.in_(ids), s.state != SubscriptionState.ENDED
        )
    ):
        if rules.first_at(row.next_charge_at, zone) != row.next_charge_at:
            due.add(row.account_id)
    return [account for account in accounts if account.id in due]


def subscription(account_id: UUID) -> SubscriptionRef | None:
    """Return the account's running subscription, or None."""
    row = db.session.scalar(
        select(Subscription).where(
            Subscription.account_id == account_id,
            Subscription.state != SubscriptionState.ENDED,
        )
    )
    return subscription_ref(row) if row else None


def subscription_ref(row: Subscription | Row[*tuple[Any, ...]]) -> SubscriptionRef:
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
        is_unpaid=row.is_unpaid,
    )


def has_active_subscription(account_id: UUID) -> bool:
    """Say whether the account may set up a number and send (B-1)."""
    found = term(account_id)
    if found is None or found.ends_at is None or found.ends_at > (now := utcnow()):
        return found is not None
    return rules.first_at(found.ends_at, zone_of(found.organization_id)) > now  # it moved


def lapsed_accounts(among: Collection[UUID]) -> dict[UUID, datetime]:
    """Return those of the accounts whose subscription ended and that bought no other (B-7).

    Each with when its last one ended.
    """
    running: set[UUID] = set()
    ended: dict[UUID, datetime] = {}
    for row in db.session.execute(
        select(
            Subscription.account_id,
            Subscription.state,
            Subscription.ends_at,
            Subscription.next_charge_at,
        ).where(Subscription.account_id.in_(among))
    ):
        if row.state is SubscriptionState.ENDED:
            at = row.ends_at or row.next_charge_at
            ended[row.account_id] = max(at, ended.get(row.account_id, at))
        else:
            running.add(row.account_id)
    return {account_id: at for account_id, at in ended.items() if account_id not in running}


def rail_meter(account: AccountRef) -> dict[str, object]:
    """Return what the rail's credit meter shows: label, value, of, percent and foot."""
    now = balance(account.id)
    foot = None
    if now.available < 0:
        foot = "Below zero by texts that came in"
    elif now.expiring_this_month:
        foot = f"{now.expiring_this_month:,} expire {rules.expiry_words(now)}"
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
