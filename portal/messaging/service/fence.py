"""All sending of an organization stands still while its records may be older than the world (I14).

Tripped by a restored backup, by evidence for a text that never left, by texts nobody here
sent, or by a person. It stands until the carrier's list has been read to its end, both ways;
where that settles everything it lifts itself, else a person decides.
"""

import logging
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import BindParameter, and_, case, literal, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit, clock
from portal.core.audit import SYSTEM, Actor
from portal.core.columns import UTCDateTime
from portal.core.db import db, is_sqlite
from portal.core.settings import settings
from portal.messaging.errors import FenceNotReady
from portal.messaging.models import SendingFence, StrayText
from portal.messaging.queries import recovery as records
from portal.messaging.service import outbox
from portal.messaging.values import FenceCause, FenceRef, State
from portal.notifications import service as notifications
from portal.numbers import queries as numbers
from portal.people import queries as people

logger = logging.getLogger(__name__)

LOOK_BACK: Final = timedelta(hours=48)  # where nothing says how old the records are
OVERLAP: Final = timedelta(minutes=15)

_TITLES: Final = {
    FenceCause.OLDER: "Sending has stopped: a backup was restored",
    FenceCause.BY_HAND: "Sending has stopped: a backup was restored",
    FenceCause.UNSENT: "Sending has stopped: the carrier knows texts we have not sent",
    FenceCause.STRAYS: "Sending has stopped: texts nobody here sent",
}
_UNTIL_THEY_AGREE: Final = (
    "No text leaves until the records and the carrier's list agree. Open the page to see "
    "what was found and what to do."
)


class Waiting(StrEnum):
    """What becomes of texts that may have gone already and may not."""

    DROP = "drop"
    SEND = "send"


def trip(
    organization_id: UUID,
    cause: FenceCause,
    *,
    since: datetime | None = None,
    actor: Actor = SYSTEM,
) -> bool:
    """Stop all sending of an organization; say whether it had not been stopped.

    The carrier's list will be read from `since` on. Again is harmless; a restore on top of a
    lesser cause takes its place, and of several times the earliest holds.
    """
    insert = (sqlite if is_sqlite() else postgresql).insert(SendingFence)
    now = clock.utcnow()
    fence_id = uuid4()
    fresh = db.session.scalar(
        insert.values(
            id=fence_id,
            organization_id=organization_id,
            cause=cause,
            since=since - OVERLAP if since is not None else now - LOOK_BACK,
            tripped_at=now,
            recovered=0,
            learned=0,
        )
        .on_conflict_do_nothing()
        .returning(SendingFence.id)
    )
    if fresh is None:
        if cause in FenceCause.of_old_records():
            _deepen(organization_id, cause, since=since, actor=actor)
        return False
    logger.critical("sending of organization %s stops: %s", organization_id, cause)
    tell(organization_id, _TITLES[cause], dedupe=f"fence:{fence_id}")
    audit.record(
        "messaging:fence:trip",
        actor=actor,
        organization_id=organization_id,
        subject_id=fence_id,
        cause=cause,
    )
    return True


def trip_all(cause: FenceCause, *, since: datetime | None = None, actor: Actor = SYSTEM) -> int:
    """Stop everybody who could send; return how many were not stopped yet."""
    return sum(
        trip(organization_id, cause, since=since, actor=actor)
        for organization_id in numbers.organizations_at_the_carrier()
    )


def looked(standing: FenceRef, began: datetime, *, recovered: int, learned: int) -> None:
    """Note that the carrier's list was read to its end, both ways, and what that brought.

    A reading counts from its begin: what came later may not be on it yet (PROMISES 1.3).
    `standing` is the fence as it was read before the list: where it was deepened meanwhile,
    what was read is not all there is to read, and the fence still waits for that.
    """
    is_all = SendingFence.tripped_at == standing.tripped_at
    db.session.execute(
        update(SendingFence)
        .where(SendingFence.id == standing.id, SendingFence.lifted_at.is_(None))
        .values(
            reconciled_at=case((is_all, _moment(began)), else_=SendingFence.reconciled_at),
            recovered=SendingFence.recovered + recovered,
            learned=SendingFence.learned + learned,
        )
        .execution_options(synchronize_session=False)
    )


def lift_settled(organization_id: UUID) -> bool:
    """Let sending go on where looking has settled everything, and the list's lag is over."""
    standing = records.fence(organization_id)
    if standing is None or standing.needs_a_person or standing.reconciled_at is None:
        return False
    if standing.reconciled_at - standing.tripped_at < settings().list_lag:
        return False
    _lift(standing, "The carrier's list and the records agree.", SYSTEM, dropped=0)
    return True


def lift(organization_id: UUID, *, reason: str, waiting: Waiting, actor: Actor) -> FenceRef:
    """Let sending go on because a person says so; again is harmless.

    Texts that may have gone already end as not confirmed and uncharged, or go, as chosen.
    Raises FenceNotReady before the carrier's list was read to its end, after a restore once its lag
    was over.
    """
    standing = records.fence(organization_id)
    if standing is None:
        raise FenceNotReady("Sending is not stopped. There is nothing to lift.")
    if standing.reconciled_at is None:
        raise FenceNotReady(
            "The carrier's list has not been read to its end yet. That takes a few minutes; "
            "then you can let sending go on."
        )
    if not records.may_be_decided(standing):
        raise FenceNotReady(
            "The carrier's list may not show yet what left just before sending stopped. It is read "
            "again once it must; then you can let sending go on."
        )
    dropped = 0
    if waiting is Waiting.DROP and standing.waiting:
        dropped = len(
            outbox.end_unsent(
                records.may_have_gone(organization_id, standing.tripped_at),
                State.UNCONFIRMED,
                cause="person",
                code="restored",
                sentence="A backup was restored, and nobody could say whether this text had gone.",
            )
        )
    _lift(standing, reason, actor, dropped=dropped)
    return standing


def tell(
    organization_id: UUID,
    title: str,
    text: str = _UNTIL_THEY_AGREE,
    *,
    dedupe: str,
    admin_url: str = "/admin/sending",
) -> None:
    """Tell the leads, the officers and the administrators, once for each dedupe key (M-2)."""
    insiders = [*people.leads(organization_id), *people.officers(organization_id)]
    for user_ids, url in (
        ([user.id for user in insiders], f"/organizations/{organization_id}/sending"),
        ([user.id for user in people.administrators()], admin_url),
    ):
        notifications.notify(
            organization_id=organization_id,
            account_id=None,
            user_ids=user_ids,
            kind="trouble",
            title=title,
            text=text,
            url=url,
            dedupe_key=dedupe,
        )


def _deepen(
    organization_id: UUID, cause: FenceCause, *, since: datetime | None, actor: Actor
) -> None:
    """Let a fence that stands say that the records are old, and look at the list anew for it.

    A backup may be restored again, and by hand again: each time the list is read from the
    earliest moment anybody named. Evidence for texts that never left comes text by text: it
    counts where it reaches farther back.
    """
    standing = records.fence(organization_id)
    if standing is None:
        return
    now = clock.utcnow()
    begins = since - OVERLAP if since is not None else now - LOOK_BACK
    if cause is FenceCause.UNSENT and standing.cause in FenceCause.of_old_records():
        if begins >= standing.since:
            return
        cause = standing.cause
    if standing.cause is FenceCause.BY_HAND:
        cause = standing.cause  # a person stopped it, so a person lets it go on
    is_earlier = SendingFence.since > begins  # asked of the row: another may have deepened it
    db.session.execute(
        update(SendingFence)
        .where(SendingFence.id == standing.id, SendingFence.lifted_at.is_(None))
        .values(
            cause=cause,
            since=case((is_earlier, _moment(begins)), else_=SendingFence.since),
            tripped_at=now,
            reconciled_at=None,
        )
        .execution_options(synchronize_session=False)
    )
    audit.record(
        "messaging:fence:deepen",
        actor=actor,
        organization_id=organization_id,
        subject_id=standing.id,
        cause=cause,
    )


def _moment(at: datetime) -> BindParameter[datetime]:
    """Return a time as the fence's columns keep it, for where it stands beside one."""
    return literal(at, UTCDateTime())


def _lift(standing: FenceRef, reason: str, actor: Actor, *, dropped: int) -> None:
    now = clock.utcnow()
    lifted = db.session.scalar(
        update(SendingFence)
        .where(SendingFence.id == standing.id, SendingFence.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by_name=actor.label, reason=reason.strip()[:500])
        .returning(SendingFence.id)
        .execution_options(synchronize_session=False)
    )
    if lifted is None:
        return
    db.session.execute(
        update(StrayText)
        .where(
            and_(
                StrayText.organization_id == standing.organization_id,
                StrayText.settled_at.is_(None),
            )
        )
        .values(settled_at=now)
        .execution_options(synchronize_session=False)
    )
    audit.record(
        "messaging:fence:lift",
        actor=actor,
        organization_id=standing.organization_id,
        subject_id=standing.id,
        cause=standing.cause,
        reason=reason.strip()[:500],
        recovered=standing.recovered,
        learned=standing.learned,
        strays=standing.strays,
        dropped=dropped,
    )
