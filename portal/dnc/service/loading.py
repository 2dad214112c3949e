"""The two passes over a list: the dry run, and the load (SPEC S-2).

    run = loading.start_run(import_id)
    while run.more():
        with unit_of_work():
            run.step()

Each step writes one piece of the file and how many pieces that makes, so a run that is killed
goes on where it stopped and two runs of one import can't both take a piece. Nothing of a load
counts before its last step, which puts all of it into use.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.tenancy import Tenant, owned
from portal.dnc import queries
from portal.dnc.errors import ListRefused
from portal.dnc.models import DncChange, DncImport, DncReject
from portal.dnc.service import applying, files
from portal.dnc.values import (
    KEY_ROOM,
    Batch,
    Entry,
    FileKind,
    ImportState,
    ListImportRef,
    Reject,
)

REJECTS_KEPT: Final = 1_000
_ROWS: Final = 5_000

# The numbers go over as the text they came in: made into Python's own integers one by one they
# would cost as much as writing them down does (G17).
_LOAD: Final = {
    True: text(
        "INSERT INTO dnc_numbers (key) SELECT :base + value FROM json_each(:numbers)"
        " WHERE true ON CONFLICT DO NOTHING"
    ),
    False: text(
        "INSERT INTO dnc_numbers (key) SELECT :base + unnest(CAST(:numbers AS bigint[]))"
        " ON CONFLICT DO NOTHING"
    ),
}
_BRACKETS: Final = {True: "[{}]", False: "{{{}}}"}


def start_run(import_id: UUID) -> "ListRun":
    """Return a run for what an import waits for; it has nothing to do when that is nothing."""
    return ListRun(queries.import_by_id(import_id))


class ListRun:
    """One pass over a file, from where the last one stopped."""

    def __init__(self, import_: ListImportRef | None) -> None:
        """Go on with an import, if it waits for a worker."""
        self._import = import_ if import_ and import_.is_moving else None
        self._batch: Batch | None = None
        self._error = ""
        self._counts: dict[str, int] | None = None
        if self._import is None:
            return
        self._done = self._import.batches
        self._batches: Iterator[Batch] = files.pieces(
            self._import.stored_name,
            self._import.file_name,
            self._import.kind,
            self._import.area_code,
            skip=self._done,
        )

    def more(self) -> bool:
        """Read the next piece, outside any transaction; False when there is nothing left to do."""
        if self._import is None:
            return False
        try:
            self._batch = next(self._batches, None)
        except ListRefused as error:
            self._error = error.message
        if self._batch is None and not self._error:
            self._count()
        return True

    def step(self) -> None:
        """Take the piece just read, or finish; stops without a word if another run is ahead."""
        import_ = self._import
        assert import_ is not None
        row = db.session.scalars(
            select(DncImport)
            .where(DncImport.id == import_.id, owned(Tenant(import_.organization_id), DncImport))
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()
        if row is None or row.state is not import_.state or row.batches != self._done:
            self._import = None
            return
        row.moved_at = utcnow()
        if self._error:
            self._import = None
            _fail(row, self._error)
        elif self._batch is None:
            self._import = None
            if row.state is ImportState.CHECKING:
                _settle(row)
            else:
                applying.put_into_use(row, self._counts or {})
        else:
            if row.state is ImportState.CHECKING:
                _look_at(row, self._batch)
            else:
                _load(row, self._batch)
            self._done += 1
            row.batches, row.position = self._done, self._batch.position

    def _count(self) -> None:
        """Count what was loaded before the last step: that one should be short."""
        import_ = self._import
        assert import_ is not None
        if import_.state is ImportState.LOADING and import_.kind is FileKind.FULL:
            assert import_.load_id is not None
            load_id = import_.load_id
            self._counts = {area: applying.counted(load_id, area) for area in import_.areas}


def _look_at(row: DncImport, batch: Batch) -> None:
    """Count what a piece would add and remove, and keep what is wrong with it."""
    added: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    if batch.numbers:
        added.update(number[:3].decode() for number in batch.numbers.split(b","))
    for entry in batch.changes:
        (removed if entry.is_removal else added)[str(entry.number)[:3]] += 1
    areas = {area: list(counts) for area, counts in row.areas.items()}
    for area in added.keys() | removed.keys():
        had = areas.get(area, [0, 0])
        areas[area] = [had[0] + added[area], had[1] + removed[area]]
    row.areas = areas
    row.added += added.total()
    row.removed += removed.total()
    _keep_rejects(row, batch.rejects)
    row.rejected += len(batch.rejects)


def _keep_rejects(row: DncImport, rejects: Sequence[Reject]) -> None:
    kept = rejects[: max(0, REJECTS_KEPT - row.rejected)]
    if kept:
        db.session.execute(
            insert(DncReject),
            [
                {
                    "import_id": row.id,
                    "organization_id": row.organization_id,
                    "place": row.rejected + place,
                    "part": one.part,
                    "line": one.line,
                    "text": one.text,
                    "reason": one.reason,
                }
                for place, one in enumerate(kept, 1)
            ],
        )


def _settle(row: DncImport) -> None:
    """End the dry run: the file can be loaded, or says why not."""
    row.left_out = applying.left_out(row, applying.in_use(row.organization_id, row.source))
    found = row.added + row.removed
    if not found:
        _fail(row, "There is no phone number in this file. Is it the list, and is the kind right?")
    elif row.rejected > found:
        _fail(
            row,
            f"{row.rejected:,} lines can't be read and only {found:,} can. Look at the reasons below; "
            "the kind of file may be another one.",
        )
    elif len(row.left_out) == len(row.areas):
        area_code, why = next(iter(sorted(row.left_out.items())))
        _fail(row, f"Nothing of this file can be used. Area code {area_code}: {why}")
    else:
        row.state = ImportState.CHECKED


def _load(row: DncImport, batch: Batch) -> None:
    assert row.load_id is not None
    if batch.numbers:
        db.session.execute(
            _LOAD[is_sqlite()],
            {
                "base": row.load_id * KEY_ROOM,
                "numbers": _BRACKETS[is_sqlite()].format(batch.numbers.decode()),
            },
        )
    for start in range(0, len(batch.changes), _ROWS):
        _stage(row.load_id, batch.changes[start : start + _ROWS])


def _stage(load_id: int, entries: Sequence[Entry]) -> None:
    """Keep changes aside; of two for one number the later day counts, else the later line."""
    rows: dict[int, Entry] = {}
    for entry in entries:
        had = rows.get(entry.number)
        if had is None or had.on is None or entry.on is None or entry.on >= had.on:
            rows[entry.number] = entry
    made = (sqlite if is_sqlite() else postgresql).insert(DncChange)
    day, new = DncChange.changed_on, made.excluded
    statement = made.on_conflict_do_update(
        index_elements=["load_id", "number"],
        set_={"is_removal": new.is_removal, "changed_on": new.changed_on},
        where=(day.is_(None)) | (new.changed_on.is_(None)) | (new.changed_on >= day),
    )
    db.session.execute(
        statement,
        [
            {
                "load_id": load_id,
                "number": one.number,
                "is_removal": bool(one.is_removal),
                "changed_on": one.on,
            }
            for one in rows.values()
        ],
    )


def _fail(row: DncImport, error: str) -> None:
    applying.give_up(row, ImportState.FAILED, error)
    audit.record(
        "dnc:list:fail",
        actor=Actor(row.created_by_id, row.created_by),
        organization_id=row.organization_id,
        subject_id=row.id,
        error=row.error,
    )
