"""Taking a person out of bundles: a file that holds them goes whole (C-10)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from portal.core.db import after_commit, db
from portal.core.erasing import ERASED
from portal.proofs import queries
from portal.proofs.models import ProofBundle, ProofBundleNumber
from portal.proofs.service import bundling
from portal.proofs.values import BundleState


def forget_bundles(organization_id: UUID, e164: str, *, before: datetime, is_dry: bool) -> int:
    """Delete the bundles asked for by then that hold a number, and take it off their lists.

    Returns how many. A bundle that is still being made is given up; links to one show nothing.
    """
    b, n = ProofBundle, ProofBundleNumber
    found = list(
        db.session.scalars(
            select(b.id)
            .join(n, n.bundle_id == b.id)
            .where(
                b.organization_id == organization_id,
                n.organization_id == organization_id,
                n.e164 == e164,
                b.created_at <= before,
            )
            .distinct()
        )
    )
    if is_dry or not found:
        return len(found)
    db.session.execute(
        update(b)
        .where(b.organization_id == organization_id, b.id.in_(found))
        .values(state=BundleState.GONE, moved_at=before)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(n)
        .where(n.organization_id == organization_id, n.bundle_id.in_(found), n.e164 == e164)
        .values(e164=None, written=ERASED)
        .execution_options(synchronize_session=False)
    )
    for bundle_id in found:
        bundle = queries.bundle_by_id(bundle_id)
        assert bundle is not None  # its row was locked by the update
        after_commit(lambda bundle=bundle: bundling.delete_file(bundle))  # type: ignore[misc]
    return len(found)
