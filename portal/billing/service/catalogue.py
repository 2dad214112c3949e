"""The plan catalogue, which an admin edits (B-1)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from portal.billing import queries
from portal.billing.errors import PlanNameTaken, PlanNotFound, PriceDayPast
from portal.billing.models import Plan
from portal.billing.values import PlanRef
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db

_FIRST_CATALOGUE = (  # name, credits a month, price in cents
    ("Starter", 250, 900),
    ("Agent", 500, 1_600),
    ("Agent plus", 1_000, 2_900),
    ("Team", 2_500, 6_500),
    ("Brokerage", 10_000, 22_500),
)


def seed_catalogue() -> bool:
    """Put the first plans into an empty catalogue; leave any other as it is."""
    if db.session.scalar(select(Plan.id).limit(1)) is not None:
        return False
    db.session.add_all(
        Plan(name=name, credits_per_month=credits_a_month, price_cents=cents)
        for name, credits_a_month, cents in _FIRST_CATALOGUE
    )
    db.session.flush()  # the next reader in this unit of work looks for them
    return True


def add_plan(
    *, name: str, credits_per_month: int, price_cents: int, is_offered: bool, actor: Actor
) -> PlanRef:
    """Add a plan. Raises PlanNameTaken."""
    _check_name(name, None)
    plan = Plan(
        name=name,
        credits_per_month=credits_per_month,
        price_cents=price_cents,
        is_offered=is_offered,
    )
    db.session.add(plan)
    return _record("billing:plan:add", plan, actor)


def edit_plan(
    plan_id: UUID,
    *,
    name: str,
    credits_per_month: int,
    price_cents: int,
    is_offered: bool,
    next_price_cents: int | None = None,
    next_price_at: datetime | None = None,
    actor: Actor,
) -> PlanRef:
    """Change a plan for those who buy it from now on, or its price from a moment on.

    Raises PlanNotFound or PlanNameTaken, PriceDayPast when that moment isn't ahead.

    Who has subscribed already keeps the terms of that day.
    """
    plan = db.session.get(Plan, plan_id, with_for_update=True)
    if plan is None:
        raise PlanNotFound
    _check_name(name, plan_id)
    plan.name = name
    plan.credits_per_month = credits_per_month
    plan.price_cents = price_cents
    plan.is_offered = is_offered
    if next_price_at is not None and next_price_at <= utcnow():
        raise PriceDayPast
    plan.next_price_cents = next_price_cents
    plan.next_price_at = next_price_at
    return _record("billing:plan:edit", plan, actor)


def _check_name(name: str, own_id: UUID | None) -> None:
    """Raise PlanNameTaken when another plan has this name, whatever its capitals."""
    taken = db.session.scalar(select(Plan.id).where(func.lower(Plan.name) == name.lower()))
    if taken is not None and taken != own_id:
        raise PlanNameTaken(name)


def _record(event: str, plan: Plan, actor: Actor) -> PlanRef:
    db.session.flush()  # the entry is named after plan.id, and a twin name shows here
    audit.record(
        event,
        actor=actor,
        organization_id=None,
        subject_id=plan.id,
        name=plan.name,
        credits_per_month=plan.credits_per_month,
        price_cents=plan.price_cents,
        is_offered=plan.is_offered,
        next_price_cents=plan.next_price_cents,
        next_price_at=plan.next_price_at.isoformat() if plan.next_price_at else None,
    )
    return queries.plan_ref(plan)
