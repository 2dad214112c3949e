"""Telling the carrier who opted out, and who opted in by an act of their own (Q-8).

What is to be told is written with what changes it; a worker tells it, any number of times, for
telling the same again changes nothing. A change in the meantime raises the version, so that an
answer to what held before settles nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.consent import queries
from portal.consent.models import CarrierConsent
from portal.consent.values import Method, Told
from portal.core.clock import utcnow
from portal.core.db import database_now, db, is_sqlite
from portal.core.tenancy import Tenant

LEASE: Final = timedelta(seconds=60)
_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(hours=1)
_MOST_DOUBLINGS: Final = 7


@dataclass(frozen=True, slots=True)
class ToTell:
    """One number of one account the carrier is to be told of, at one state of it."""

    organization_id: UUID
    account_id: UUID
    e164: str
    is_out: bool
    acted_at: datetime
    version: int
    method: Method | None


def note(tenant: Tenant, changes: Mapping[str, tuple[bool, datetime]]) -> None:
    """Write down what the carrier is to be told: by number, whether it is out, and since when."""
    if not changes:
        return
    assert tenant.account_id is not None
    now = utcnow()
    insert = (sqlite if is_sqlite() else postgresql).insert(CarrierConsent)
    rows: list[dict[str, Any]] = [
        {
            "account_id": tenant.account_id,
            "organization_id": tenant.organization_id,
            "e164": e164,
            "is_out": is_out,
            "acted_at": acted_at,
            "since": now,
            "version": 1,
            "state": Told.WAITING,
            "tries": 0,
            "next_try_at": now,
            "told_to": [],
            "trouble": "",
        }
        for e164, (is_out, acted_at) in sorted(changes.items())
    ]
    new = insert.values(rows)
    db.session.execute(
        new.on_conflict_do_update(
            index_elements=["account_id", "e164"],
            set_={
                "is_out": new.excluded.is_out,
                "acted_at": new.excluded.acted_at,
                "since": new.excluded.since,
                "version": CarrierConsent.version + 1,
                "state": Told.WAITING,
                "tries": 0,
                "next_try_at": new.excluded.next_try_at,
                "lease_until": None,
                "trouble": "",
            },
        )
    )


def claim(organization_id: UUID, limit: int) -> list[ToTell]:
    """Take up to `limit` numbers of an organization that are to be told, oldest first."""
    now, c = database_now(), CarrierConsent
    due = (
        select(c.account_id, c.e164)
        .where(
            c.organization_id == organization_id,
            c.state != Told.TOLD,
            c.next_try_at <= now,
            or_(c.lease_until.is_(None), c.lease_until < now),
        )
        .order_by(c.next_try_at, c.e164)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    keys = [tuple(row) for row in db.session.execute(due)]
    if not keys:
        return []
    taken = db.session.execute(
        update(c)
        .where(tuple_(c.account_id, c.e164).in_(keys), c.organization_id == organization_id)
        .values(lease_until=now + LEASE, tries=c.tries + 1)
        .returning(c.account_id, c.e164, c.is_out, c.acted_at, c.version)
        .execution_options(synchronize_session=False)
    ).all()
    methods = queries.newest_ways(organization_id, [(row.account_id, row.e164) for row in taken])
    return [
        ToTell(
            organization_id,
            row.account_id,
            row.e164,
            row.is_out,
            row.acted_at,
            row.version,
            methods.get((row.account_id, row.e164)),
        )
        for row in taken
    ]


def told(item: ToTell, senders: Sequence[str]) -> bool:
    """Note that the carrier keeps it now; say whether it still was what is to be told."""
    return _settle(
        item,
        state=Told.TOLD,
        told_at=utcnow(),
        told_to=sorted(senders),
        lease_until=None,
        tries=0,
        trouble="",
    )


def refused(item: ToTell, reasons: str) -> bool:
    """Note that the carrier would not take it; it is tried again, ever more slowly."""
    return _later(item, Told.REFUSED, reasons)


def put_back(item: ToTell, why: str) -> bool:
    """Note that the carrier could not be told now; it is tried again, ever more slowly."""
    return _later(item, Told.WAITING, why)


def ask_again(organization_id: UUID) -> int:
    """Have everything the carrier doesn't know tried at once; return how many that is."""
    rows = db.session.execute(
        update(CarrierConsent)
        .where(CarrierConsent.organization_id == organization_id, CarrierConsent.state != Told.TOLD)
        .values(next_try_at=utcnow(), lease_until=None)
        .returning(CarrierConsent.e164)
        .execution_options(synchronize_session=False)
    )
    return len(rows.all())


def tell_new_senders(tenant: Tenant, senders: Sequence[str]) -> int:
    """Have an account's opt-outs told for numbers it got since; return how many those are.

    A person who opted out is blocked at each number they could be texted from.
    """
    wanted = sorted(senders)
    if not wanted:
        return 0
    c, found = CarrierConsent, []
    rows = db.session.execute(
        select(c.e164, c.told_to).where(
            c.organization_id == tenant.organization_id,
            c.account_id == tenant.account_id,
            c.is_out,
            c.state == Told.TOLD,
        )
    )
    found = [row.e164 for row in rows if not set(wanted) <= set(row.told_to)]
    for start in range(0, len(found), queries.MOST):
        db.session.execute(
            update(c)
            .where(
                c.organization_id == tenant.organization_id,
                c.account_id == tenant.account_id,
                c.e164.in_(found[start : start + queries.MOST]),
                c.state == Told.TOLD,
            )
            .values(state=Told.WAITING, next_try_at=utcnow(), since=utcnow())
            .execution_options(synchronize_session=False)
        )
    return len(found)


def _later(item: ToTell, state: Told, trouble: str) -> bool:
    tries = db.session.scalar(
        select(func.max(CarrierConsent.tries)).where(
            CarrierConsent.account_id == item.account_id, CarrierConsent.e164 == item.e164
        )
    )
    wait = min(_FIRST_WAIT * 2 ** min((tries or 1) - 1, _MOST_DOUBLINGS), _LONGEST_WAIT)
    return _settle(
        item,
        state=state,
        next_try_at=utcnow() + wait,
        lease_until=None,
        trouble=trouble[:300],
    )


def _settle(item: ToTell, **values: Any) -> bool:
    settled = db.session.scalar(
        update(CarrierConsent)
        .where(
            CarrierConsent.organization_id == item.organization_id,
            CarrierConsent.account_id == item.account_id,
            CarrierConsent.e164 == item.e164,
            CarrierConsent.version == item.version,
        )
        .values(**values)
        .returning(CarrierConsent.e164)
        .execution_options(synchronize_session=False)
    )
    return settled is not None
