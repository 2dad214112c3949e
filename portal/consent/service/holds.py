"""Holding sending to a number for what the person wrote, and settling it (Q-4).

Texts that wait are the slice above's to stop and to free. Every function is told that the
number is locked.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.consent.models import ConsentStanding, RevocationHold
from portal.consent.values import HoldState
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.tenancy import Tenant, owned

_ENTRIES = {
    HoldState.OPTED_OUT: "consent:hold:confirm",
    HoldState.LAPSED: "consent:hold:lapse",
    HoldState.RELEASED: "consent:hold:release",
}


def place_hold(
    tenant: Tenant,
    e164: str,
    *,
    words: str,
    sid: str,
    said_at: datetime | None,
    lapses_at: datetime,
    actor: Actor,
) -> UUID | None:
    """Hold sending to a number; return the hold, None where one stands or they came back since.

    `said_at` None: nobody knows when, so it came after all that stands, also where the clock was
    put back. `lapses_at` is when it becomes an opt-out if nobody looks at it.
    """
    came_back_at = db.session.scalar(
        select(ConsentStanding.own_act_at).where(
            owned(tenant, ConsentStanding), ConsentStanding.e164 == e164
        )
    )
    if said_at is None:
        said_at = max(filter(None, (utcnow(), came_back_at)))
    elif came_back_at is not None and came_back_at > said_at:
        return None  # their own later act holds, whatever is heard late
    insert = (sqlite if is_sqlite() else postgresql).insert(RevocationHold)
    hold_id: UUID | None = db.session.scalar(
        insert.values(
            id=uuid4(),
            organization_id=tenant.organization_id,
            account_id=tenant.account_id,
            e164=e164,
            sid=sid,
            words=words[:300],
            said_at=said_at,
            held_at=utcnow(),
            lapses_at=lapses_at,
            state=HoldState.STANDING,
        )
        .on_conflict_do_nothing()
        .returning(RevocationHold.id)
    )
    if hold_id is not None:
        audit.record(
            "consent:hold:place",
            actor=actor,
            organization_id=tenant.organization_id,
            account_id=tenant.account_id,
            subject_id=hold_id,
            phone=e164,
            message=sid,
        )
    return hold_id


def settle_holds(
    tenant: Tenant, e164s: Sequence[str], state: HoldState, *, actor: Actor, reason: str = ""
) -> int:
    """End the holds that stand for these numbers in an account; return how many there were."""
    settled = db.session.execute(
        update(RevocationHold)
        .where(
            owned(tenant, RevocationHold),
            RevocationHold.e164.in_(e164s),
            RevocationHold.state == HoldState.STANDING,
        )
        .values(
            state=state,
            settled_at=utcnow(),
            settled_by_id=actor.id,
            settled_by=actor.label[:200],
            reason=reason.strip()[:300],
        )
        .returning(RevocationHold.id, RevocationHold.e164)
        .execution_options(synchronize_session=False)
    ).all()
    for hold_id, e164 in sorted(settled):
        audit.record(
            _ENTRIES[state],
            actor=actor,
            organization_id=tenant.organization_id,
            account_id=tenant.account_id,
            subject_id=hold_id,
            phone=e164,
            **({"reason": reason.strip()[:300]} if reason else {}),
        )
    return len(settled)
