"""API keys: made and shown once, found by their token, revoked for good."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update

from portal.core import audit
from portal.core.access import Scope
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.core.tenancy import Tenant, owned
from portal.integrations import queries
from portal.integrations.errors import KeyClosed, KeyLimit
from portal.integrations.models import ApiKey
from portal.integrations.rules import tokens
from portal.integrations.values import KeyRef

MOST_KEYS = 20
_NOTED_EVERY = timedelta(minutes=1)


def make_key(
    tenant: Tenant,
    *,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
    actor: Actor,
) -> tuple[KeyRef, str]:
    """Make a key and return it with its token, which nobody can read again.

    Raises BadInput without a scope or with an end in the past, KeyLimit.
    """
    now = utcnow()
    if not scopes:
        raise BadInput("Choose at least one thing the key may do.")
    if expires_at is not None and expires_at <= now:
        raise BadInput("The key's last day can't lie in the past.")
    live = select(func.count()).where(owned(tenant, ApiKey), ApiKey.revoked_at.is_(None))
    if (db.session.scalar(live) or 0) >= MOST_KEYS:
        raise KeyLimit(f"An account has at most {MOST_KEYS} keys. Revoke one that is not used.")
    prefix, token = tokens.compose(secrets.token_hex(6), secrets.token_urlsafe(32))
    row = ApiKey(
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        name=" ".join(name.split())[:80],
        prefix=prefix,
        token_sha256=tokens.digest(token),
        scopes=[scope.value for scope in scopes],
        created_at=now,
        created_by=actor.label[:200],
        expires_at=expires_at,
    )
    db.session.add(row)
    db.session.flush()  # the audit entry needs the id
    _record("make", tenant, row.id, actor, name=row.name, prefix=prefix, scopes=row.scopes)
    return queries.key_or_404(tenant, row.id), token


def revoke_key(tenant: Tenant, key_id: UUID, *, actor: Actor) -> KeyRef:
    """End a key at once and for good; again is harmless. Raises NotFound."""
    revoked = db.session.execute(
        update(ApiKey)
        .where(owned(tenant, ApiKey), ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=utcnow())
        .returning(ApiKey.id)
        .execution_options(synchronize_session=False)
    ).first()
    key = queries.key_or_404(tenant, key_id)
    if revoked is not None:
        _record("revoke", tenant, key_id, actor, name=key.name, prefix=key.prefix)
    return key


def open_with(token: str) -> KeyRef | None:
    """Return the key of a token, None for one that opens nothing now."""
    prefix = tokens.prefix_of(token)
    found = queries.key_of_prefix(prefix) if prefix else None
    if found is None:
        return None
    key, stored = found
    return key if tokens.fits(token, stored) and key.opens_at(utcnow()) else None


def check_open(key: KeyRef) -> None:
    """Raise KeyClosed when a key was revoked since it was read; for inside the transaction."""
    try:
        is_open = queries.key_or_404(key.tenant, key.id).opens_at(utcnow())
    except NotFound:
        is_open = False
    if not is_open:
        raise KeyClosed("This key was revoked.")


def is_use_due(key: KeyRef) -> bool:
    """Say whether the time of a key's last use is older than what is kept of it."""
    return key.last_used_at is None or utcnow() - key.last_used_at >= _NOTED_EVERY


def note_use(key: KeyRef) -> None:
    """Keep when a key was used, to the minute."""
    now = utcnow()
    db.session.execute(
        update(ApiKey)
        .where(
            ApiKey.id == key.id,
            or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now),
        )
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )


def _record(verb: str, tenant: Tenant, key_id: UUID, actor: Actor, **payload: object) -> None:
    audit.record(
        f"integrations:key:{verb}",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=key_id,
        **payload,
    )
