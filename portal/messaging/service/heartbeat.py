"""Signs of life of the web, and what follows from its silence: texts received went unheard.

While webhooks could not reach us, people may have said STOP. So after an outage bulk sending
waits until the carrier's list of received texts has been read over it (PROMISES 2.4).
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit, clock
from portal.core.audit import SYSTEM
from portal.core.db import db, is_sqlite
from portal.messaging.models import CarrierWatch, Heartbeat, Message
from portal.messaging.queries import recovery as records
from portal.messaging.queries.recovery import SILENT_AFTER, WEB
from portal.messaging.rules import gates
from portal.messaging.service import outbox
from portal.messaging.values import State
from portal.people import queries as people

logger = logging.getLogger(__name__)

BEAT_EVERY: Final = timedelta(seconds=10)
# The carrier may have tried to tell us of a text a little before we fell silent.
OVERLAP: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Behind:
    """An organization whose received texts are to be read anew, and from when on."""

    organization_id: UUID
    since: datetime
    noticed_at: datetime | None


def beat(name: str = WEB) -> bool:
    """Note that the web is up; say whether it had been silent for more than a minute.

    When it had, every organization is behind from this transaction on. Several processes may
    beat at once.
    """
    now = clock.utcnow()
    insert = (sqlite if is_sqlite() else postgresql).insert(Heartbeat)
    db.session.execute(insert.values(name=name, alive_at=now).on_conflict_do_nothing())
    before = db.session.scalar(
        select(Heartbeat.alive_at).where(Heartbeat.name == name).with_for_update()
    )
    assert before is not None  # it was there, or has just been made
    if timedelta() <= now - before < BEAT_EVERY / 2:
        return False  # another process has just done it
    db.session.execute(
        update(Heartbeat)
        .where(Heartbeat.name == name)
        .values(alive_at=now)
        .execution_options(synchronize_session=False)
    )
    if now - before <= SILENT_AFTER:
        return False
    logger.warning("the web was silent from %s to %s: catching up", before, now)
    for organization in people.organizations():
        fall_behind(organization.id, before)
    audit.record(
        "messaging:outage:notice",
        actor=SYSTEM,
        organization_id=None,
        silent_from=before.isoformat(),
        silent_until=now.isoformat(),
    )
    return True


def fall_behind(organization_id: UUID, since: datetime) -> None:
    """Make an organization's bulk texts wait until received texts were read from `since` on."""
    now = clock.utcnow()
    insert = (sqlite if is_sqlite() else postgresql).insert(CarrierWatch)
    db.session.execute(insert.values(organization_id=organization_id).on_conflict_do_nothing())
    mine = CarrierWatch.organization_id == organization_id
    db.session.execute(
        update(CarrierWatch)
        .where(mine, or_(CarrierWatch.behind_since.is_(None), CarrierWatch.behind_since > since))
        .values(behind_since=since)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(CarrierWatch)
        .where(mine)
        .values(noticed_at=now)
        .execution_options(synchronize_session=False)
    )


def behind() -> list[Behind]:
    """Return who has texts to catch up with."""
    rows = db.session.scalars(
        select(CarrierWatch)
        .where(CarrierWatch.behind_since.is_not(None))
        .order_by(CarrierWatch.organization_id)
        .execution_options(populate_existing=True)
    )
    return [
        Behind(row.organization_id, row.behind_since - OVERLAP, row.noticed_at)
        for row in rows
        if row.behind_since is not None
    ]


def caught_up(done: Behind) -> bool:
    """Open the gate again, unless another outage came while the list was read; say so."""
    closed = db.session.scalar(
        update(CarrierWatch)
        .where(
            CarrierWatch.organization_id == done.organization_id,
            CarrierWatch.noticed_at == done.noticed_at,
        )
        .values(behind_since=None)
        .returning(CarrierWatch.organization_id)
        .execution_options(synchronize_session=False)
    )
    return closed is not None


def release() -> int:
    """Queue again the bulk texts that waited for the gate, where it is open."""
    if records.web_is_silent():
        return 0
    waiting = and_(Message.state == State.HELD, Message.reason_code == gates.CATCHING_UP)
    organizations = db.session.scalars(select(Message.organization_id).where(waiting).distinct())
    shut = {one.organization_id for one in behind()}
    count = 0
    for organization_id in organizations.all():
        if organization_id in shut:
            continue
        count += len(
            outbox.move(
                and_(waiting, Message.organization_id == organization_id),
                State.QUEUED,
                cause="caught_up",
                reason_code=None,
                reason=None,
            )
        )
    return count
