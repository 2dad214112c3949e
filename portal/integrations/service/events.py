"""Events written for endpoints, in the very transaction in which they happen."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Table, delete, insert, select, update

from portal.core import audit, jobs
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.jobs import Job
from portal.core.tenancy import Tenant, owned
from portal.integrations import queries
from portal.integrations.errors import EndpointOff
from portal.integrations.models import WebhookDelivery, WebhookEndpoint
from portal.integrations.values import DeliveryState, EndpointState, Event


def tell(tenant: Tenant, event: Event, data: Mapping[str, Any]) -> None:
    """Have every endpoint of the account that asked for this event told of it, after the commit."""
    tell_all(tenant, event, [data])


def tell_all(tenant: Tenant, event: Event, happened: Sequence[Mapping[str, Any]]) -> None:
    """Do the same for what happened to many at once, each an event of its own."""
    e = WebhookEndpoint
    listening = db.session.execute(
        select(e.id, e.events).where(
            owned(tenant, e), e.removed_at.is_(None), e.state == EndpointState.ON
        )
    )
    wanted = [row.id for row in listening if event.value in row.events]
    if wanted:
        post_to(tenant, wanted, event, happened)


def post_to(
    tenant: Tenant,
    endpoint_ids: Sequence[UUID],
    event: Event,
    happened: Sequence[Mapping[str, Any]],
) -> None:
    """Write one delivery of each event for each of these endpoints, and ring for them."""
    now = utcnow()
    # To the millisecond: receivers go by it where two events come out of order.
    head = {"type": event.value, "timestamp": _written(now, "milliseconds")}
    bodies = [json.dumps({**head, "data": data}, ensure_ascii=False) for data in happened]
    table = WebhookDelivery.__table__
    assert isinstance(table, Table)
    db.session.execute(
        insert(table),
        [
            {
                "id": uuid4(),
                "organization_id": tenant.organization_id,
                "account_id": tenant.account_id,
                "endpoint_id": endpoint_id,
                "event": event,
                "body": body,
                "state": DeliveryState.WAITING,
                "tries": 0,
                "next_try_at": now,
                "created_at": now,
            }
            for endpoint_id in endpoint_ids
            for body in bodies
        ],
    )
    for endpoint_id in endpoint_ids:
        ring(endpoint_id)


def send_again(tenant: Tenant, delivery_id: UUID, *, actor: Actor) -> UUID:
    """Post a delivery once more, under its own id, and return its endpoint's.

    Raises NotFound, or EndpointOff where nothing is posted now.
    """
    d = WebhookDelivery
    endpoint_id = db.session.scalar(
        select(d.endpoint_id).where(owned(tenant, d), d.id == delivery_id)
    )
    if endpoint_id is None:
        raise NotFound("We can't find that delivery.")
    if not queries.endpoint_or_404(tenant, endpoint_id).is_on:
        raise EndpointOff("This webhook is switched off. Switch it on first.")
    db.session.execute(
        update(d)
        .where(owned(tenant, d), d.id == delivery_id)
        .values(state=DeliveryState.WAITING, tries=0, next_try_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    ring(endpoint_id)
    audit.record(
        "integrations:webhook:send-again",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=endpoint_id,
        delivery=str(delivery_id),
    )
    return endpoint_id


def hasten(tenant: Tenant, endpoint_id: UUID) -> None:
    """Have what waits for an endpoint posted now."""
    d = WebhookDelivery
    db.session.execute(
        update(d)
        .where(owned(tenant, d), d.endpoint_id == endpoint_id, d.state == DeliveryState.WAITING)
        .values(next_try_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    ring(endpoint_id)


def drop_waiting(tenant: Tenant, endpoint_id: UUID) -> None:
    """Forget what waits for an endpoint that is removed."""
    d = WebhookDelivery
    db.session.execute(
        delete(d)
        .where(owned(tenant, d), d.endpoint_id == endpoint_id, d.state == DeliveryState.WAITING)
        .execution_options(synchronize_session=False)
    )


def ring(endpoint_id: UUID) -> None:
    """Ask a worker to post what waits for an endpoint, after the commit."""
    jobs.request(Job.DELIVER_WEBHOOKS, endpoint_id)


def written(at: datetime) -> str:
    """Return a moment as the API writes it."""
    return _written(at, "seconds")


def _written(at: datetime, to_the: str) -> str:
    return at.isoformat(timespec=to_the).replace("+00:00", "Z")
