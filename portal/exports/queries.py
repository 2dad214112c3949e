"""Files as their pages and the workers know them."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.exports.models import Export
from portal.exports.values import KEPT_FOR, ExportRef, ExportState, Subject

STALLED_AFTER: Final = timedelta(minutes=2)
_LISTED: Final = 50


def export_or_404(tenant: Tenant, subject: Subject, export_id: UUID) -> ExportRef:
    """Return one file of an account about this subject. Raises NotFound."""
    row = db.session.scalar(
        select(Export)
        .where(owned(tenant, Export), Export.subject == subject, Export.id == export_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("We can't find that file.")
    return _ref(row)


def export_by_id(export_id: UUID) -> ExportRef | None:
    """Return a file as a worker knows it, or None."""
    row = db.session.get(Export, export_id, populate_existing=True)
    return _ref(row) if row else None


def export_of_nonce(tenant: Tenant, nonce: str) -> UUID | None:
    """Return the file that was asked for with this nonce, or None."""
    wanted = select(Export.id).where(owned(tenant, Export), Export.nonce == nonce)
    return db.session.scalar(wanted)


def exports(tenant: Tenant, subject: Subject, limit: int = _LISTED) -> list[ExportRef]:
    """Return an account's newest files about a subject."""
    rows = db.session.scalars(
        select(Export)
        .where(owned(tenant, Export), Export.subject == subject)
        .order_by(Export.created_at.desc(), Export.id.desc())
        .limit(limit)
    )
    return [_ref(row) for row in rows]


def stalled_exports(after: UUID | None = None) -> list[UUID]:
    """Return some files nobody has moved for two minutes, by id, those after a given one."""
    return _of_state(ExportState.WAITING, utcnow() - STALLED_AFTER, after)


def overdue_exports(after: UUID | None = None) -> list[UUID]:
    """Return some files whose week is over, by id, those after a given one."""
    return _of_state(ExportState.READY, utcnow() - KEPT_FOR, after)


def _of_state(state: ExportState, before: datetime, after: UUID | None) -> list[UUID]:
    e = Export
    wanted = select(e.id).where(e.state == state, e.moved_at < before).order_by(e.id).limit(100)
    return list(db.session.scalars(wanted if after is None else wanted.where(e.id > after)))


def _ref(row: Export) -> ExportRef:
    return ExportRef(*(getattr(row, name) for name in ExportRef.__dataclass_fields__))
