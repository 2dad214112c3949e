"""Which lists an organization has, how old they are, and the files they came from."""

from dataclasses import fields
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.dnc.models import DncArea, DncImport, DncReject
from portal.dnc.rules.days import days_left
from portal.dnc.values import ImportState, ListImportRef, ListRef, Reject, SourceRef

_STALLED_AFTER = timedelta(minutes=2)


def lists(organization_id: UUID) -> list[ListRef]:
    """Return every area code of every list in use, the oldest first."""
    a = DncArea
    rows = db.session.execute(
        select(a.source, a.area_code, a.as_of, a.numbers, a.import_id, a.load_id)
        .where(owned(Tenant(organization_id), a))
        .order_by(a.as_of, a.source, a.area_code)
    )
    return [ListRef(*row) for row in rows]


def sources(organization_id: UUID, today: date) -> list[SourceRef]:
    """Return the lists in use, the one that runs out first at the head."""
    by_source = sorted(lists(organization_id), key=lambda one: one.source)
    found = []
    for source, group in groupby(by_source, key=lambda one: one.source):
        areas = tuple(sorted(group, key=lambda one: (one.as_of, one.area_code)))
        found.append(SourceRef(source, areas, days_left(areas[0].as_of, today)))
    return sorted(found, key=lambda one: (one.days_left, one.source))


def days_left_of_oldest() -> dict[str, float]:
    """Return how long the list of this installation still counts that runs out first."""
    oldest = db.session.scalar(select(func.min(DncArea.as_of)))
    return {} if oldest is None else {"lists": days_left(oldest, utcnow().date())}


def imports(organization_id: UUID, limit: int = 50) -> list[ListImportRef]:
    """Return the newest imports, whatever became of them."""
    rows = db.session.scalars(
        select(DncImport)
        .where(owned(Tenant(organization_id), DncImport))
        .order_by(DncImport.created_at.desc(), DncImport.id)
        .limit(limit)
    )
    return [import_ref(row) for row in rows]


def import_or_404(organization_id: UUID, import_id: UUID) -> ListImportRef:
    """Return one import. Raises NotFound."""
    row = db.session.scalars(
        select(DncImport).where(
            owned(Tenant(organization_id), DncImport), DncImport.id == import_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that import. The list of imports shows all there are.")
    return import_ref(row)


def import_by_id(import_id: UUID) -> ListImportRef | None:
    """Return an import for the job that was asked for it."""
    row = db.session.scalars(
        select(DncImport).where(DncImport.id == import_id).execution_options(populate_existing=True)
    ).one_or_none()
    return import_ref(row) if row else None


def stalled_imports() -> list[UUID]:
    """Return imports that wait for a worker and that nobody moved for two minutes."""
    return list(
        db.session.scalars(
            select(DncImport.id).where(
                DncImport.state.in_([ImportState.CHECKING, ImportState.LOADING]),
                DncImport.moved_at < utcnow() - _STALLED_AFTER,
            )
        )
    )


def stored_names_needed() -> set[str]:
    """Return under which names files lie that an import still has to read."""
    waiting = (ImportState.CHECKING, ImportState.CHECKED, ImportState.LOADING)
    named = select(DncImport.stored_name).where(DncImport.state.in_(waiting))
    return set(db.session.scalars(named))


def forgotten_imports(before: datetime) -> list[tuple[UUID, UUID]]:
    """Return organization and id of imports that were read before then and never loaded."""
    rows = db.session.execute(
        select(DncImport.organization_id, DncImport.id).where(
            DncImport.state == ImportState.CHECKED, DncImport.created_at < before
        )
    )
    return [(row.organization_id, row.id) for row in rows]


def rejects(organization_id: UUID, import_id: UUID, limit: int | None = None) -> list[Reject]:
    """Return the lines of a file that were not taken, in its order."""
    r = DncReject
    rows = db.session.execute(
        select(r.line, r.text, r.reason, r.part)
        .where(owned(Tenant(organization_id), r), r.import_id == import_id)
        .order_by(r.place)
        .limit(limit)
    )
    return [Reject(*row) for row in rows]


def import_ref(row: DncImport) -> ListImportRef:
    """Return an import as others may hold it."""
    return ListImportRef(**{name: getattr(row, name) for name in _FIELDS})


_FIELDS: Final = tuple(field.name for field in fields(ListImportRef))
