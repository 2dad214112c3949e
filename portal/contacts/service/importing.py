"""Bringing files in, whatever they hold (K-1, K-7): one machinery for contacts and consents.

A slice that imports rows writes a `RowHandler` and drives it like this, in a view, a job or a
command (only those open units of work):

    with unit_of_work():
        import_ = importing.receive(tenant, handler, file_name, stream, actor=actor)
    with unit_of_work():                      # after the person matched the columns
        importing.match_columns(tenant, import_.id, handler, mapping, ..., actor=actor)
    with unit_of_work():                      # after the person saw the dry run
        importing.confirm(tenant, import_.id, actor=actor)

and its job does the dry run as well as the import, by the state it finds:

    run = importing.start_run(import_id, handler)
    while run.more():
        with unit_of_work():
            run.step()

Each step takes `BATCH` rows and moves `rows_done` in the same transaction, so a run that is
killed goes on where it stopped, and two runs of one import cannot both count a row.

    receive       UPLOADED
    match_columns CHECKING, then CHECKED when the dry run has read every row
    confirm       RUNNING,  then DONE

A handler answers each row with a `Verdict`; its findings are kept and shown by
`contacts.queries.findings`, the rejected rows come as a file from
`contacts.service.exporting.rejects`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update

from portal.contacts import queries
from portal.contacts.errors import FileRefused, ImportBusy, SourceRefused
from portal.contacts.models import Import, ImportFinding
from portal.contacts.rules import cells as cell_rules
from portal.contacts.rules.mapping import IGNORED, guess
from portal.contacts.service import reading
from portal.contacts.service.handling import RowHandler
from portal.contacts.service.rows import Finding, Row, Verdict, finding_rows, judged, rows_of
from portal.contacts.values import (
    CONSENT_SOURCE_WORDS,
    ConsentSource,
    ImportKind,
    ImportRef,
    ImportState,
)
from portal.core import audit, jobs
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import BadInput
from portal.core.jobs import Job, Lane
from portal.core.many_rows import survey
from portal.core.tenancy import Tenant, owned

BATCH: Final = 500
INLINE_ROWS: Final = 3_000  # a file up to this size is checked while the person waits
JOB_TIMEOUT_S: Final = 3_600
# After so many rows a database should not plan by what it knew before, and again at the end (G9).
_SURVEYED_FROM: Final = 1_000
_JOBS: Final = {
    ImportKind.CONTACTS: Job.IMPORT_CONTACTS,
    ImportKind.CONSENTS: Job.IMPORT_CONSENTS,
    ImportKind.OPT_OUTS: Job.IMPORT_OPT_OUTS,
}
_COUNTS: Final = ("rows_done", "imported", "merged", "rejected", "untextable", "noted")
_UNTIL: Final = {ImportState.CHECKING: ImportState.CHECKED, ImportState.RUNNING: ImportState.DONE}


def receive(
    tenant: Tenant, handler: RowHandler, file_name: str, stream: BinaryIO, *, actor: Actor
) -> ImportRef:
    """Keep an uploaded file and read its layout. Raises FileRefused, and then keeps nothing."""
    assert tenant.account_id is not None
    stored = reading.store(stream)
    try:
        shape = reading.scan(stored)
    except FileRefused:
        reading.remove(stored.name)
        raise
    row = Import(
        id=uuid4(),
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        kind=handler.kind,
        file_name=cell_rules.tidy(file_name)[-200:] or "upload.csv",
        stored_name=stored.name,
        size=stored.size,
        sha256=stored.sha256,
        encoding=stored.encoding,
        delimiter=shape.delimiter,
        has_header=shape.has_header,
        columns=list(shape.columns),
        samples=[list(sample) for sample in shape.samples],
        mapping=guess(shape.columns, shape.samples, handler.fields),
        total_rows=shape.total_rows,
        created_by_id=actor.id,
        created_by=actor.label,
    )
    db.session.add(row)
    db.session.flush()  # the audit entry and the page name the row
    audit.record(
        f"{handler.kind}:import:upload",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=row.id,
        file=row.file_name,
        sha256=row.sha256,
        rows=row.total_rows,
    )
    return queries.import_or_404(tenant, row.id)


def match_columns(
    tenant: Tenant,
    import_id: UUID,
    handler: RowHandler,
    mapping: Sequence[str],
    *,
    consent_source: ConsentSource,
    consent_note: str = "",
    options: Mapping[str, Any] | None = None,
    in_job: bool = True,
    actor: Actor,
) -> ImportRef:
    """Settle what the columns hold and where consent came from, and ask for the dry run.

    Raises SourceRefused for a source no consent can come from (C-7), which is logged;
    BadInput for a mapping that leads nowhere; ImportBusy once the import is under way.
    """
    import_ = queries.import_or_404(tenant, import_id)
    if consent_source.is_refused:
        raise SourceRefused(
            f"{CONSENT_SOURCE_WORDS[consent_source]}: these people have not agreed to be texted by "
            "you, and consent cannot be bought or lent. Nothing was imported. Invite them by mail "
            "or in person to sign up on your opt-in form."
        )
    _check_mapping(import_, handler, mapping)
    _move(
        import_,
        (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED),
        ImportState.CHECKING,
        mapping=list(mapping),
        consent_source=consent_source,
        consent_note=cell_rules.tidy(consent_note)[:500],
        options=dict(options or {}),
        runs=[],
    )
    if in_job and import_.total_rows > INLINE_ROWS:
        ask(import_)
    audit.record(
        f"{import_.kind}:import:check",
        actor=actor,
        organization_id=import_.organization_id,
        account_id=import_.account_id,
        subject_id=import_.id,
        mapping=list(mapping),
        source=consent_source.value,
    )
    return queries.import_or_404(tenant, import_id)


def note_refusal(tenant: Tenant, import_id: UUID, source: ConsentSource, *, actor: Actor) -> None:
    """Write down that an import was refused for its source (C-7)."""
    import_ = queries.import_or_404(tenant, import_id)
    _move(
        import_,
        (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED),
        ImportState.FAILED,
        consent_source=source,
        error=f"Refused: {CONSENT_SOURCE_WORDS[source].lower()}.",
    )
    audit.record(
        f"{import_.kind}:import:refuse",
        actor=actor,
        organization_id=import_.organization_id,
        account_id=import_.account_id,
        subject_id=import_.id,
        source=source.value,
        rows=import_.total_rows,
    )


def confirm(tenant: Tenant, import_id: UUID, *, actor: Actor, in_job: bool = True) -> ImportRef:
    """Start the import a dry run was shown of. Raises ImportBusy when it was started before."""
    import_ = queries.import_or_404(tenant, import_id)
    _move(import_, (ImportState.CHECKED,), ImportState.RUNNING)
    if in_job:
        ask(import_)
    audit.record(
        f"{import_.kind}:import:start",
        actor=actor,
        organization_id=import_.organization_id,
        account_id=import_.account_id,
        subject_id=import_.id,
        sha256=import_.sha256,
        rows=import_.total_rows,
        source=import_.consent_source.value if import_.consent_source else None,
        source_note=import_.consent_note,
        runs=[[run.first, run.last, run.count] for run in import_.runs],
    )
    return queries.import_or_404(tenant, import_id)


def ask(import_: ImportRef) -> None:
    """Ask a worker for what an import waits for, after the commit."""
    jobs.request(_JOBS[import_.kind], import_.id, lane=Lane.REPORTS, timeout_s=JOB_TIMEOUT_S)


def start_run(import_id: UUID, handler: RowHandler) -> "ImportRun":
    """Return a run for what the import waits for; it has nothing to do when that is nothing."""
    return ImportRun(queries.import_by_id(import_id, handler.kind), handler)


class ImportRun:
    """One pass over the rows of an import, from where the last one stopped."""

    def __init__(self, import_: ImportRef | None, handler: RowHandler) -> None:
        self._import = import_
        self._until = _UNTIL.get(import_.state) if import_ else None
        self._tables = handler.tables
        self._rows: list[Row | tuple[Row, Finding]] = []
        self._error = ""
        if import_ is None or self._until is None:
            return
        self._done = import_.rows_done
        self._records = rows_of(import_)
        self._batcher = handler.open(
            import_,
            dry=import_.state is ImportState.CHECKING,
            actor=Actor(import_.created_by_id, import_.created_by, f"import {import_.file_name}"),
        )

    def more(self) -> bool:
        """Read the next rows, outside any transaction; False when there is nothing left to do."""
        if self._until is None:
            return False
        try:
            self._rows = list(islice(self._records, BATCH))
        except FileRefused as error:
            self._error = error.message
        else:
            self._batcher.prepare([item for item in self._rows if isinstance(item, Row)])
        return True

    def step(self) -> None:
        """Take the rows just read, or finish; stops without a word if another run is ahead."""
        import_ = self._import
        assert import_ is not None
        row = db.session.scalars(
            select(Import)
            .where(Import.id == import_.id, owned(import_.tenant, Import))
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()
        if row is None or row.state is not import_.state or row.rows_done != self._done:
            self._until = None
            return
        row.moved_at = utcnow()
        if self._error:
            self._finish(row, ImportState.FAILED)
        elif self._rows:
            self._take(row)
        else:
            assert self._until is not None
            self._finish(row, self._until)

    def _take(self, row: Import) -> None:
        good = [item for item in self._rows if isinstance(item, Row)]
        verdicts = iter(self._batcher.take(good))
        findings: list[dict[str, Any]] = []
        counts: Counter[str] = Counter()
        for item in self._rows:
            if isinstance(item, Row):
                verdict, line = next(verdicts), item
            else:
                line, finding = item
                verdict = Verdict(findings=(finding,))
            found, counted = judged(line, verdict)
            for name, count in counted.items():
                counts[name] += count
            findings += finding_rows(row, line, found) if found else ()
        if findings:
            db.session.execute(insert(ImportFinding), findings)
        for name, count in counts.items():
            setattr(row, name, getattr(row, name) + count)
        if self._until is ImportState.DONE and self._done < _SURVEYED_FROM <= self._done + len(
            good
        ):
            survey(self._tables)
        self._done += len(self._rows)
        row.rows_done = self._done

    def _finish(self, row: Import, state: ImportState) -> None:
        self._until = None
        if state is ImportState.CHECKED:
            row.runs = [[run.first, run.last, run.count] for run in self._batcher.runs()][:20]
        row.state, row.error = state, self._error
        row.finished_at = None if state is ImportState.CHECKED else utcnow()
        db.session.flush()  # the audit entry comes last
        if state is ImportState.CHECKED:
            return
        if row.imported + row.merged >= _SURVEYED_FROM:
            survey(self._tables)
        audit.record(
            f"{row.kind}:import:{'finish' if state is ImportState.DONE else 'fail'}",
            actor=Actor(row.created_by_id, row.created_by),
            organization_id=row.organization_id,
            account_id=row.account_id,
            subject_id=row.id,
            imported=row.imported,
            merged=row.merged,
            rejected=row.rejected,
            error=row.error,
        )


def _move(
    import_: ImportRef, from_: tuple[ImportState, ...], to: ImportState, **values: Any
) -> None:
    """Set the state if it still is one of from_, with the counts and findings of no run."""
    moved = db.session.scalar(
        update(Import)
        .where(Import.id == import_.id, owned(import_.tenant, Import), Import.state.in_(from_))
        .values(
            state=to,
            **dict.fromkeys(_COUNTS, 0),
            moved_at=utcnow(),
            **({"error": ""} | values),
        )
        .returning(Import.id)
        .execution_options(synchronize_session=False)
    )
    if moved is None:
        raise ImportBusy("This import has moved on. Reload the page to see where it stands.")
    db.session.execute(
        delete(ImportFinding)
        .where(ImportFinding.import_id == import_.id, owned(import_.tenant, ImportFinding))
        .execution_options(synchronize_session=False)
    )


def _check_mapping(import_: ImportRef, handler: RowHandler, mapping: Sequence[str]) -> None:
    if len(mapping) != len(import_.columns):
        raise BadInput("The columns do not fit the file. Reload the page and match them again.")
    known = {field.name: field for field in handler.fields if field.name}
    used: dict[str, str] = {}
    for column, name in zip(import_.columns, mapping, strict=True):
        if name == IGNORED:
            continue
        field = known.get(name)
        if field is None:
            raise BadInput(f"Column {column}: choose one of the fields listed.")
        if name in used and not field.is_many:
            raise BadInput(
                f"{used[name]} and {column} are both matched to {field.label}. "
                "Keep one and leave the other out."
            )
        used[name] = column
    problem = handler.mapping_problem(mapping)
    if problem:
        raise BadInput(problem)
