"""Whether an organization may send as far as its records can be trusted (PROMISES 2.4, I14)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, func, select

from portal.core import clock
from portal.core.db import db
from portal.core.once import once_a_page
from portal.core.settings import settings
from portal.messaging.models import (
    CarrierWatch,
    Heartbeat,
    Installation,
    Message,
    SendingFence,
    StrayText,
    Sweep,
)
from portal.messaging.values import CANCELABLE, FenceCause, FenceRef, Mark

WEB: Final = "web"  # whose silence means that webhooks were lost
SILENT_AFTER: Final = timedelta(seconds=60)  # PROMISES 2.4
_STRAYS_SHOWN = 100
_GONE_FOR: Final = timedelta(days=31)  # a plan takes its lost steps anew, in its own rhythm


@dataclass(frozen=True, slots=True)
class StrayRef:
    """A text the carrier sent that no row of ours accounts for."""

    sid: str
    e164: str
    from_e164: str | None
    body: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class SendingState:
    """What the last look before the carrier asks about the records themselves."""

    fence: FenceCause | None
    is_catching_up: bool
    mark: Mark | None  # None: nothing has ever kept one


def _sending_state() -> Select[Any]:
    ours: BindParameter[UUID] = bindparam("organization")
    alive = select(Heartbeat.alive_at).where(Heartbeat.name == WEB)
    behind = select(CarrierWatch.behind_since).where(CarrierWatch.organization_id == ours)
    fence = select(SendingFence.cause).where(
        SendingFence.organization_id == ours, SendingFence.lifted_at.is_(None)
    )
    mark = (Installation.incarnation, Installation.generation, Installation.beat)
    marks = (select(part).where(Installation.id == 1) for part in mark)
    return select(*(part.scalar_subquery() for part in (alive, behind, fence, *marks)))


_SENDING_STATE: Final = _sending_state()  # made once: every text asks it


@once_a_page
def sending_state(organization_id: UUID) -> SendingState:
    """Return in one SELECT whether an organization's records can be trusted now."""
    alive_at, behind_since, cause, incarnation, generation, beat = db.session.execute(
        _SENDING_STATE, {"organization": organization_id}
    ).one()
    return SendingState(
        FenceCause(cause) if cause else None,
        _is_silent(alive_at) or behind_since is not None,
        Mark(incarnation, generation, beat) if incarnation is not None else None,
    )


def told_from(organization_id: UUID) -> datetime | None:
    """Return when the carrier's list tells for sure of all that came in during an outage.

    None: nothing of an outage is left to be read. Bulk texts wait at least until then.
    """
    noticed_at = db.session.scalar(
        select(CarrierWatch.noticed_at).where(
            CarrierWatch.organization_id == organization_id, CarrierWatch.behind_since.is_not(None)
        )
    )
    return noticed_at + settings().list_lag if noticed_at is not None else None


def web_is_silent() -> bool:
    """Say whether nobody hears webhooks now; an installation that never had a web is not silent."""
    return _is_silent(db.session.scalar(select(Heartbeat.alive_at).where(Heartbeat.name == WEB)))


def fence(organization_id: UUID) -> FenceRef | None:
    """Return the fence that stands, with what is still to be decided; None: none stands."""
    row = db.session.scalar(
        select(SendingFence).where(
            SendingFence.organization_id == organization_id, SendingFence.lifted_at.is_(None)
        )
    )
    return _ref(row) if row else None


def standing_fences() -> list[FenceRef]:
    """Return every fence that stands, oldest first."""
    rows = db.session.scalars(
        select(SendingFence)
        .where(SendingFence.lifted_at.is_(None))
        .order_by(SendingFence.tripped_at, SendingFence.id)
    )
    return [_ref(row) for row in rows]


def may_be_decided(standing: FenceRef) -> bool:
    """Say whether the carrier's list was read so that a person can decide by it.

    After a restore that is a reading which began once its lag was over: what left just before, and
    the STOPs that came then, are on no earlier one (PROMISES 1.3). Strays are never so young.
    """
    if standing.reconciled_at is None:
        return False
    waits = settings().list_lag if standing.cause in FenceCause.of_old_records() else timedelta()
    return standing.reconciled_at - standing.tripped_at >= waits


def past_fences(organization_id: UUID, limit: int = 10) -> Sequence[FenceRef]:
    """Return the newest fences that were lifted."""
    rows = db.session.scalars(
        select(SendingFence)
        .where(SendingFence.organization_id == organization_id, SendingFence.lifted_at.is_not(None))
        .order_by(SendingFence.lifted_at.desc())
        .limit(limit)
    )
    return [_ref(row) for row in rows]


def strays(organization_id: UUID) -> list[StrayRef]:
    """Return texts no row accounts for and nobody has explained, newest first, 100 at most."""
    rows = db.session.scalars(
        select(StrayText)
        .where(StrayText.organization_id == organization_id, StrayText.settled_at.is_(None))
        .order_by(StrayText.sent_at.desc(), StrayText.sid)
        .limit(_STRAYS_SHOWN)
    )
    return [StrayRef(row.sid, row.e164, row.from_e164, row.body, row.sent_at) for row in rows]


def stray_count(organization_id: UUID) -> int:
    """Return how many texts nobody has explained."""
    return (
        db.session.scalar(
            select(func.count()).where(
                StrayText.organization_id == organization_id, StrayText.settled_at.is_(None)
            )
        )
        or 0
    )


def gone_unaccounted(organization_id: UUID, e164s: Collection[str]) -> set[tuple[str, str]]:
    """Return to whom of some people which words went that no row accounts for, found of late."""
    m = Message
    rows = db.session.execute(
        select(StrayText.e164, StrayText.body).where(
            StrayText.organization_id == organization_id,
            StrayText.e164.in_(e164s),
            StrayText.found_at >= clock.utcnow() - _GONE_FOR,
            ~select(m.id).where(m.sid == StrayText.sid).exists(),
        )
    )
    return {(e164, body.strip()) for e164, body in rows}


def may_have_gone(organization_id: UUID, tripped_at: datetime) -> ColumnElement[bool]:
    """Match texts whose time had come before the fence: the lost days may have sent them."""
    return and_(
        Message.organization_id == organization_id,
        Message.state.in_(CANCELABLE),
        Message.created_at <= tripped_at,
        Message.not_before <= tripped_at,
    )


def _is_silent(alive_at: datetime | None) -> bool:
    return alive_at is not None and clock.utcnow() - alive_at > SILENT_AFTER


def _ref(row: SendingFence) -> FenceRef:
    waiting = 0
    if row.lifted_at is None and FenceCause(row.cause) in FenceCause.of_old_records():
        waiting = (
            db.session.scalar(
                select(func.count()).where(may_have_gone(row.organization_id, row.tripped_at))
            )
            or 0
        )
    return FenceRef(
        id=row.id,
        organization_id=row.organization_id,
        cause=FenceCause(row.cause),
        since=row.since,
        tripped_at=row.tripped_at,
        reconciled_at=row.reconciled_at,
        recovered=row.recovered,
        learned=row.learned,
        waiting=waiting,
        strays=stray_count(row.organization_id),
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by_name,
        reason=row.reason,
    )


def scheduler_ran_at() -> datetime | None:
    """Return when a scheduler last finished a sweep, or None where none ever did."""
    return db.session.scalar(select(func.max(Sweep.last_ran_at)))


def failed_sweeps() -> tuple[str, ...]:
    """Return the names of sweeps that failed the last time and did not go well since."""
    failed = select(Sweep.name).where(Sweep.owner.is_not(None), Sweep.lease_until.is_(None))
    return tuple(db.session.scalars(failed.order_by(Sweep.name)))
