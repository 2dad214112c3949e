"""Which organizations' carrier lists are to be read in full, and which were (PROMISES 2.4)."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import clock
from portal.core.db import db, is_sqlite
from portal.messaging.models import CarrierWatch
from portal.people import queries as people

SWEPT_EVERY: Final = timedelta(hours=24)
SWEEPS_OVER: Final = timedelta(hours=48)


def due() -> list[UUID]:
    """Return the organizations whose daily sweep is due, in a fixed order."""
    fresh_since = clock.utcnow() - SWEPT_EVERY
    fresh = set(
        db.session.scalars(
            select(CarrierWatch.organization_id).where(CarrierWatch.swept_at > fresh_since)
        )
    )
    return [one.id for one in people.organizations() if one.id not in fresh]


def swept(organization_id: UUID) -> None:
    """Note that an organization's list was read to its end; the next sweep is a day away."""
    insert = (sqlite if is_sqlite() else postgresql).insert(CarrierWatch)
    now = clock.utcnow()
    db.session.execute(
        insert.values(organization_id=organization_id, swept_at=now).on_conflict_do_update(
            index_elements=["organization_id"], set_={"swept_at": now}
        )
    )
