"""The copy of the database's high-water mark that lies outside it, in var/ (I14).

A restored backup knows less than the world has seen: its mark is behind the copy. Each host
keeps a copy of its own, so with several hosts any one that ran after the backup notices. A host
that has none and meets a database at rest takes it for a backup: a machine was replaced.
"""

import fcntl
import json
import logging
import os
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import clock
from portal.core.db import db, is_sqlite
from portal.core.settings import settings
from portal.messaging.models import Installation
from portal.messaging.queries.recovery import SILENT_AFTER
from portal.messaging.service import fence
from portal.messaging.values import FenceCause, Mark

logger = logging.getLogger(__name__)

_NAME: Final = "high-water.json"


class _Watch:
    """Whether this process keeps a copy; only programs that send do, once they have begun."""

    is_on = False


def begin() -> None:
    """Compare marks from now on in this process and in those it forks."""
    _Watch.is_on = True


def is_kept() -> bool:
    """Say whether this process keeps a copy."""
    return _Watch.is_on


def end() -> None:
    """Compare marks no more; for tests."""
    _Watch.is_on = False


def copy() -> Mark | None:
    """Return the copy outside the database, None where there is none (yet) or none is kept."""
    return _read(_path()) if _Watch.is_on else None


def advance(outside: Mark | None) -> tuple[Mark, bool]:
    """Raise the database's mark by one beat; return it, and whether it looks like a backup.

    It does where it is behind the copy; without a copy, where nobody has sent from it for a
    minute. Then all sending stops before this transaction commits, and a new generation
    begins. Write the mark outside with `keep` after the commit, never before it.
    """
    row = _locked()
    before = Mark(row.incarnation, row.generation, row.beat)
    generation = row.generation
    if outside is None:
        is_restored = row.beat > 0 and clock.utcnow() - row.beaten_at > SILENT_AFTER
    else:
        is_restored = before.is_behind(outside)
    if is_restored:
        logger.critical("the database is older than its copy of the mark: was a backup restored?")
        known = outside or before
        is_same = known.incarnation == before.incarnation
        fence.trip_all(FenceCause.OLDER, since=row.beaten_at if is_same else None)
        generation = max(row.generation, known.generation) + 1
    db.session.execute(
        update(Installation)
        .where(Installation.id == 1)
        .values(generation=generation, beat=row.beat + 1, beaten_at=clock.utcnow())
        .execution_options(synchronize_session=False)
    )
    return Mark(row.incarnation, generation, row.beat + 1), is_restored


def keep(mark: Mark) -> None:
    """Force the mark to disk unless a newer one of this database lies there. Raises OSError."""
    path = _path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        there = _read(path)
        if there is not None and mark.incarnation == there.incarnation and mark.is_behind(there):
            return
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(
                {
                    "incarnation": str(mark.incarnation),
                    "generation": mark.generation,
                    "beat": mark.beat,
                },
                file,
            )
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _locked() -> Installation:
    """Lock the one row, made on first use."""
    insert = (sqlite if is_sqlite() else postgresql).insert(Installation)
    db.session.execute(
        insert.values(
            id=1, incarnation=uuid4(), generation=1, beat=0, beaten_at=clock.utcnow()
        ).on_conflict_do_nothing()
    )
    return db.session.scalars(
        select(Installation)
        .where(Installation.id == 1)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _read(path: Path) -> Mark | None:
    """Return what the file says; a file that can't be read counts as a newer life's."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Mark(UUID(kept["incarnation"]), int(kept["generation"]), int(kept["beat"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        logger.exception("%s cannot be read", path)
        return Mark(UUID(int=0), 0, 0)


def _path() -> Path:
    return settings().var / _NAME
