"""Webhook endpoints: added, tried, given a new secret, switched on again, removed."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update

from portal.core import audit, secrets_box
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.edits import change_as_seen
from portal.core.errors import BadInput
from portal.core.settings import settings
from portal.core.tenancy import Tenant, owned
from portal.gateways import outside
from portal.integrations import queries
from portal.integrations.errors import EndpointOff, KeyLimit, SecretRenewed
from portal.integrations.models import WebhookEndpoint
from portal.integrations.rules import signing
from portal.integrations.service import deliveries, events, notices
from portal.integrations.values import EndpointRef, EndpointState, Event
from portal.texting_accounts import queries as accounts

MOST_ENDPOINTS = 10
MOST_OLD_SECRETS = 3
OLD_SECRET_SIGNS_FOR = timedelta(hours=24)


def add_endpoint(
    tenant: Tenant, url: str, wanted: Sequence[Event], *, actor: Actor
) -> tuple[EndpointRef, str]:
    """Have events posted to an address; return it with its signing secret, shown this once.

    Raises AddressRefused for an address we don't post to, BadInput without an event, KeyLimit.
    """
    outside.read(url, is_sandbox=settings().is_sandbox)
    if not wanted:
        raise BadInput("Choose at least one event.")
    if len(queries.endpoints(tenant)) >= MOST_ENDPOINTS:
        raise KeyLimit(f"An account has at most {MOST_ENDPOINTS} webhooks. Remove one first.")
    secret = _fresh_secret()
    row = WebhookEndpoint(
        id=uuid4(),
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        url=url,
        events=[event.value for event in wanted],
        created_by=actor.label[:200],
        created_at=utcnow(),
    )
    row.secret_sealed = secrets_box.box().seal(secret, row.place_of_secret)
    db.session.add(row)
    db.session.flush()  # it is read again below
    _record("add", tenant, row.id, actor, url=url, events=row.events)
    return queries.endpoint_or_404(tenant, row.id), secret


def renew_secret(
    tenant: Tenant, endpoint_id: UUID, *, edits: int, keeps_old: bool, actor: Actor
) -> tuple[EndpointRef, str]:
    """Give an endpoint a new signing secret, shown this once (X-6); `edits` is what was seen.

    With keeps_old those that sign now do so for 24 hours more, so that receivers can change over:
    the newest may never have reached them, as an answer is lost now and then. One that got into
    wrong hands should not. Raises NotFound, SecretRenewed where somebody was faster, or
    SecretUnreadable where those before are to be kept and no key opens them.
    """
    renewed = SecretRenewed("The secret was renewed meanwhile. Whoever did it has the new one.")
    if queries.endpoint_or_404(tenant, endpoint_id).edits != edits:
        raise renewed
    row = db.session.scalars(
        select(WebhookEndpoint)
        .where(owned(tenant, WebhookEndpoint), WebhookEndpoint.id == endpoint_id)
        .execution_options(populate_existing=True)
    ).one()
    box, secret = secrets_box.box(), _fresh_secret()
    old = " ".join(_kept(row)) if keeps_old else None
    until = utcnow() + OLD_SECRET_SIGNS_FOR if keeps_old else None
    values = {
        "secret_sealed": box.seal(secret, row.place_of_secret),
        "old_secret_sealed": box.seal(old, row.place_of_old_secret) if old else None,
        "old_secret_until": until,
    }
    if not change_as_seen(WebhookEndpoint, tenant, endpoint_id, edits, values):
        raise renewed
    _record("renew", tenant, endpoint_id, actor, old_secrets_end=until or "at once")
    return queries.endpoint_or_404(tenant, endpoint_id), secret


def remove_endpoint(tenant: Tenant, endpoint_id: UUID, *, actor: Actor) -> EndpointRef:
    """Post nothing there any more; what waited is dropped with it. Raises NotFound."""
    endpoint = queries.endpoint_or_404(tenant, endpoint_id)
    _set(tenant, endpoint_id, removed_at=utcnow())
    events.drop_waiting(tenant, endpoint_id)
    _record("remove", tenant, endpoint_id, actor, url=endpoint.url)
    return endpoint


def keep(tenant: Tenant, endpoint_id: UUID, *, actor: Actor) -> None:
    """Write down that somebody answers for a webhook whose adder left. Raises NotFound."""
    queries.endpoint_or_404(tenant, endpoint_id)
    _record("keep", tenant, endpoint_id, actor)


def switch_off(tenant: Tenant, endpoint_id: UUID, why: str, *, actor: Actor) -> None:
    """Post nothing there until somebody switches it on again; its people are told why.

    Raises NotFound.
    """
    endpoint = queries.endpoint_or_404(tenant, endpoint_id)
    _set(tenant, endpoint_id, state=EndpointState.OFF, off_reason=why[:200])
    account = accounts.get_or_404(tenant)
    notices.tell(account, endpoint_id, endpoint.url, why, once=f"{endpoint_id}:{utcnow()}")
    _record("switch-off", tenant, endpoint_id, actor, reason=why)


def switch_on(tenant: Tenant, endpoint_id: UUID, *, actor: Actor) -> EndpointRef:
    """Post there again; what still waits goes now, whenever its next try was due. Raises NotFound."""
    queries.endpoint_or_404(tenant, endpoint_id)
    _set(tenant, endpoint_id, state=EndpointState.ON, off_reason=None, given_up=0)
    events.hasten(tenant, endpoint_id)
    _record("switch-on", tenant, endpoint_id, actor)
    return queries.endpoint_or_404(tenant, endpoint_id)


def send_test(tenant: Tenant, endpoint_id: UUID, *, actor: Actor) -> None:
    """Post an event that means nothing, to see it arrive. Raises NotFound or EndpointOff."""
    endpoint = queries.endpoint_or_404(tenant, endpoint_id)
    if not endpoint.is_on:
        raise EndpointOff("This webhook is switched off. Switch it on first.")
    events.post_to(tenant, [endpoint_id], Event.TEST, [{"account_id": str(tenant.account_id)}])
    _record("test", tenant, endpoint_id, actor)


def _kept(endpoint: WebhookEndpoint) -> list[str]:
    try:
        return deliveries.signing_secrets(endpoint)[:MOST_OLD_SECRETS]
    except secrets_box.SecretUnreadable as error:
        raise secrets_box.SecretUnreadable(
            "No key opens the secret it has now, so that can't sign beside a new one. Choose that "
            "it ends at once, or have ENCRYPTION_KEYS mended first."
        ) from error


def _fresh_secret() -> str:
    return signing.show_secret(secrets.token_bytes(signing.SECRET_BYTES))


def _set(tenant: Tenant, endpoint_id: UUID, **values: Any) -> None:
    db.session.execute(
        update(WebhookEndpoint)
        .where(owned(tenant, WebhookEndpoint), WebhookEndpoint.id == endpoint_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _record(verb: str, tenant: Tenant, endpoint_id: UUID, actor: Actor, **payload: object) -> None:
    audit.record(
        f"integrations:webhook:{verb}",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=endpoint_id,
        **payload,
    )
