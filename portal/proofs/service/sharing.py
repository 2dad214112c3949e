"""Links that show one record, bundle or appeal to somebody without a login (C-12)."""

import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import update

from portal.consent import queries as consent
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.core.tenancy import Tenant, owned
from portal.proofs import queries
from portal.proofs.models import SharedLink, SharedLinkVisit
from portal.proofs.service import certifying
from portal.proofs.values import LinkRef

TOKEN_BYTES: Final = 32
TOKEN_CHARS: Final = 43  # 256 bits
NOT_HERE: Final = (
    "This link shows nothing: it may have ended, been taken back, or been copied in part. "
    "Ask whoever sent it for a new one."
)
LONGEST: Final = timedelta(days=90)


def share(
    tenant: Tenant,
    *,
    shared_with: str,
    days: int,
    record_id: UUID | None = None,
    bundle_id: UUID | None = None,
    case_id: UUID | None = None,
    actor: Actor,
) -> tuple[LinkRef, str]:
    """Make a link and return it with its token, which is kept nowhere and can't be shown again.

    Whoever shares an appeal (`case_id`) has looked that it is the account's. Raises BadInput, or NotFound for what is not the account's.
    """
    assert tenant.account_id is not None
    if not shared_with.strip():
        raise BadInput("Say who gets the link: a name, a firm or an e-mail address.")
    if not 1 <= days <= LONGEST.days:
        raise BadInput(f"Choose from 1 to {LONGEST.days} days.")
    if record_id is not None:
        record = consent.record_or_404(tenant, record_id)
        certifying.certify(tenant, [record], actor=actor)
    elif bundle_id is not None:
        queries.bundle_or_404(tenant, bundle_id)
    token, now = secrets.token_urlsafe(TOKEN_BYTES), utcnow()
    row = SharedLink(
        id=uuid4(),
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        token_hash=queries.hash_of(token),
        shared_with=shared_with.strip()[:200],
        record_id=record_id,
        bundle_id=bundle_id,
        case_id=case_id,
        expires_at=now + timedelta(days=days),
        created_at=now,
        created_by_id=actor.id,
        created_by=actor.label[:200],
    )
    db.session.add(row)
    db.session.flush()  # the audit entry comes last
    audit.record(
        "proofs:link:share",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=row.id,
        shared_with=row.shared_with,
        record=str(record_id) if record_id else None,
        bundle=str(bundle_id) if bundle_id else None,
        **({"appeal": str(case_id)} if case_id else {}),
        until=row.expires_at.isoformat(),
    )
    return queries.link_or_404(tenant, row.id), token


def revoke(tenant: Tenant, link_id: UUID, *, actor: Actor) -> bool:
    """End a link at once; say whether it was still open. Raises NotFound."""
    queries.link_or_404(tenant, link_id)
    ended = db.session.scalar(
        update(SharedLink)
        .where(owned(tenant, SharedLink), SharedLink.id == link_id, SharedLink.revoked_at.is_(None))
        .values(revoked_at=utcnow(), revoked_by=actor.label[:200])
        .returning(SharedLink.id)
        .execution_options(synchronize_session=False)
    )
    if ended is None:
        return False
    audit.record(
        "proofs:link:revoke",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=link_id,
    )
    return True


def opened(token: str) -> LinkRef:
    """Return the link of a token. Raises NotFound for one that is unknown, over or taken back."""
    found = queries.open_link(token, utcnow()) if len(token) == TOKEN_CHARS else None
    if found is None:
        raise NotFound(NOT_HERE)
    return found


def note_visit(link: LinkRef, what: str, *, ip: str, user_agent: str) -> datetime:
    """Write down that a link was opened, from where and for what; return when."""
    now = utcnow()
    db.session.add(
        SharedLinkVisit(
            id=uuid4(),
            organization_id=link.organization_id,
            account_id=link.account_id,
            link_id=link.id,
            at=now,
            ip_address=ip[:45],
            user_agent=user_agent[:300],
            what=what,
        )
    )
    db.session.flush()  # the audit entry comes last
    audit.record(
        "proofs:link:open",
        actor=Actor(None, actor_of(link).label, ip[:100]),
        organization_id=link.organization_id,
        account_id=link.account_id,
        subject_id=link.id,
        what=what,
    )
    return now


def actor_of(link: LinkRef) -> Actor:
    """Return who acts through a link, as the log names them."""
    return Actor(None, f"link for {link.shared_with}"[:200])
