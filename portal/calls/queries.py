"""What is known of calls and forwarding."""

from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table, case, func, select

from portal.calls.models import Call, CallDay, CallForwarding
from portal.calls.values import CallRef, CallState, Forwarding, Shown
from portal.core.counting import Counted
from portal.core.db import db
from portal.core.tenancy import Tenant, owned

SHOWN: Final = 10


def forwarding(tenant: Tenant, sender_id: UUID) -> Forwarding:
    """Return where a number's calls go; nowhere where nothing was ever set."""
    row = db.session.scalar(
        select(CallForwarding)
        .where(owned(tenant, CallForwarding), CallForwarding.sender_id == sender_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        return Forwarding(sender_id, None, Shown.CALLER, None, "", None, None)
    return Forwarding(
        sender_id,
        row.phone,
        row.shown,
        row.verified_at,
        row.verified_by,
        row.pending_phone,
        row.pending_until,
    )


def recent(tenant: Tenant, sender_id: UUID) -> list[CallRef]:
    """Return a number's last calls, newest first."""
    rows = db.session.scalars(
        select(Call)
        .where(owned(tenant, Call), Call.sender_id == sender_id)
        .order_by(Call.at.desc(), Call.id)
        .limit(SHOWN)
    )
    return [CallRef(row.id, row.at, row.state, row.seconds, row.talk_seconds) for row in rows]


def recounts(tenant: Tenant) -> Counted:
    """Return the table of counts with what an account's calls say should be in it."""
    minute = 60

    def begun(seconds: Any) -> Any:
        return func.sum((func.coalesce(seconds, 0) + (minute - 1)) // minute)

    return cast(Table, CallDay.__table__), (
        select(
            Call.account_id.label("account_id"),
            Call.day.label("day"),
            Call.organization_id.label("organization_id"),
            func.count().label("calls"),
            func.sum(case((Call.is_forwarded, 1), else_=0)).label("forwarded"),
            func.sum(case((Call.state == CallState.ANSWERED, 1), else_=0)).label("answered"),
            begun(Call.seconds).label("minutes"),
            begun(Call.talk_seconds).label("forwarded_minutes"),
        )
        .where(owned(tenant, Call))
        .group_by(Call.account_id, Call.day, Call.organization_id)
    )
