"""Whether texts of plans may pass an account's daily limits, and how many did (S-5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, func, select

from portal.core.columns import Id
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import Message, PlanLimitPolicy
from portal.messaging.models.outbox import OVER_LIMIT
from portal.messaging.values import ACCEPTED_FAMILY, IN_DOUBT, Kind
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_MOST_SHOWN: Final = 50
_LEFT: Final = ACCEPTED_FAMILY | frozenset(IN_DOUBT)
_POLICY = cast(Table, PlanLimitPolicy.__table__).c
# Made once: every batch of a plan's texts asks it before it leaves.
_NEWEST: Final = (
    select(_POLICY.lets_go)
    .where(_POLICY.organization_id == bindparam("organization", type_=Id()))
    .order_by(_POLICY.set_at.desc(), _POLICY.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """One choice that was made, and why."""

    lets_go: bool
    reason: str
    set_at: datetime
    set_by: str


def policies(organization_id: UUID) -> list[PolicyRef]:
    """Return the newest choices of an organization, the one that holds first; none: held."""
    p = PlanLimitPolicy
    rows = db.session.execute(
        select(p.lets_go, p.reason, p.set_at, p.set_by)
        .where(owned(Tenant(organization_id), p))
        .order_by(p.set_at.desc(), p.id.desc())
        .limit(_MOST_SHOWN)
    )
    return [PolicyRef(*row) for row in rows]


def lets_go(organization_id: UUID) -> bool:
    """Say whether plans' texts over a daily limit go, at the sender's risk; by default they wait."""
    return bool(db.session.scalar(_NEWEST, {"organization": organization_id}))


def are_passed(organization_id: UUID, *kinds: Kind) -> bool:
    """Say whether a text of a plan is among these kinds, and may pass the limits."""
    return Kind.PLAN in kinds and lets_go(organization_id)


def passed_today(account: AccountRef, campaign_ids: Select[UUID], now: datetime) -> int:
    """Return how many people's texts of some sends left over the limits of the account's day."""
    return (
        db.session.scalar(
            select(func.count(Message.text_id.distinct())).where(
                OVER_LIMIT,
                owned(account.tenant, Message),
                Message.slot_on == accounts.today(account, now),
                Message.campaign_id.in_(campaign_ids),
                Message.state.in_(_LEFT),
            )
        )
        or 0
    )
