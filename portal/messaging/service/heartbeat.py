"""Signs of life of the web, and what follows from its silence: texts received went unheard.

While webhooks could not reach us, people may have said STOP. So after an outage bulk sending
waits until the carrier's list of received texts has been read over it (PROMISES 2.4). That list
lags: a reading tells of everything up to its begin less the lag, and of nothing later for sure
(PROMISES 1.3). So what opens the gate is a reading that began that long after we were back.
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
from portal.core.settings import settings
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
# Until a reading can open the gate, for those whom single texts may still reach.
READ_AGAIN_AFTER: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Behind:
    """An organization whose received texts are to be read anew, and from when on."""

    organization_id: UUID
    since: datetime
    noticed_at: datetime
    read_at: datetime | None  # when the newest reading began; it may be one of an earlier outage

    def opens_by(self, began: datetime) -> bool:
        """Say whether a reading begun then tells of all that came in before we were back."""
        return began - self.noticed_at >= settings().list_lag

    def is_to_be_read(self, now: datetime) -> bool:
        """Say whether a reading would bring something that the last one could not."""
        if self.read_at is None or self.read_at < self.noticed_at or self.opens_by(now):
            return True
        return now - self.read_at >= READ_AGAIN_AFTER


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
    if now < before:
        _count_anew(now)
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


def _count_anew(now: datetime) -> None:
    """Let what was noticed in a time that was moved back (X-2) be noticed now: else it never ends."""
    db.session.execute(
        update(CarrierWatch)
        .where(CarrierWatch.behind_since.is_not(None), CarrierWatch.noticed_at > now)
        .values(noticed_at=now)
        .execution_options(synchronize_session=False)
    )


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
    """Return who has texts to catch up with, whether or not a reading is due."""
    rows = db.session.scalars(
        select(CarrierWatch)
        .where(CarrierWatch.behind_since.is_not(None))
        .order_by(CarrierWatch.organization_id)
        .execution_options(populate_existing=True)
    )
    return [
        Behind(row.organization_id, row.behind_since - OVERLAP, row.noticed_at, row.read_at)
        for row in rows
        if row.behind_since is not None and row.noticed_at is not None  # set together
    ]


def was_read(done: Behind, began: datetime) -> bool:
    """Note a reading to the end of the list; open the gate if it began late enough, and say so.

    One during which another outage came is none: what people said in that, it may have missed.
    """
    opens = done.opens_by(began)
    noted = db.session.scalar(
        update(CarrierWatch)
        .where(
            CarrierWatch.organization_id == done.organization_id,
            CarrierWatch.noticed_at == done.noticed_at,
        )
        .values(read_at=began, **({"behind_since": None} if opens else {}))
        .returning(CarrierWatch.organization_id)
        .execution_options(synchronize_session=False)
    )
    return opens and noted is not None


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
