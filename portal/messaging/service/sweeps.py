"""Locks of recurring work: rows, so that two schedulers never do the same thing (RULINGS 18)."""

from datetime import timedelta

from sqlalchemy import or_, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core.db import database_now, db, is_sqlite
from portal.messaging.models import Sweep

LEASE = timedelta(minutes=5)  # a sweep that died is taken over after this


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


def done(name: str, owner: str) -> None:
    """Give the lock back and note that the sweep ran."""
    db.session.execute(
        update(Sweep)
        .where(Sweep.name == name, Sweep.owner == owner)
        .values(owner=None, lease_until=None, last_ran_at=database_now())
        .execution_options(synchronize_session=False)
    )
