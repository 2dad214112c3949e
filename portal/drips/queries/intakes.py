"""How far it has come with many people who are being enrolled."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.drips.models import DripIntake
from portal.drips.models.intakes import MOVING
from portal.drips.values import IntakeRef

_STALLED_AFTER: Final = timedelta(minutes=2)
_ROW: Final = tuple(getattr(DripIntake, name) for name in IntakeRef.__dataclass_fields__)


def intake_or_404(tenant: Tenant, intake_id: UUID) -> IntakeRef:
    """Return one of an account's. Raises NotFound."""
    row = db.session.execute(
        select(*_ROW).where(owned(tenant, DripIntake), DripIntake.id == intake_id)
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that enrolment.")
    return IntakeRef(*row)


def moving_into(tenant: Tenant, drip_id: UUID) -> IntakeRef | None:
    """Return the oldest one under way into a plan from an account, or None."""
    i = DripIntake
    row = db.session.execute(
        select(*_ROW)
        .where(MOVING, owned(tenant, i), i.drip_id == drip_id)
        .order_by(i.begun_at, i.id)
        .limit(1)
    ).one_or_none()
    return IntakeRef(*row) if row else None


def stalled(now: datetime) -> list[UUID]:
    """Return what nobody has moved for two minutes, for the sweep."""
    i = DripIntake
    wanted = select(i.id).where(MOVING, i.moved_at < now - _STALLED_AFTER)
    return list(db.session.scalars(wanted.order_by(i.moved_at).limit(100)))
