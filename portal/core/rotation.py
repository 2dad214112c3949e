"""Seals every stored secret anew with the newest key, in small steps (X-6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, select, update

from portal.core.db import Base, db, unit_of_work
from portal.core.secrets_box import SecretUnreadable, box

PER_STEP: Final = 200


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did in one column."""

    column: str
    resealed: int
    unreadable: int


def sealed_columns() -> list[Column[Any]]:
    """Return every column that holds sealed secrets."""
    tables = Base.metadata.sorted_tables
    return [c for table in tables for c in table.columns if c.info.get("sealed")]


def rotate(per_step: int = PER_STEP) -> Iterator[Step]:
    """Seal what an older key sealed with the newest, column by column, and tell each step.

    Each step commits alone, so that a run that is killed has lost nothing and the next one goes
    on: what has the newest key is left as it is. A secret changed meanwhile is left, too; it was
    sealed with the newest key. What no key opens stays and is counted.
    """
    for column in sealed_columns():
        [key] = column.table.primary_key.columns
        last: Any = None
        while True:
            query = select(key, column).where(column.is_not(None)).order_by(key).limit(per_step)
            with unit_of_work():
                rows = db.session.execute(query if last is None else query.where(key > last)).all()
                fates = [_reseal(column, key, *row) for row in rows]
            yield Step(str(column), fates.count(True), fates.count(None))
            if len(rows) < per_step:
                break
            last = rows[-1][0]


def _reseal(column: Column[Any], key: Column[Any], row_id: object, sealed: str) -> bool | None:
    """Say whether a secret was sealed anew; None when no key opens it."""
    if box().is_newest(sealed):
        return False
    try:
        fresh = box().seal(box().open(sealed))
    except SecretUnreadable:
        return None
    same = update(column.table).where(key == row_id, column == sealed)
    db.session.execute(same.values({column: fresh}))
    return True
