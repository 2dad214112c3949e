"""Which organizations' carrier lists are to be read in full, and which were (PROMISES 2.4)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
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
# After a list that was not readable for long; the carrier lets go of texts by and by.
SWEEPS_OVER_AT_MOST: Final = timedelta(days=60)
OVERLAP: Final = timedelta(hours=1)  # what the list did not show yet when it was read last


def due() -> Mapping[UUID, datetime]:
    """Return whose daily sweep is due, in a fixed order, and since when each list is to be read.

    That is two days, or from the last reading on where it was longer ago: a STOP of the days in
    which nobody could read the list is on no other.
    """
    now = clock.utcnow()
    swept = {
        row.organization_id: row.swept_at
        for row in db.session.execute(
            select(CarrierWatch.organization_id, CarrierWatch.swept_at).where(
                CarrierWatch.swept_at.is_not(None)
            )
        )
    }
    last = {one.id: swept.get(one.id) for one in people.organizations()}
    return {
        organization_id: _since(now, at)
        for organization_id, at in last.items()
        if at is None or at <= now - SWEPT_EVERY
    }


def _since(now: datetime, swept_at: datetime | None) -> datetime:
    usual = now - SWEEPS_OVER
    if swept_at is None:
        return usual
    return max(min(usual, swept_at - OVERLAP), now - SWEEPS_OVER_AT_MOST)


def swept(organization_id: UUID) -> None:
    """Note that an organization's list was read to its end; the next sweep is a day away."""
    insert = (sqlite if is_sqlite() else postgresql).insert(CarrierWatch)
    now = clock.utcnow()
    db.session.execute(
        insert.values(organization_id=organization_id, swept_at=now).on_conflict_do_update(
            index_elements=["organization_id"], set_={"swept_at": now}
        )
    )
