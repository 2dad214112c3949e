"""Seals every stored secret and file anew with the newest key, in small steps (X-6).

What was sealed before secrets were bound to their place is bound on the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, bindparam, null, select, update

from portal.core.db import Base, db, unit_of_work
from portal.core.secrets_box import Place, SecretUnreadable, box
from portal.core.settings import settings

PER_STEP: Final = 200
SEALED: Final = ".sealed"  # how the name of a sealed file ends


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did in one column."""

    column: str  # or what files
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
        table = column.table
        [key] = table.primary_key.columns
        organization = table.c.get("organization_id", null())
        same = update(table).where(key == bindparam("row"), column == bindparam("was"))
        last: Any = None
        while True:
            query = (
                select(key, organization, column)
                .where(column.is_not(None))
                .order_by(key)
                .limit(per_step)
            )
            with unit_of_work():
                rows = db.session.execute(query if last is None else query.where(key > last)).all()
                sealed_rows = [(row, _sealed_anew(column, *row)) for row in rows]
                fresh = [
                    {"row": row[0], "was": row[2], "now": sealed}
                    for row, sealed in sealed_rows
                    if sealed not in (None, row[2])
                ]
                if fresh:
                    db.session.execute(same.values({column: bindparam("now")}), fresh)
            yield Step(str(column), len(fresh), sum(sealed is None for _, sealed in sealed_rows))
            if len(rows) < per_step:
                break
            last = rows[-1][0]
    fates = [_file_sealed_anew(path) for path in settings().evidence_dir.rglob(f"*{SEALED}")]
    if fates:
        yield Step("files of evidence", fates.count(True), fates.count(None))


def _sealed_anew(
    column: Column[Any], row_id: UUID, organization_id: UUID | None, sealed: str
) -> str | None:
    """Return a secret as the newest key seals it for its place; None when no key opens it here."""
    place = Place.of(column, row_id, organization_id)
    try:
        secret = _open(sealed, place)
    except SecretUnreadable:
        return None
    return sealed if box().is_newest(sealed) else box().seal(secret, place)


def _open(sealed: str, place: Place) -> str:
    try:
        return box().open(sealed, place)
    except SecretUnreadable:
        return box().open_unbound(sealed)


def _file_sealed_anew(path: Path) -> bool | None:
    """Say whether a file was sealed anew, whole or not at all; None when no key opens it."""
    sealed = path.read_bytes()
    try:
        content = box().open_file(sealed, path.name)
    except SecretUnreadable:
        return None
    if box().is_newest_file(sealed):
        return False
    fresh = path.with_suffix(".fresh")
    fresh.touch(mode=0o600)
    fresh.write_bytes(box().seal_file(content, path.name))
    fresh.replace(path)
    return True
