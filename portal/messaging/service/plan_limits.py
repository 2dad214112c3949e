"""An organization's choice whether texts of plans pass daily limits at its risk (S-5)."""

from uuid import UUID

from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.reasons import reason_of
from portal.messaging.models import PlanLimitPolicy
from portal.messaging.queries import plan_limits as queries


def set_policy(organization_id: UUID, *, lets_go: bool, reason: str, actor: Actor) -> None:
    """Let plans' texts pass the accounts' daily limits from now on, or hold them to the next day.

    What waits for its own day already goes on that day; what has not left when it is held again
    waits. Neither the brand's cap nor a country's limit nor the law's hours can be passed. The same
    choice again changes nothing. Raises BadInput without a reason.
    """
    reason = reason_of(reason)
    if queries.lets_go(organization_id) == lets_go:
        return
    db.session.add(
        PlanLimitPolicy(
            organization_id=organization_id,
            lets_go=lets_go,
            reason=reason,
            set_at=clock.utcnow(),
            set_by_id=actor.id,
            set_by=actor.label[:200],
        )
    )
    audit.record(
        "messaging:plan-limit-policy:set",
        actor=actor,
        organization_id=organization_id,
        before=not lets_go,
        lets_go=lets_go,
        reason=reason,
    )
