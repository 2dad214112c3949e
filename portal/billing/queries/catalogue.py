"""Who is on a plan of the catalogue, and who changed it: for the administrator (B-1)."""

from uuid import UUID

from sqlalchemy import case, func, select

from portal.billing.models import Subscription
from portal.billing.values import PlanChange, PlanUse, SubscriptionState
from portal.core.audit import INSTALLATION, AuditEntry
from portal.core.db import db

_CHANGES_SHOWN = 20


def accounts_by_plan() -> dict[UUID, int]:
    """Return how many accounts are on each plan, whatever terms they agreed to."""
    rows = db.session.execute(
        select(Subscription.plan_id, func.count().label("accounts"))
        .where(Subscription.state != SubscriptionState.ENDED)
        .group_by(Subscription.plan_id)
    )
    return {row.plan_id: row.accounts for row in rows}


def plan_uses(plan_id: UUID) -> list[PlanUse]:
    """Return how many accounts of each organization are on a plan, the most first."""
    terms = (Subscription.credits_per_month, Subscription.price_cents)
    canceling = func.sum(case((Subscription.state == SubscriptionState.CANCELING, 1), else_=0))
    rows = db.session.execute(
        select(Subscription.organization_id, *terms, func.count().label("accounts"), canceling)
        .where(Subscription.plan_id == plan_id, Subscription.state != SubscriptionState.ENDED)
        .group_by(Subscription.organization_id, *terms)
        .order_by(func.count().desc(), Subscription.organization_id, *terms)
    )
    return [PlanUse(*row) for row in rows]


def plan_changes(plan_id: UUID) -> list[PlanChange]:
    """Return the newest changes of a plan, from the installation's audit log."""
    rows = db.session.execute(
        select(AuditEntry.at, AuditEntry.actor_label, AuditEntry.event, AuditEntry.payload)
        .where(AuditEntry.chain == INSTALLATION, AuditEntry.subject_id == plan_id)
        .order_by(AuditEntry.position.desc())
        .limit(_CHANGES_SHOWN)
    )
    return [PlanChange(at, who, event, facts or {}) for at, who, event, facts in rows]
