"""Finding, locking and ending the rows of registrations."""

from uuid import UUID

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.tenancy import Tenant, lock
from portal.numbers import queries as numbers
from portal.registrations import queries
from portal.registrations.models import Registration
from portal.registrations.rules import steps


def locked(tenant: Tenant, registration_id: UUID) -> Registration:
    """Return a registration of the organization, locked. Raises NotFound."""
    queries.get_or_404(tenant, registration_id)
    return lock(tenant, Registration, registration_id)


def is_still_held(row: Registration) -> bool:
    """Say whether the toll-free number is the organization's as it was when this was begun."""
    sender = numbers.kept_sender(row.organization_id, row.e164 or "")
    return sender is not None and steps.is_of_holding(row.created_at, sender.ready_at)


def close(row: Registration, actor: Actor) -> None:
    """End a request for good: it stays as it was, and is not asked about any more."""
    if row.ended_at is not None:
        return
    row.ended_at, row.next_at, row.lease_until = utcnow(), None, None
    row.lease += 1  # what a run is doing right now is not believed
    db.session.flush()  # the audit entry comes last
    audit.record(
        "registrations:registration:close",
        actor=actor,
        organization_id=row.organization_id,
        subject_id=row.id,
        number=row.e164,
        state=row.state.value,
    )
