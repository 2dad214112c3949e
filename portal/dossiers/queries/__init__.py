"""Dossiers as their pages and the workers know them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from portal.core.clock import utcnow
from portal.core.db import database_now, db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.dossiers.models import Dossier
from portal.dossiers.values import KEPT_FOR, LASTS, DossierRef, DossierState

_LISTED: Final = 50
_AT_ONCE: Final = 100


def dossier_or_404(tenant: Tenant, dossier_id: UUID) -> DossierRef:
    """Return one dossier of an account. Raises NotFound."""
    row = db.session.scalar(
        select(Dossier)
        .where(owned(tenant, Dossier), Dossier.id == dossier_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("We can't find that export.")
    return ref(row)


def dossier_by_id(dossier_id: UUID) -> DossierRef | None:
    """Return a dossier as a worker knows it, or None."""
    row = db.session.get(Dossier, dossier_id, populate_existing=True)
    return ref(row) if row else None


def asked_before(tenant: Tenant, nonce: str) -> UUID | None:
    """Return what this click asked for already, else what is being made for the account, or None."""
    d = Dossier
    wanted = select(d.id).where(
        owned(tenant, d), or_(d.nonce == nonce, d.state == DossierState.WAITING)
    )
    return db.session.scalar(wanted.order_by(d.created_at.desc()).limit(1))


def moving(tenant: Tenant) -> UUID | None:
    """Return what is being made for the account, or None."""
    d = Dossier
    return db.session.scalar(select(d.id).where(owned(tenant, d), d.state == DossierState.WAITING))


def dossiers(tenant: Tenant) -> list[DossierRef]:
    """Return an account's newest dossiers."""
    d = Dossier
    rows = db.session.scalars(
        select(d).where(owned(tenant, d)).order_by(d.created_at.desc(), d.id.desc()).limit(_LISTED)
    )
    return [ref(row) for row in rows]


def stalled(after: UUID | None = None) -> list[UUID]:
    """Return some dossiers that wait and that no run has had for a while, by id (a sweep)."""
    d, now = Dossier, database_now()
    return _some(
        after,
        d.state == DossierState.WAITING,
        or_(d.lease_until < now, d.lease_until.is_(None) & (d.moved_at < utcnow() - LASTS)),
    )


def overdue(after: UUID | None = None) -> list[UUID]:
    """Return some dossiers whose days are over, by id (a sweep)."""
    d, before = Dossier, utcnow() - KEPT_FOR
    return _some(after, d.state == DossierState.READY, d.finished_at < before)


def alive() -> list[DossierRef]:
    """Return every dossier that is being made or can be downloaded (a sweep)."""
    d = Dossier
    wanted = select(d).where(d.state.in_([DossierState.WAITING, DossierState.READY]))
    return [ref(row) for row in db.session.scalars(wanted)]


def kept_by(organization_id: UUID, before: datetime) -> list[UUID]:
    """Return the dossiers of an organization that may hold somebody, asked for by then (C-10)."""
    d = Dossier
    wanted = select(d.id).where(
        d.organization_id == organization_id,
        d.created_at <= before,
        d.state.in_([DossierState.WAITING, DossierState.READY]),
    )
    return list(db.session.scalars(wanted.order_by(d.id)))


def ref(row: Dossier) -> DossierRef:
    """Return a dossier as others may hold it."""
    return DossierRef(*(getattr(row, name) for name in DossierRef.__dataclass_fields__))


def _some(after: UUID | None, *which: object) -> list[UUID]:
    wanted = select(Dossier.id).where(*which).order_by(Dossier.id).limit(_AT_ONCE)  # type: ignore[arg-type]
    return list(db.session.scalars(wanted if after is None else wanted.where(Dossier.id > after)))
