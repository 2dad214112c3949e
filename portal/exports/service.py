"""Files that a worker makes, with progress (M-3, M-4).

    run = exports.start_run(export_id, sources)
    run.write(between)      # `between` opens a unit of work and calls run.note()
    with unit_of_work():
        run.finish()

A file is written whole or not at all: a run that was killed is begun anew, and two runs of one
file do the same work and harm nothing. What goes into it is its subject's `Source`.
"""

import csv
import io
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select, update

from portal.core import audit, jobs, private_files, workbook
from portal.core.audit import Actor
from portal.core.cells import safe
from portal.core.clock import utcnow
from portal.core.db import after_commit, db
from portal.core.jobs import Job, Lane
from portal.core.settings import settings
from portal.core.tenancy import owned
from portal.exports import queries
from portal.exports.errors import ExportRefused
from portal.exports.models import Export
from portal.exports.values import (
    ROW_WORDS,
    ExportRef,
    ExportState,
    FileKind,
    Source,
    Subject,
    Wanted,
    event_of,
)
from portal.texting_accounts.values import AccountRef

JOB_TIMEOUT_S: Final = 7_200
_BOM: Final = b"\xef\xbb\xbf"  # spreadsheets read UTF-8 right only with it


class _GivenUp(Exception):
    """Nobody waits for this file any more."""


def ask(account: AccountRef, wanted: Wanted, rows: int, *, nonce: str, actor: Actor) -> UUID:
    """Ask for a file of so many rows, as they are now; the same nonce asks once.

    Raises ExportRefused.
    """
    if (earlier := queries.export_of_nonce(account.tenant, nonce)) is not None:
        return earlier
    if wanted.first > wanted.last:
        raise ExportRefused(
            f"{wanted.last} is before {wanted.first}. Give a day on or after the first one."
        )
    if wanted.kind is FileKind.XLSX and rows > workbook.MOST_ROWS:
        raise ExportRefused(
            f"{rows:,} {ROW_WORDS[wanted.subject]}s are more than a sheet takes. "
            "Choose CSV or fewer days."
        )
    row = Export(
        id=uuid4(),
        organization_id=account.organization_id,
        account_id=account.id,
        nonce=nonce,
        subject=wanted.subject,
        first=wanted.first,
        last=wanted.last,
        zone=wanted.zone,
        narrowed=wanted.narrowed,
        kind=wanted.kind,
        rows=rows,
        created_by=actor.label[:200],
    )
    db.session.add(row)
    db.session.flush()
    jobs.request(Job.MAKE_FILE, row.id, lane=Lane.REPORTS, timeout_s=JOB_TIMEOUT_S)
    audit.record(
        event_of(wanted.subject, "export"),
        actor=actor,
        organization_id=account.organization_id,
        account_id=account.id,
        subject_id=row.id,
        first=wanted.first.isoformat(),
        last=wanted.last.isoformat(),
        kind=wanted.kind.value,
        **{f"{ROW_WORDS[wanted.subject]}s": rows},
    )
    return row.id


def start_run(export_id: UUID, sources: Mapping[Subject, Source]) -> "ExportRun | None":
    """Return a run for a file that waits; None when there is nothing to do."""
    export = queries.export_by_id(export_id)
    if export is None or not export.is_moving:
        return None
    return ExportRun(export, sources[export.subject])


class ExportRun:
    """One writing of one file."""

    def __init__(self, export: ExportRef, source: Source) -> None:
        """Write to a file beside the place it will have."""
        self._export, self._source = export, source
        self._done = 0
        self._fresh = file_of(export).with_suffix(f".{secrets.token_hex(4)}.new")

    def write(self, between: Callable[[], object]) -> bool:
        """Write the file; False, leaving nothing, when nobody waits for it any more.

        `between` is called after each batch, in no transaction of this run's.
        """
        try:
            with private_files.create(self._fresh) as into:
                rows, head = self._rows(between), self._source.head(self._export)
                if self._export.kind is FileKind.CSV:
                    _write_csv(into, head, rows)
                else:
                    workbook.write(into, self._export.subject.capitalize(), head, rows)
                into.flush()
                os.fsync(into.fileno())
        except _GivenUp:
            self._fresh.unlink()
            return False
        return True

    def note(self) -> None:
        """Write down how far it is. Raises what ends `write` when nobody waits any more."""
        if not self._move(done=self._done):
            raise _GivenUp

    def finish(self) -> None:
        """Put the file in its place and say that it is ready."""
        size = self._fresh.stat().st_size
        self._fresh.replace(file_of(self._export))
        if not self._move(
            state=ExportState.READY,
            done=self._done,
            rows=self._done,
            size=size,
            finished_at=utcnow(),
        ):
            now = queries.export_by_id(self._export.id)
            if now is None or not now.is_ready:  # somebody in it was erased meanwhile (C-10)
                delete_file(self._export)

    def _rows(self, between: Callable[[], object]) -> Iterator[Any]:
        for batch in self._source.batches(self._export):
            yield from batch
            self._done += len(batch)
            between()

    def _move(self, **values: Any) -> bool:
        """Set columns of a file that still waits; say whether it does."""
        moved = db.session.scalar(
            update(Export)
            .where(
                owned(self._export.tenant, Export),
                Export.id == self._export.id,
                Export.state == ExportState.WAITING,
            )
            .values(moved_at=utcnow(), **values)
            .returning(Export.id)
            .execution_options(synchronize_session=False)
        )
        return moved is not None


def open_file(export: ExportRef) -> Path:
    """Return the file of one that is ready. Raises ExportRefused."""
    path = file_of(export)
    if export.is_moving:
        raise ExportRefused("This file is still being made. It is ready in a moment.")
    if not export.is_ready or not path.is_file():
        raise ExportRefused("This file was deleted after its week. Ask for it again.")
    return path


def note_download(export: ExportRef, *, actor: Actor) -> None:
    """Write down that personal data left the portal (M-4)."""
    audit.record(
        event_of(export.subject, "download"),
        actor=actor,
        organization_id=export.organization_id,
        account_id=export.account_id,
        subject_id=export.id,
        **{f"{export.row_word}s": export.rows},
    )


def let_go(export_id: UUID) -> bool:
    """End a file whose week is over; what lies on the disk goes after the commit."""
    return bool(_end(Export.id == export_id, Export.state == ExportState.READY))


def forget_exports(organization_id: UUID, *, before: datetime, is_dry: bool) -> int:
    """End the files asked for by then, made or not: one of them may hold a person (C-10)."""
    which = (
        Export.organization_id == organization_id,
        Export.created_at <= before,
        Export.state != ExportState.GONE,
    )
    if is_dry:
        return len(db.session.scalars(select(Export.id).where(*which)).all())
    return len(_end(*which))


def file_of(export: ExportRef) -> Path:
    """Return where a file lies once it is ready."""
    return settings().evidence_dir / "exports" / f"{export.id.hex}.{export.kind}"


def delete_file(export: ExportRef) -> None:
    """Delete what lies on the disk."""
    file_of(export).unlink(missing_ok=True)


def _end(*which: Any) -> list[UUID]:
    ended = list(
        db.session.scalars(
            update(Export)
            .where(*which)
            .values(state=ExportState.GONE, moved_at=utcnow())
            .returning(Export.id)
            .execution_options(synchronize_session=False)
        )
    )
    for export_id in ended:
        export = queries.export_by_id(export_id)
        assert export is not None  # its row is locked by the update
        after_commit(lambda export=export: delete_file(export))  # type: ignore[misc]
    return ended


def _write_csv(into: IO[bytes], head: Sequence[str], rows: Iterator[Any]) -> None:
    into.write(_BOM)
    text = io.TextIOWrapper(into, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(head)
    for row in rows:
        writer.writerow([safe(cell) if isinstance(cell, str) else cell for cell in row])
    text.detach()
