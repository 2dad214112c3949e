"""Officers set by which thresholds health is judged (H-7)."""

from dataclasses import asdict
from datetime import date
from uuid import UUID

from portal.compliance import queries
from portal.compliance.errors import BadThreshold, TooEarly
from portal.compliance.models import HealthPolicy
from portal.compliance.rules import health
from portal.compliance.rules.health import Thresholds
from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.reasons import reason_of

_TOLD = (*health.LIMITS, "pauses")


def set_thresholds(
    organization_id: UUID, wanted: Thresholds, *, reason: str, today: date, actor: Actor
) -> None:
    """Judge an organization's accounts by these from a day on; what was judged stays (H-7).

    `today` is the organization's. Raises TooEarly or BadThreshold, naming the fix, and BadInput
    without a reason.
    """
    if wanted.holds_from < today:
        raise TooEarly(f"Choose {today.isoformat()} or a later day: what was judged was judged.")
    if (found := health.fault(wanted)) is not None:
        raise BadThreshold(*found)
    reason = reason_of(reason)
    before = queries.thresholds(organization_id, wanted.holds_from)
    db.session.add(
        HealthPolicy(
            organization_id=organization_id,
            **asdict(wanted),
            reason=reason,
            set_at=clock.utcnow(),
            set_by_id=actor.id,
            set_by=actor.label[:200],
        )
    )
    audit.record(
        "compliance:thresholds:set",
        actor=actor,
        organization_id=organization_id,
        holds_from=wanted.holds_from.isoformat(),
        before={name: getattr(before, name) for name in _TOLD},
        after={name: getattr(wanted, name) for name in _TOLD},
        reason=reason,
    )
