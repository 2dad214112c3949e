"""Putting a loaded list into use in one transaction, and deleting what it replaced (SPEC S-2)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, text

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import after_commit, db
from portal.core.formats import date_words
from portal.core.tenancy import Tenant, owned
from portal.dnc.models import DncArea, DncChange, DncImport, DncLeftover, DncNumber
from portal.dnc.service import files
from portal.dnc.values import AREA_ROOM, KEY_ROOM, FileKind, ImportState

DELETED_AT_ONCE: Final = 50_000
_RESTS_FOR: Final = timedelta(minutes=10)  # longer than any plan takes to make
_LAST: Final = KEY_ROOM - 1

_REMOVE: Final = text(
    "DELETE FROM dnc_numbers WHERE key IN (SELECT :base + number FROM dnc_changes"
    " WHERE load_id = :load AND is_removal AND number BETWEEN :first AND :last)"
)
_ADD: Final = text(
    "INSERT INTO dnc_numbers (key) SELECT :base + number FROM dnc_changes"
    " WHERE load_id = :load AND NOT is_removal AND number BETWEEN :first AND :last"
    " ON CONFLICT DO NOTHING"
)


def left_out(row: DncImport, in_use: Mapping[str, DncArea]) -> dict[str, str]:
    """Return the area codes of a file that can't be taken, and why."""
    found = {}
    for area_code in row.areas:
        there = in_use.get(area_code)
        if there is None and row.kind is FileKind.CHANGES:
            found[area_code] = "No full list of it is in use. Import its full file first."
        elif there is not None and there.as_of > row.as_of:
            found[area_code] = (
                f"The list in use is of {date_words(there.as_of)}, newer than this file."
            )
    return found


def in_use(organization_id: UUID, source: str) -> dict[str, DncArea]:
    """Return what of a list is in use, by area code, locked until the unit of work ends."""
    rows = db.session.scalars(
        select(DncArea)
        .where(owned(Tenant(organization_id), DncArea), DncArea.source == source)
        .order_by(DncArea.area_code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.area_code: row for row in rows}


def counted(load_id: int, area_code: str) -> int:
    """Return how many numbers of an area code were loaded under an id."""
    first, last = _range(load_id, area_code)
    wanted = select(func.count()).where(DncNumber.key.between(first, last))
    return db.session.scalar(wanted) or 0


def put_into_use(row: DncImport, counts: Mapping[str, int]) -> None:
    """Let what was loaded replace or change what is in use, all at once."""
    assert row.load_id is not None
    there = in_use(row.organization_id, row.source)
    row.left_out = left_out(row, there)
    for area_code in sorted(row.areas):
        area = there.get(area_code)
        if area_code in row.left_out:
            if row.kind is FileKind.FULL:
                leave(row.load_id, area_code)
        elif row.kind is FileKind.CHANGES:
            assert area is not None  # else it was left out
            _change(row, area)
        else:
            _replace(row, area_code, area, counts[area_code])
    db.session.execute(delete(DncChange).where(DncChange.load_id == row.load_id))
    _end(row, ImportState.DONE)
    audit.record(
        "dnc:list:finish",
        actor=Actor(row.created_by_id, row.created_by),
        organization_id=row.organization_id,
        subject_id=row.id,
        source=row.source,
        kind=row.kind.value,
        as_of=row.as_of.isoformat(),
        sha256=row.sha256,
        added=row.added,
        removed=row.removed,
        rejected=row.rejected,
        areas=sorted(set(row.areas) - set(row.left_out)),
        left_out=sorted(row.left_out),
    )


def give_up(row: DncImport, state: ImportState, error: str = "") -> None:
    """End an import that is not used; what it loaded is deleted, what is in use stays."""
    if row.load_id is not None:
        leave(row.load_id)
        db.session.execute(delete(DncChange).where(DncChange.load_id == row.load_id))
    row.error = error[:500]
    _end(row, state)


def leave(load_id: int, area_code: str | None = None) -> None:
    """Have the numbers of a load deleted by and by, of one area code or all of it."""
    first, last = _range(load_id, area_code)
    db.session.add(DncLeftover(id=uuid4(), first_key=first, last_key=last))


def delete_some() -> int:
    """Delete up to 50,000 numbers no list has named for a while; return how many, 0 at the end."""
    left = db.session.scalars(
        select(DncLeftover)
        .where(DncLeftover.left_at < utcnow() - _RESTS_FOR)
        .order_by(DncLeftover.first_key)
        .limit(1)
        .with_for_update()
    ).first()
    if left is None:
        return 0
    mine = DncNumber.key.between(left.first_key, left.last_key)
    beyond = select(DncNumber.key).where(mine).order_by(DncNumber.key)
    following = db.session.scalar(beyond.offset(DELETED_AT_ONCE).limit(1))
    until = left.last_key if following is None else following - 1
    gone = db.session.execute(
        delete(DncNumber)
        .where(DncNumber.key.between(left.first_key, until))
        .execution_options(synchronize_session=False)
    )
    if following is None:
        db.session.delete(left)
    else:
        left.first_key = following
    return max(1, int(getattr(gone, "rowcount", 0)))


def _replace(row: DncImport, area_code: str, area: DncArea | None, numbers: int) -> None:
    assert row.load_id is not None
    if area is None:
        area = DncArea(
            id=uuid4(),
            organization_id=row.organization_id,
            source=row.source,
            area_code=area_code,
        )
        db.session.add(area)
    else:
        leave(area.load_id, area_code)
    area.load_id, area.import_id, area.numbers = row.load_id, row.id, numbers
    area.as_of = row.as_of


def _change(row: DncImport, area: DncArea) -> None:
    first = int(area.area_code) * AREA_ROOM
    asked = {
        "base": area.load_id * KEY_ROOM,
        "load": row.load_id,
        "first": first,
        "last": first + AREA_ROOM - 1,
    }
    for statement in (_REMOVE, _ADD):
        db.session.execute(statement, asked)
    area.numbers = counted(area.load_id, area.area_code)
    area.as_of = row.as_of


def _end(row: DncImport, state: ImportState) -> None:
    row.state, row.finished_at = state, utcnow()
    stored_name = row.stored_name
    after_commit(lambda: files.remove(stored_name))


def _range(load_id: int, area_code: str | None) -> tuple[int, int]:
    base = load_id * KEY_ROOM
    if area_code is None:
        return base, base + _LAST
    first = base + int(area_code) * AREA_ROOM
    return first, first + AREA_ROOM - 1
