"""Bulk and plan texts of an account wait until a person has looked; replies go on (H-4, H-8)."""

from uuid import UUID

from sqlalchemy import update

from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.texting_accounts.models import Restriction
from portal.texting_accounts.service.keeping import fresh, locked, record
from portal.texting_accounts.values import AccountRef, Cause, RestrictionKind

_LONGEST = 500


def pause_bulk(account_id: UUID, why: str, *, cause: Cause | None = None, actor: Actor) -> bool:
    """Note that bulk and plan texts of an account wait, and why; False: they do already.

    Raises AccountClosed.
    """
    row = locked(account_id)
    if row.bulk_pause is not None:
        return False
    row.bulk_pause = why.strip()[:_LONGEST]
    db.session.add(
        Restriction(
            organization_id=row.organization_id,
            account_id=account_id,
            kind=RestrictionKind.BULK_PAUSE,
            cause=cause,
            reason=row.bulk_pause,
            set_by=actor.label,
            set_at=utcnow(),
        )
    )
    told = {"cause": cause.value} if cause else {}
    record(
        "accounts:bulk:pause",
        account_id,
        row.organization_id,
        actor,
        reason=row.bulk_pause,
        **told,
    )
    return True


def resume_bulk(account_id: UUID, note: str, *, actor: Actor) -> AccountRef | None:
    """Note that they go again, and why; None: nothing was paused. Raises AccountClosed."""
    row = locked(account_id)
    if row.bulk_pause is None:
        return None
    row.bulk_pause = None
    r = Restriction
    db.session.execute(
        update(r)
        .where(
            owned(Tenant(row.organization_id, account_id), r),
            r.kind == RestrictionKind.BULK_PAUSE,
            r.lifted_at.is_(None),
        )
        .values(lifted_at=utcnow(), lifted_by=actor.label, lift_note=note.strip()[:_LONGEST])
        .execution_options(synchronize_session=False)
    )
    record("accounts:bulk:resume", account_id, row.organization_id, actor, reason=note.strip())
    return fresh(account_id)
