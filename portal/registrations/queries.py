"""Reading registrations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, select

from portal.core import leased
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.leased import trouble_of
from portal.core.tenancy import THAT_ONE, Tenant, owned
from portal.registrations.models import Registration
from portal.registrations.values import (
    Brand,
    Details,
    Kind,
    Page,
    RegistrationRef,
    Rejected,
    Seen,
    State,
    Step,
)


def of_organization(organization_id: UUID) -> RegistrationRef | None:
    """Return the registration of an organization's brand and campaign, if it was begun."""
    row = db.session.scalar(
        select(Registration)
        .where(owned(Tenant(organization_id), Registration), Registration.kind == Kind.A2P)
        .execution_options(populate_existing=True)
    )
    return ref(row) if row else None


def toll_free(organization_id: UUID) -> list[RegistrationRef]:
    """Return the requests of an organization's toll-free numbers that have not ended."""
    rows = db.session.scalars(
        select(Registration)
        .where(
            owned(Tenant(organization_id), Registration),
            Registration.kind == Kind.TOLL_FREE,
            Registration.ended_at.is_(None),
        )
        .order_by(Registration.created_at, Registration.id)
    )
    return [ref(row) for row in rows]


def of_number(organization_id: UUID, e164: str) -> RegistrationRef | None:
    """Return the request of one toll-free number that has not ended, if there is one."""
    row = db.session.scalar(
        select(Registration)
        .where(
            owned(Tenant(organization_id), Registration),
            Registration.e164 == e164,
            Registration.ended_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )
    return ref(row) if row else None


def requests_of(organization_id: UUID, e164: str) -> list[RegistrationRef]:
    """Return every request of one toll-free number, the newest first."""
    rows = db.session.scalars(
        select(Registration)
        .where(owned(Tenant(organization_id), Registration), Registration.e164 == e164)
        .order_by(Registration.created_at.desc(), Registration.id)
    )
    return [ref(row) for row in rows]


def get_or_404(tenant: Tenant, registration_id: UUID) -> RegistrationRef:
    """Return one registration of the organization. Raises NotFound."""
    row = db.session.scalar(
        select(Registration)
        .where(owned(tenant, Registration), Registration.id == registration_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("We can't find that registration.")
    return ref(row)


def due(now: datetime, after: UUID | None = None) -> Sequence[UUID]:
    """Return some registrations of every organization whose time has come, by id."""
    return leased.due_ids(Registration, now, after)


def ref(row: Registration) -> RegistrationRef:
    """Return a row as what others may hold."""
    return RegistrationRef(
        id=row.id,
        organization_id=row.organization_id,
        kind=row.kind,
        e164=row.e164,
        state=row.state,
        details=Details.from_json(row.details),
        todo=tuple(Step(step) for step in row.todo),
        carrier_status=row.carrier_status,
        reasons=tuple(Rejected(**{**one, "page": Page(one["page"])}) for one in row.reasons),
        may_send_in_again=row.may_send_in_again
        and (row.again_until is None or row.again_until > utcnow()),
        again_until=row.again_until,
        trouble=trouble_of(row),
        seen={name: Seen.from_json(one) for name, one in row.seen.items()},
        seen_at=row.seen_at,
        score=row.score,
        submitted_at=row.submitted_at,
        decided_at=row.decided_at,
        next_at=row.next_at,
        round=row.round,
        edits=row.edits,
        edited_by=row.edited_by,
        edited_at=row.edited_at,
        begun_at=row.created_at,
        step_since=row.step_since,
        sids=dict(row.sids),
        ended_at=row.ended_at,
        is_in_progress=row.lease_until is not None and row.lease_until > utcnow(),
    )


def brand(organization_id: UUID) -> Brand | None:
    """Return the organization's registered brand, if it has one; every text that leaves asks it."""
    row = db.session.execute(_BRAND, {"organization": organization_id}).one_or_none()
    return Brand(row.score) if row else None


# Made once: building a statement costs more than asking it.
_TABLE: Final = cast(Table, Registration.__table__)
_BRAND: Final = select(_TABLE.c.score).where(
    owned(THAT_ONE, _TABLE),
    _TABLE.c.kind == Kind.A2P,
    _TABLE.c.state == State.REGISTERED,
)
