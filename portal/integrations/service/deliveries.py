"""What a worker does with deliveries: take some, and write down what posting them came to.

At least once: a worker that dies in the middle leaves a lease that runs out, and the delivery
is posted again under the same id, by which the receiver knows it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from portal.core import audit, clock, secrets_box
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import database_now, db
from portal.core.tenancy import Tenant
from portal.integrations.models import WebhookDelivery, WebhookEndpoint
from portal.integrations.rules import schedule, signing
from portal.integrations.service import notices
from portal.integrations.values import DeliveryState, EndpointState, Parcel, Posted
from portal.texting_accounts import queries as accounts

LEASE = timedelta(seconds=60)
AT_ONCE = 8
RESTS_FOR = timedelta(minutes=1)
KEPT_FOR = timedelta(days=30)


def claim(endpoint_id: UUID, limit: int = AT_ONCE) -> list[Parcel]:
    """Take up to `limit` deliveries of an endpoint whose time has come, oldest first."""
    now = database_now()
    endpoint = db.session.get(WebhookEndpoint, endpoint_id, populate_existing=True)
    if (
        endpoint is None
        or endpoint.removed_at is not None
        or endpoint.state is not EndpointState.ON
    ):
        return []
    d = WebhookDelivery
    due = (
        select(d.id)
        .where(
            d.endpoint_id == endpoint_id,
            d.state == DeliveryState.WAITING,
            d.next_try_at <= now,
            d.lease_until.is_(None) | (d.lease_until < now),
        )
        .order_by(d.next_try_at, d.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")  # asked once; a plain subquery PostgreSQL may ask for each row
    )
    rows = db.session.execute(
        update(d)
        .where(d.id.in_(select(due.c.id)))
        .values(lease_until=now + LEASE, tries=d.tries + 1, last_tried_at=now)
        .returning(d.id, d.body, d.tries)
        .execution_options(synchronize_session=False)
    ).all()
    signed_with = signing_secrets(endpoint)
    at = clock.utcnow() - clock.offset()  # receivers keep real time, whatever the sandbox has
    return [
        Parcel(
            row.id,
            endpoint_id,
            endpoint.url,
            signing.headers(signed_with, str(row.id), at, row.body),
            row.body,
            row.tries,
        )
        for row in rows
    ]


def record(done: Sequence[tuple[Parcel, Posted]]) -> None:
    """Write down what posting some deliveries of one endpoint came to."""
    for parcel, posted in done:
        if posted.has_arrived:
            _arrived(parcel, posted)
        else:
            _failed(parcel, posted)


def rest(endpoint_id: UUID) -> None:
    """Let what else is due where nobody answers wait a minute: the worker has others to serve."""
    now = database_now()
    d = WebhookDelivery
    db.session.execute(
        update(d)
        .where(
            d.endpoint_id == endpoint_id,
            d.state == DeliveryState.WAITING,
            d.next_try_at <= now,
            d.lease_until.is_(None) | (d.lease_until < now),
        )
        .values(next_try_at=now + RESTS_FOR)
        .execution_options(synchronize_session=False)
    )


def forget_old() -> int:
    """Forget deliveries older than 30 days with the words they carried; return how many."""
    gone = db.session.scalars(
        delete(WebhookDelivery)
        .where(WebhookDelivery.created_at < utcnow() - KEPT_FOR)
        .returning(WebhookDelivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def forget_old_secrets() -> int:
    """Forget secrets that were renewed and sign nothing any more; return how many."""
    gone = db.session.scalars(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.old_secret_until <= utcnow())
        .values(old_secret_sealed=None, old_secret_until=None)
        .returning(WebhookEndpoint.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def signing_secrets(endpoint: WebhookEndpoint) -> list[str]:
    """Return the secrets that sign now, the newest first. Raises SecretUnreadable."""
    opened = secrets_box.box().open
    found = [opened(endpoint.secret_sealed, endpoint.place_of_secret)]
    if (
        endpoint.old_secret_sealed
        and endpoint.old_secret_until
        and (utcnow() < endpoint.old_secret_until)
    ):
        found += opened(endpoint.old_secret_sealed, endpoint.place_of_old_secret).split()
    return found


def _arrived(parcel: Parcel, posted: Posted) -> None:
    _settle(parcel, posted, state=DeliveryState.DELIVERED)
    db.session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == parcel.endpoint_id, WebhookEndpoint.given_up > 0)
        .values(given_up=0)
        .execution_options(synchronize_session=False)
    )


def _failed(parcel: Parcel, posted: Posted) -> None:
    """Try again later, or give up; an endpoint that fails again and again is switched off."""
    again_at = schedule.next_try(parcel.tries, utcnow())
    if posted.status == schedule.GONE:
        again_at = None
    if again_at is not None:
        _settle(parcel, posted, state=DeliveryState.WAITING, next_try_at=again_at)
        return
    if not _settle(parcel, posted, state=DeliveryState.GIVEN_UP):
        return  # another worker settled it
    endpoint = db.session.get(
        WebhookEndpoint,
        parcel.endpoint_id,
        with_for_update={"key_share": True},  # a STOP that writes an event does not wait for us
        populate_existing=True,
    )
    assert endpoint is not None  # deliveries have an endpoint
    endpoint.given_up += 1
    if endpoint.state is EndpointState.OFF:
        return  # its people know
    endpoint.off_reason = schedule.off_reason(posted.status, endpoint.given_up)
    if endpoint.off_reason is not None:
        endpoint.state = EndpointState.OFF
    db.session.flush()  # the notice and the audit entry come last
    _tell(endpoint, parcel)


def _settle(
    parcel: Parcel, posted: Posted, *, state: DeliveryState, next_try_at: datetime | None = None
) -> bool:
    """Settle a try unless the delivery was settled meanwhile; say whether it was this one."""
    values = {"next_try_at": next_try_at} if next_try_at else {}
    settled = db.session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == parcel.delivery_id,
            WebhookDelivery.state == DeliveryState.WAITING,
            WebhookDelivery.tries == parcel.tries,
        )
        .values(
            state=state,
            lease_until=None,
            last_status=posted.status,
            last_error=posted.error[:200] if posted.error else None,
            **values,
        )
        .returning(WebhookDelivery.id)
        .execution_options(synchronize_session=False)
    ).first()
    return settled is not None


def _tell(endpoint: WebhookEndpoint, parcel: Parcel) -> None:
    """Tell the account's people that an event was given up, or that the endpoint is off now."""
    reason = endpoint.off_reason
    account = accounts.get_or_404(Tenant(endpoint.organization_id, endpoint.account_id))
    notices.tell(
        account, endpoint.id, endpoint.url, reason, once=f"{parcel.delivery_id}:{parcel.tries}"
    )
    if reason is not None:
        audit.record(
            "integrations:webhook:switch-off",
            actor=SYSTEM,
            organization_id=account.organization_id,
            account_id=account.id,
            subject_id=endpoint.id,
            reason=reason,
        )
