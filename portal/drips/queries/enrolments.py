"""Who is in a plan, and what is due."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, func, literal, select, tuple_

from portal.core.columns import Id
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.drips.models import Drip, DripEnrolment, DripRun
from portal.drips.models.enrolments import LIVE
from portal.drips.values import DripState, EnrolmentRef, EnrolmentState, RunRef

BATCH: Final = 500
_LAST: Final = UUID(int=2**128 - 1)

_ROW: Final = tuple(getattr(DripEnrolment, name) for name in EnrolmentRef.__dataclass_fields__)
_RUN: Final = tuple(getattr(DripRun, name) for name in RunRef.__dataclass_fields__)


class Due(NamedTuple):
    """Somebody whose next step is to be looked at."""

    account_id: UUID
    step_id: UUID | None  # None: none is left, the newest text has to leave
    id: UUID


def enrolment_or_404(tenant: Tenant, enrolment_id: UUID) -> EnrolmentRef:
    """Return one person's place in a plan. Raises NotFound."""
    row = db.session.execute(
        select(*_ROW).where(owned(tenant, DripEnrolment), DripEnrolment.id == enrolment_id)
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that person in the plan.")
    return EnrolmentRef(*row)


def of_contact(tenant: Tenant, contact_id: UUID) -> list[EnrolmentRef]:
    """Return every plan a person is or was in, the newest first."""
    wanted = select(*_ROW).where(
        owned(tenant, DripEnrolment), DripEnrolment.contact_id == contact_id
    )
    rows = db.session.execute(
        wanted.order_by(DripEnrolment.started_at.desc(), DripEnrolment.id).limit(BATCH)
    )
    return [EnrolmentRef(*row) for row in rows]


def of_drip(
    tenant: Tenant,
    drip_id: UUID,
    states: Iterable[EnrolmentState] = tuple(EnrolmentState),
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[EnrolmentRef]:
    """Return people of a plan in one account, the newest first; `after` is the last one shown."""
    e = DripEnrolment
    wanted = select(*_ROW).where(owned(tenant, e), e.drip_id == drip_id, e.state.in_(list(states)))
    if after is not None:
        wanted = wanted.where(tuple_(e.started_at, e.id) < tuple_(*after))
    rows = db.session.execute(wanted.order_by(e.started_at.desc(), e.id.desc()).limit(limit))
    return [EnrolmentRef(*row) for row in rows]


def counts(
    tenant: Tenant,
    drip_ids: Iterable[UUID],
    states: Iterable[EnrolmentState] = tuple(EnrolmentState),
) -> dict[UUID, dict[EnrolmentState, int]]:
    """Return how many people of an account, or of all, stand where in some plans."""
    e = DripEnrolment
    rows = db.session.execute(
        select(e.drip_id, e.state, func.count())
        .where(owned(tenant, e), e.drip_id.in_(list(drip_ids)), e.state.in_(list(states)))
        .group_by(e.drip_id, e.state)
    )
    found: dict[UUID, dict[EnrolmentState, int]] = {}
    for drip_id, state, count in rows:
        found.setdefault(drip_id, {})[state] = count
    return found


def live_count(tenant: Tenant) -> int:
    """Return how many places in plans of an account go on or are paused."""
    e = DripEnrolment
    return db.session.scalar(select(func.count()).where(LIVE, owned(tenant, e))) or 0


def live_in(tenant: Tenant, drip_id: UUID, contact_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of at most 500 people who are in a plan now."""
    e = DripEnrolment
    return set(
        db.session.scalars(
            select(e.contact_id).where(
                LIVE, owned(tenant, e), e.drip_id == drip_id, e.contact_id.in_(contact_ids)
            )
        )
    )


def numbers_in(tenant: Tenant, drip_id: UUID, e164s: Iterable[str]) -> set[str]:
    """Return those of at most 500 numbers that are texted by a plan of the account now."""
    e = DripEnrolment
    found = db.session.scalars(
        select(e.e164).where(LIVE, owned(tenant, e), e.drip_id == drip_id, e.e164.in_(list(e164s)))
    )
    return {e164 for e164 in found if e164 is not None}


def runs_of(tenant: Tenant, enrolment_ids: Iterable[UUID]) -> list[RunRef]:
    """Return the steps taken for some enrolments, in order."""
    rows = db.session.execute(
        select(*_RUN)
        .where(owned(tenant, DripRun), DripRun.enrolment_id.in_(list(enrolment_ids)))
        .order_by(DripRun.ran_at, DripRun.position)
    )
    return [RunRef(*row) for row in rows]


def due(now: datetime, after: Due | None = None, limit: int = BATCH) -> list[Due]:
    """Return some whose next step is to be looked at now, by account and step."""
    e = DripEnrolment
    # What has no step left comes last, at an id no step has: a place in order for every row.
    at = func.coalesce(e.next_step_id, literal(_LAST, Id()))
    key = (e.account_id, at, e.id)
    wanted = select(e.account_id, e.next_step_id, e.id).where(
        e.look_at.is_not(None), e.look_at <= now
    )
    if after is not None:
        place = (after.account_id, after.step_id or _LAST, after.id)
        wanted = wanted.where(tuple_(*key) > tuple_(*(literal(part, Id()) for part in place)))
    rows = db.session.execute(wanted.order_by(*key).limit(limit))
    return [Due(*row) for row in rows]


def taken(batch: Sequence[Due], now: datetime) -> Select[Any]:
    """Return the statement that locks those of a batch that are still due for the same step."""
    e = DripEnrolment
    return (
        select(e)
        .join(Drip, and_(Drip.organization_id == e.organization_id, Drip.id == e.drip_id))
        .where(
            e.id.in_([one.id for one in batch]),
            e.next_step_id == batch[0].step_id if batch[0].step_id else e.next_step_id.is_(None),
            e.look_at <= now,
            e.state == EnrolmentState.ACTIVE,
            Drip.state == DripState.ACTIVE,
        )
        .order_by(e.id)
        .with_for_update(of=e, skip_locked=True)
        .execution_options(populate_existing=True)
    )
