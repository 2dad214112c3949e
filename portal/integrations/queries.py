"""What is known of keys, endpoints and deliveries."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select, tuple_

from portal.core.access import Scope
from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import database_now, db
from portal.core.errors import NotFound
from portal.core.formats import plural
from portal.core.tenancy import Tenant, owned
from portal.integrations.models import ApiKey, WebhookDelivery, WebhookEndpoint
from portal.integrations.values import (
    DeliveryPage,
    DeliveryRef,
    DeliveryState,
    EndpointRef,
    EndpointState,
    Event,
    KeyRef,
)

A_PAGE = 50
KEY_MADE = "integrations:key:make"
_ADDED = "integrations:webhook:add"
_ANSWERED_FOR = ("integrations:webhook:keep", "integrations:webhook:switch-on")


def keys(tenant: Tenant) -> list[KeyRef]:
    """Return an account's keys, newest first, revoked ones too."""
    rows = db.session.scalars(
        select(ApiKey)
        .where(owned(tenant, ApiKey))
        .order_by(ApiKey.created_at.desc(), ApiKey.id)
        .execution_options(populate_existing=True)
    )
    return [_key(row) for row in rows]


def keys_made_by(organization_id: UUID, user_id: UUID) -> list[KeyRef]:
    """Return the open keys that somebody made, in whichever account, as the audit log knows them."""
    made = select(AuditEntry.subject_id).where(
        AuditEntry.chain == organization_id,
        AuditEntry.event == KEY_MADE,
        AuditEntry.actor_id == user_id,
        AuditEntry.subject_id == ApiKey.id,
    )
    rows = db.session.scalars(
        select(ApiKey)
        .where(owned(Tenant(organization_id), ApiKey), ApiKey.revoked_at.is_(None), made.exists())
        .order_by(ApiKey.created_at, ApiKey.id)
        .execution_options(populate_existing=True)
    )
    return [_key(row) for row in rows]


def endpoints_added_by(organization_id: UUID, user_id: UUID) -> list[EndpointRef]:
    """Return the webhooks that are on and that somebody added, in whichever account, by the audit log.

    Not those that another person kept or switched on since: who did answers for the address.
    """
    e, log = WebhookEndpoint, AuditEntry
    of_it = (log.chain == organization_id, log.subject_id == e.id)
    added = select(log.id).where(*of_it, log.event == _ADDED, log.actor_id == user_id)
    answered = select(log.id).where(*of_it, log.event.in_(_ANSWERED_FOR), log.actor_id != user_id)
    rows = db.session.scalars(
        select(e)
        .where(
            owned(Tenant(organization_id), e),
            e.removed_at.is_(None),
            e.state == EndpointState.ON,
            added.exists(),
            ~answered.exists(),
        )
        .order_by(e.created_at, e.id)
        .execution_options(populate_existing=True)
    )
    return [_endpoint(row) for row in rows]


def ways_left(organization_id: UUID, user_id: UUID) -> tuple[str, ...]:
    """Return how many keys and webhooks somebody made that are open, in words."""
    now = utcnow()
    made = sum(key.opens_at(now) for key in keys_made_by(organization_id, user_id))
    added = len(endpoints_added_by(organization_id, user_id))
    return (
        *((plural(made, "API key"),) if made else ()),
        *((plural(added, "webhook"),) if added else ()),
    )


def key_or_404(tenant: Tenant, key_id: UUID) -> KeyRef:
    """Return a key of the account. Raises NotFound."""
    found = find_key(tenant, key_id)
    if found is None:
        raise NotFound("We can't find that key.")
    return found


def find_key(tenant: Tenant, key_id: UUID) -> KeyRef | None:
    """Return a key of the account, None where it has no such key."""
    row = db.session.scalar(
        select(ApiKey)
        .where(owned(tenant, ApiKey), ApiKey.id == key_id)
        .execution_options(populate_existing=True)
    )
    return _key(row) if row else None


def key_of_prefix(prefix: str) -> tuple[KeyRef, str] | None:
    """Return the key with this prefix, whosever it is, and the hash of its token."""
    row = db.session.scalar(
        select(ApiKey).where(ApiKey.prefix == prefix).execution_options(populate_existing=True)
    )
    return (_key(row), row.token_sha256) if row else None


def endpoints(tenant: Tenant) -> list[EndpointRef]:
    """Return an account's endpoints, oldest first."""
    rows = db.session.scalars(
        _endpoints(tenant).order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)
    )
    return [_endpoint(row) for row in rows]


def endpoint_or_404(tenant: Tenant, endpoint_id: UUID) -> EndpointRef:
    """Return an endpoint of the account. Raises NotFound."""
    row = db.session.scalar(_endpoints(tenant).where(WebhookEndpoint.id == endpoint_id))
    if row is None:
        raise NotFound("We can't find that webhook.")
    return _endpoint(row)


def deliveries(tenant: Tenant, endpoint_id: UUID, after: UUID | None = None) -> DeliveryPage:
    """Return what an endpoint was sent, newest first, from after a delivery of it on."""
    d = WebhookDelivery
    wanted = select(d).where(owned(tenant, d), d.endpoint_id == endpoint_id)
    mark = db.session.scalar(wanted.where(d.id == after)) if after else None
    if mark is not None:
        wanted = wanted.where(tuple_(d.created_at, d.id) < (mark.created_at, mark.id))
    rows = db.session.scalars(
        wanted.order_by(d.created_at.desc(), d.id.desc())
        .limit(A_PAGE + 1)
        .execution_options(populate_existing=True)
    ).all()
    shown = rows[:A_PAGE]
    return DeliveryPage(
        tuple(_delivery(row) for row in shown), shown[-1].id if len(rows) > A_PAGE else None
    )


def endpoints_due() -> Sequence[UUID]:
    """Return endpoints of every account with a delivery whose time has come."""
    now = database_now()
    d = WebhookDelivery
    return db.session.scalars(
        select(d.endpoint_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == d.endpoint_id)
        .where(
            d.state == DeliveryState.WAITING,
            d.next_try_at <= now,
            d.lease_until.is_(None) | (d.lease_until < now),
            WebhookEndpoint.state == EndpointState.ON,
            WebhookEndpoint.removed_at.is_(None),
        )
        .distinct()
    ).all()


def _endpoints(tenant: Tenant) -> Select[WebhookEndpoint]:
    return (
        select(WebhookEndpoint)
        .where(owned(tenant, WebhookEndpoint), WebhookEndpoint.removed_at.is_(None))
        .execution_options(populate_existing=True)
    )


def _key(row: ApiKey) -> KeyRef:
    return KeyRef(
        id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(Scope(scope) for scope in row.scopes),
        created_at=row.created_at,
        created_by=row.created_by,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def _endpoint(row: WebhookEndpoint) -> EndpointRef:
    return EndpointRef(
        id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        url=row.url,
        events=tuple(Event(event) for event in row.events),
        state=row.state,
        off_reason=row.off_reason,
        given_up=row.given_up,
        created_at=row.created_at,
        created_by=row.created_by,
        old_secret_until=row.old_secret_until,
        edits=row.edits,
    )


def _delivery(row: WebhookDelivery) -> DeliveryRef:
    return DeliveryRef(
        id=row.id,
        endpoint_id=row.endpoint_id,
        event=row.event,
        state=row.state,
        tries=row.tries,
        created_at=row.created_at,
        next_try_at=row.next_try_at,
        last_tried_at=row.last_tried_at,
        last_status=row.last_status,
        last_error=row.last_error,
    )
