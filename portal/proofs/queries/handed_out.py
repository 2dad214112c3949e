"""Certificates, bundles and shared links as they were handed out."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.core.tenancy import Tenant, owned
from portal.proofs.models import (
    ProofBundle,
    ProofBundleNumber,
    ProofCertificate,
    SharedLink,
    SharedLinkVisit,
)
from portal.proofs.values import (
    Asked,
    BundleRef,
    BundleState,
    Certificate,
    LinkRef,
    Unproven,
    Visit,
)

STALLED_AFTER = timedelta(minutes=2)
VISITS_SHOWN = 200


def certificate_of(tenant: Tenant, record_id: UUID) -> Certificate | None:
    """Return the certificate of a record, None where none was asked for yet."""
    row = db.session.scalar(
        select(ProofCertificate).where(
            owned(tenant, ProofCertificate), ProofCertificate.record_id == record_id
        )
    )
    return _certificate(row) if row else None


def certificate_by_token(token: str) -> Certificate | None:
    """Return the certificate a public address names, whoever's it is."""
    row = db.session.scalar(select(ProofCertificate).where(ProofCertificate.token == token))
    return _certificate(row) if row else None


def bundle_or_404(tenant: Tenant, bundle_id: UUID) -> BundleRef:
    """Return one bundle of the account, or raise NotFound."""
    row = db.session.scalar(
        select(ProofBundle).where(owned(tenant, ProofBundle), ProofBundle.id == bundle_id)
    )
    if row is None:
        raise NotFound("We can't find that bundle.")
    return _bundle(row)


def bundle_by_id(bundle_id: UUID) -> BundleRef | None:
    """Return a bundle for its worker, None when it is gone."""
    row = db.session.get(ProofBundle, bundle_id, populate_existing=True)
    return _bundle(row) if row else None


def bundle_of_nonce(tenant: Tenant, nonce: str) -> UUID | None:
    """Return the bundle one form asked for, if it was sent before (I9)."""
    return db.session.scalar(
        select(ProofBundle.id).where(owned(tenant, ProofBundle), ProofBundle.nonce == nonce)
    )


def proven(bundle: BundleRef, done: int) -> int:
    """Return how many of the first numbers of a bundle have proof."""
    n = ProofBundleNumber
    counted = select(func.count()).where(
        owned(bundle.tenant, n),
        n.bundle_id == bundle.id,
        n.position < done,
        n.record_id.is_not(None),
    )
    return db.session.scalar(counted) or 0


def bundles(tenant: Tenant, cursor: str, limit: int) -> tuple[list[BundleRef], str | None]:
    """Return a page of the account's bundles, newest first, and where the next one begins."""
    b = ProofBundle
    found = select(b).where(owned(tenant, b)).order_by(b.created_at.desc(), b.id.desc())
    if cursor:
        at, id_ = read_mark(cursor)
        found = found.where(or_(b.created_at < at, and_(b.created_at == at, b.id < id_)))
    rows = list(db.session.scalars(found.limit(limit + 1)))
    refs = [_bundle(row) for row in rows[:limit]]
    return refs, mark(refs[-1].created_at, refs[-1].id) if len(rows) > limit else None


def asked(bundle: BundleRef, first: int, count: int) -> list[Asked]:
    """Return some of a bundle's numbers, in the order they were asked for."""
    n = ProofBundleNumber
    rows = db.session.execute(
        select(n.written, n.e164, n.why)
        .where(owned(bundle.tenant, n), n.bundle_id == bundle.id, n.position >= first)
        .order_by(n.position)
        .limit(count)
    )
    return [Asked(written, e164, why) for written, e164, why in rows]


def unproven(bundle: BundleRef, limit: int) -> list[Unproven]:
    """Return the first numbers of a bundle that have no proof, and why."""
    n = ProofBundleNumber
    rows = db.session.execute(
        select(n.written, n.why)
        .where(
            owned(bundle.tenant, n),
            n.bundle_id == bundle.id,
            n.record_id.is_(None),
            n.position < bundle.done,
        )
        .order_by(n.position)
        .limit(limit)
    )
    return [Unproven(written, why) for written, why in rows]


def stalled_bundles(after: UUID | None = None) -> list[UUID]:
    """Return some bundles nobody has moved for two minutes, by id, those after a given one."""
    return _bundles_of(BundleState.WAITING, utcnow() - STALLED_AFTER, after)


def overdue_bundles(before: datetime, after: UUID | None = None) -> list[UUID]:
    """Return some bundles that were ready before a time, whose files are to go, likewise."""
    return _bundles_of(BundleState.READY, before, after)


def _bundles_of(state: BundleState, before: datetime, after: UUID | None) -> list[UUID]:
    b = ProofBundle
    wanted = select(b.id).where(b.state == state, b.moved_at < before).order_by(b.id).limit(100)
    return list(db.session.scalars(wanted if after is None else wanted.where(b.id > after)))


def link_or_404(tenant: Tenant, link_id: UUID) -> LinkRef:
    """Return one shared link of the account, or raise NotFound."""
    row = db.session.scalar(
        select(SharedLink).where(owned(tenant, SharedLink), SharedLink.id == link_id)
    )
    if row is None:
        raise NotFound("We can't find that link.")
    return _links(tenant, [row])[0]


def open_link(token: str, now: datetime) -> LinkRef | None:
    """Return what a token opens now; None for one that is unknown, over or revoked alike."""
    row = db.session.scalar(select(SharedLink).where(SharedLink.token_hash == hash_of(token)))
    link = _links(Tenant(row.organization_id, row.account_id), [row])[0] if row else None
    return link if link and link.is_open(now) else None


def links(tenant: Tenant, cursor: str, limit: int) -> tuple[list[LinkRef], str | None]:
    """Return a page of the account's shared links, newest first, and where the next one begins."""
    s = SharedLink
    found = select(s).where(owned(tenant, s)).order_by(s.created_at.desc(), s.id.desc())
    if cursor:
        at, id_ = read_mark(cursor)
        found = found.where(or_(s.created_at < at, and_(s.created_at == at, s.id < id_)))
    rows = list(db.session.scalars(found.limit(limit + 1)))
    refs = _links(tenant, rows[:limit])
    return refs, mark(refs[-1].created_at, refs[-1].id) if len(rows) > limit else None


def visits(link: LinkRef) -> list[Visit]:
    """Return the newest openings of a shared link: who opened it when."""
    v = SharedLinkVisit
    rows = db.session.scalars(
        select(v)
        .where(owned(link.tenant, v), v.link_id == link.id)
        .order_by(v.at.desc(), v.id.desc())
        .limit(VISITS_SHOWN)
    )
    return [Visit(row.at, row.ip_address, row.user_agent, row.what) for row in rows]


def hash_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def mark(at: datetime, id_: UUID) -> str:
    """Return where the page after a row begins."""
    return f"{at.isoformat()}_{id_.hex}"


def read_mark(cursor: str) -> tuple[datetime, UUID]:
    """Read a page mark. Raises BadInput."""
    try:
        at, _, id_ = cursor.partition("_")
        return datetime.fromisoformat(at).astimezone(UTC), UUID(hex=id_)
    except (ValueError, OverflowError):
        raise BadInput("after: this page mark is damaged. Go back to the first page.") from None


def _certificate(row: ProofCertificate) -> Certificate:
    tenant = Tenant(row.organization_id, row.account_id)
    return Certificate(row.token, row.record_id, tenant, row.issued_at, row.issued_by)


def _bundle(row: ProofBundle) -> BundleRef:
    return BundleRef(
        row.id,
        row.organization_id,
        row.account_id,
        row.title,
        row.source,
        row.state,
        row.numbers,
        row.done,
        row.proven,
        row.created_at,
        row.created_by,
        row.finished_at,
        row.size,
        row.sha256,
    )


def _links(tenant: Tenant, rows: Sequence[SharedLink]) -> list[LinkRef]:
    """Return links with how often each was opened, and when last."""
    v = SharedLinkVisit
    counted = (
        select(v.link_id, func.count(), func.max(v.at))
        .where(owned(tenant, v), v.link_id.in_([row.id for row in rows]))
        .group_by(v.link_id)
    )
    visited = {link: (count, last) for link, count, last in db.session.execute(counted)}
    return [
        LinkRef(
            row.id,
            row.organization_id,
            row.account_id,
            row.shared_with,
            row.record_id,
            row.bundle_id,
            row.case_id,
            row.expires_at,
            row.revoked_at,
            row.revoked_by,
            row.created_at,
            row.created_by,
            *visited.get(row.id, (0, None)),
        )
        for row in rows
    ]
