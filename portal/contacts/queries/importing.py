"""Imports and what was found in their rows."""

from typing import Final
from uuid import UUID

from sqlalchemy import select, tuple_

from portal.contacts.models import Import, ImportFinding
from portal.contacts.values import (
    FindingRef,
    ImportKind,
    ImportRef,
    ImportState,
    Run,
    Weight,
)
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned

STALLED_AFTER_S: Final = 120


def import_or_404(tenant: Tenant, import_id: UUID, kind: ImportKind | None = None) -> ImportRef:
    """Return an import of the tenant. Raises NotFound."""
    query = select(Import).where(owned(tenant, Import), Import.id == import_id)
    if kind:
        query = query.where(Import.kind == kind)
    row = db.session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("There is no such import.")
    return _import_ref(row)


def import_by_id(import_id: UUID, kind: ImportKind) -> ImportRef | None:
    """Return any tenant's import, for the job that works on it."""
    row = db.session.get(Import, import_id, populate_existing=True)
    return _import_ref(row) if row is not None and row.kind is kind else None


def imports(tenant: Tenant, kind: ImportKind, limit: int = 20) -> list[ImportRef]:
    """Return the newest imports."""
    rows = db.session.scalars(
        select(Import)
        .where(owned(tenant, Import), Import.kind == kind)
        .order_by(Import.created_at.desc(), Import.id)
        .limit(limit)
    )
    return [_import_ref(row) for row in rows]


def has_imported(tenant: Tenant) -> bool:
    """Say whether the account's people came, in part at least, from a file of contacts."""
    return (
        db.session.scalar(
            select(Import.id)
            .where(
                owned(tenant, Import),
                Import.kind == ImportKind.CONTACTS,
                Import.state.in_([ImportState.RUNNING, ImportState.DONE]),
            )
            .limit(1)
        )
        is not None
    )


def stalled_imports(kind: ImportKind, idle_s: int = STALLED_AFTER_S) -> list[UUID]:
    """Return imports under way that nobody moved for a while, for the sweep."""
    now = utcnow()
    rows = db.session.execute(
        select(Import.id, Import.moved_at).where(
            Import.kind == kind, Import.state.in_([ImportState.CHECKING, ImportState.RUNNING])
        )
    )
    return [id_ for id_, moved_at in rows if (now - moved_at).total_seconds() > idle_s]


def findings(
    import_: ImportRef,
    weight: Weight | None = None,
    after: tuple[int, int] = (0, -1),
    limit: int = 50,
) -> list[FindingRef]:
    """Return what was found about rows, by line; pass the last line and how many of it to go on."""
    query = select(ImportFinding).where(
        owned(import_.tenant, ImportFinding),
        ImportFinding.import_id == import_.id,
        tuple_(ImportFinding.line, ImportFinding.position) > tuple_(*after),
    )
    if weight:
        query = query.where(ImportFinding.weight == weight)
    rows = db.session.scalars(
        query.order_by(ImportFinding.line, ImportFinding.position).limit(limit)
    )
    return [
        FindingRef(
            f.line,
            f.position,
            f.weight,
            f.code,
            f.column,
            f.value,
            f.reason,
            tuple(f.cells) if f.cells is not None else None,
        )
        for f in rows
    ]


def _import_ref(row: Import) -> ImportRef:
    return ImportRef(
        row.id, row.organization_id, row.account_id, row.kind, row.state, row.file_name,
        row.stored_name, row.size, row.sha256, row.encoding, row.delimiter, row.has_header,
        tuple(row.columns), tuple(tuple(sample) for sample in row.samples), tuple(row.mapping),
        row.options, row.consent_source, row.consent_note, tuple(Run(*run) for run in row.runs),
        row.total_rows, row.rows_done, row.imported, row.merged, row.rejected, row.untextable,
        row.noted, row.error, row.created_by_id, row.created_by, row.created_at, row.finished_at,
    )  # fmt: skip
