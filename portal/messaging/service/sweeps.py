"""Locks of recurring work: rows, so that two schedulers never do the same thing (RULINGS 18)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core.db import database_now, db, is_sqlite
from portal.messaging.models import Sweep

LEASE = timedelta(minutes=1)  # a sweep that died is taken over after this
RENEW_EVERY_S = 15.0  # while it runs


def take(name: str, owner: str) -> bool:
    """Take the lock of one sweep; False while another process holds it."""
    now = database_now()
    insert = (sqlite if is_sqlite() else postgresql).insert(Sweep)
    db.session.execute(insert.values(name=name).on_conflict_do_nothing())
    taken = db.session.scalar(
        update(Sweep)
        .where(
            Sweep.name == name,
            or_(Sweep.lease_until.is_(None), Sweep.lease_until < now, Sweep.owner == owner),
        )
        .values(owner=owner, lease_until=now + LEASE)
        .returning(Sweep.name)
        .execution_options(synchronize_session=False)
    )
    return taken is not None


def ran_since(name: str, moment: datetime) -> bool:
    """Say whether a sweep ended well, in whichever process, since a moment of the database's."""
    ran_at = db.session.scalar(select(Sweep.last_ran_at).where(Sweep.name == name))
    return ran_at is not None and ran_at >= moment


def renew(owners: Mapping[str, str]) -> None:
    """Keep the locks of sweeps that are running: name to owner. One taken over or failed stays so."""
    until = database_now() + LEASE
    for name in sorted(owners):
        db.session.execute(
            update(Sweep)
            .where(
                Sweep.name == name,
                Sweep.owner == owners[name],
                Sweep.lease_until.is_not(None),
            )
            .values(lease_until=until)
            .execution_options(synchronize_session=False)
        )


def done(name: str, owner: str) -> None:
    """Give the lock back and note that the sweep ran."""
    db.session.execute(
        update(Sweep)
        .where(Sweep.name == name, Sweep.owner == owner)
        .values(owner=None, lease_until=None, last_ran_at=database_now())
        .execution_options(synchronize_session=False)
    )


def failed(name: str, owner: str) -> None:
    """Mark a sweep as failed, unless another process does it just now; whoever comes first may try.

    The mark is an owner without a lease, so whoever takes the lock takes it off. What needs no
    lock has its row for this alone.
    """
    insert = (sqlite if is_sqlite() else postgresql).insert(Sweep)
    db.session.execute(insert.values(name=name).on_conflict_do_nothing())
    db.session.execute(
        update(Sweep)
        .where(Sweep.name == name, or_(Sweep.owner.is_(None), Sweep.owner == owner))
        .values(owner=owner, lease_until=None)
        .execution_options(synchronize_session=False)
    )


def went_well(name: str) -> None:
    """Take off a mark, whoever made it."""
    db.session.execute(
        update(Sweep)
        .where(Sweep.name == name, Sweep.owner.is_not(None), Sweep.lease_until.is_(None))
        .values(owner=None)
        .execution_options(synchronize_session=False)
    )
