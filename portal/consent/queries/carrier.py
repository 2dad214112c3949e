"""Where the carrier's records and ours differ, and what was said of an old tool's opt-outs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_

from portal.consent.models import (
    CarrierConsent,
    ConsentRecord,
    OldOptOutAnswer,
    OrganizationOptOut,
)
from portal.consent.values import (
    Event,
    Method,
    OldOptOuts,
    Reach,
    Told,
)
from portal.core.db import database_now, db
from portal.core.tenancy import Tenant, owned

SHOWN: Final = 100
_ACTS: Final = (Event.OPTED_OUT, Event.OPTED_IN, Event.GIVEN)
_Key = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class OldOptOutsRef:
    """What an account said of the opt-outs of its old tool, who said it and when."""

    answer: OldOptOuts
    note: str
    said_at: datetime
    said_by: str


@dataclass(frozen=True, slots=True)
class OpenConsent:
    """One number about which the carrier does not know yet what we know, and since when."""

    account_id: UUID
    e164: str
    is_out: bool
    acted_at: datetime
    since: datetime
    state: Told
    tries: int
    trouble: str
    method: Method | None
    record_id: UUID | None


@dataclass(frozen=True, slots=True)
class CarrierNews:
    """An opt-out the carrier knew before we did, and that was stored here (Q-8)."""

    account_id: UUID
    e164: str
    record_id: UUID
    recorded_at: datetime
    details: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the carrier's records and ours compare in one organization."""

    told: int
    waiting: int
    refused: int
    last_told_at: datetime | None


@dataclass(frozen=True, slots=True)
class OptOutRef:
    """The newest opt-out of a number in an organization, and how far it reaches."""

    e164: str
    opted_out_at: datetime
    from_account_id: UUID
    record_id: UUID
    reach: Reach
    reach_reason: str
    reach_set_by: str
    reach_set_at: datetime | None


def organizations_to_tell() -> Sequence[UUID]:
    """Return organizations of which the carrier is to be told something now."""
    now, c = database_now(), CarrierConsent
    return db.session.scalars(
        select(c.organization_id)
        .where(
            c.state != Told.TOLD,
            c.next_try_at <= now,
            or_(c.lease_until.is_(None), c.lease_until < now),
        )
        .distinct()
    ).all()


def agreement(organization_id: UUID) -> Agreement:
    """Return how much of what we know the carrier knows."""
    c = CarrierConsent
    counted = {
        state: (count, last)
        for state, count, last in db.session.execute(
            select(c.state, func.count(), func.max(c.told_at))
            .where(c.organization_id == organization_id)
            .group_by(c.state)
        )
    }
    lasts = [last for _, last in counted.values() if last is not None]
    return Agreement(
        told=counted.get(Told.TOLD, (0, None))[0],
        waiting=counted.get(Told.WAITING, (0, None))[0],
        refused=counted.get(Told.REFUSED, (0, None))[0],
        last_told_at=max(lasts, default=None),
    )


def open_consents(organization_id: UUID, limit: int = SHOWN) -> list[OpenConsent]:
    """Return what the carrier doesn't know yet, the longest open first."""
    c = CarrierConsent
    rows = db.session.scalars(
        select(c)
        .where(c.organization_id == organization_id, c.state != Told.TOLD)
        .order_by(c.acted_at, c.e164)
        .limit(limit)
        .execution_options(populate_existing=True)
    ).all()
    newest = _newest(organization_id, [(row.account_id, row.e164) for row in rows])
    found = []
    for row in rows:
        record_id, method, said_at = newest.get((row.account_id, row.e164), (None, None, None))
        found.append(
            OpenConsent(
                row.account_id,
                row.e164,
                row.is_out,
                said_at or row.acted_at,
                row.since,
                row.state,
                row.tries,
                row.trouble,
                method,
                record_id,
            )
        )
    return sorted(found, key=lambda one: one.acted_at)


def carrier_news(organization_id: UUID, limit: int = 50) -> list[CarrierNews]:
    """Return opt-outs the carrier knew before we did, newest first; each was stored here."""
    r = ConsentRecord
    rows = db.session.scalars(
        select(r)
        .where(
            r.organization_id == organization_id,
            r.event == Event.OPTED_OUT,
            r.method == Method.CARRIER,
        )
        .order_by(r.recorded_at.desc(), r.id)
        .limit(limit)
    )
    return [
        CarrierNews(row.account_id, row.e164, row.id, row.recorded_at, row.method_details)
        for row in rows
    ]


def newest_ways(organization_id: UUID, keys: Sequence[_Key]) -> Mapping[_Key, Method]:
    """Return by which way the newest act of each number in its account came."""
    return {key: method for key, (_, method, _) in _newest(organization_id, keys).items()}


def old_opt_outs(tenant: Tenant) -> OldOptOutsRef | None:
    """Return what an account said of the opt-outs of its old tool, None before it did."""
    row = db.session.scalar(
        select(OldOptOutAnswer)
        .where(owned(tenant, OldOptOutAnswer))
        .execution_options(populate_existing=True)
    )
    return OldOptOutsRef(row.answer, row.note, row.said_at, row.said_by) if row else None


def organization_opt_out(organization_id: UUID, e164: str) -> OptOutRef | None:
    """Return the newest opt-out of a number in the organization, and how far it reaches."""
    row = db.session.scalar(
        select(OrganizationOptOut)
        .where(
            OrganizationOptOut.organization_id == organization_id, OrganizationOptOut.e164 == e164
        )
        .execution_options(populate_existing=True)
    )
    if row is None:
        return None
    return OptOutRef(
        row.e164,
        row.opted_out_at,
        row.from_account_id,
        row.record_id,
        row.reach,
        row.reach_reason,
        row.reach_set_by,
        row.reach_set_at,
    )


def _newest(
    organization_id: UUID, keys: Sequence[_Key]
) -> dict[_Key, tuple[UUID, Method, datetime | None]]:
    """Return the record of the newest act of each number, its way, and when it was said."""
    if not keys:
        return {}
    r = ConsentRecord
    rows = db.session.execute(
        select(r.account_id, r.e164, r.id, r.method, r.given_at)
        .where(
            r.organization_id == organization_id,
            tuple_(r.account_id, r.e164).in_(list(keys)),
            r.event.in_(_ACTS),
        )
        .order_by(r.recorded_at, r.id)
    )
    return {(row.account_id, row.e164): (row.id, row.method, row.given_at) for row in rows}
