"""Reading numbers that are being brought over."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from portal.core import leased
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.leased import trouble_of
from portal.core.tenancy import Tenant, owned
from portal.porting.models import PortIn, PortInEvent
from portal.porting.values import (
    Bill,
    Details,
    Happened,
    Page,
    PortInRef,
    Problem,
    State,
    Step,
)


def of_account(tenant: Tenant) -> list[PortInRef]:
    """Return an account's port-ins, the newest first."""
    rows = db.session.scalars(
        select(PortIn).where(owned(tenant, PortIn)).order_by(PortIn.created_at.desc(), PortIn.id)
    )
    return [ref(row) for row in rows]


def get_or_404(tenant: Tenant, port_in_id: UUID) -> PortInRef:
    """Return one port-in of the tenant. Raises NotFound."""
    row = db.session.scalar(
        select(PortIn)
        .where(owned(tenant, PortIn), PortIn.id == port_in_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("We can't find that number.")
    return ref(row)


def open_one(tenant: Tenant, e164: str) -> PortInRef | None:
    """Return the tenant's port-in of a number that is not over, if there is one."""
    row = db.session.scalar(
        select(PortIn).where(
            owned(tenant, PortIn),
            PortIn.e164 == e164,
            PortIn.state.not_in([State.DONE, State.CANCELED]),
        )
    )
    return ref(row) if row else None


def timeline(known: PortInRef) -> list[Happened]:
    """Return what happened to a port-in, the newest first."""
    rows = db.session.scalars(
        select(PortInEvent)
        .where(owned(known.tenant, PortInEvent), PortInEvent.port_in_id == known.id)
        .order_by(PortInEvent.at.desc(), PortInEvent.id)
    )
    return [Happened(row.at, row.text) for row in rows]


def due(now: datetime, after: UUID | None = None) -> Sequence[UUID]:
    """Return some port-ins of every organization whose time has come, by id."""
    return leased.due_ids(PortIn, now, after)


def to_remind_of() -> list[PortInRef]:
    """Return port-ins of every organization that may wait for a person or a day."""
    rows = db.session.scalars(
        select(PortIn).where(PortIn.state.in_([State.UNDERWAY, State.ACTION_NEEDED]))
    )
    return [ref(row) for row in rows]


def bill_names() -> set[str]:
    """Return under which names the bills of all port-ins are kept; for a sweep."""
    bills = db.session.scalars(select(PortIn.bill).where(PortIn.bill.is_not(None)))
    return {bill["name"] for bill in bills if bill}


def ref(row: PortIn) -> PortInRef:
    """Return a row as what others may hold; it holds no secret."""
    return PortInRef(
        id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        e164=row.e164,
        name=row.name,
        state=row.state,
        details=Details.from_json(row.details),
        has_account_number=row.sealed_account_number is not None,
        has_pin=row.sealed_pin is not None,
        needs_pin=row.needs_pin,
        number_type=row.number_type,
        bill=Bill(**row.bill) if row.bill else None,
        todo=tuple(Step(step) for step in row.todo),
        carrier_status=row.carrier_status,
        signature_url=row.signature_url,
        port_date=row.port_date,
        problems=tuple(Problem(**{**one, "page": Page(one["page"])}) for one in row.problems),
        trouble=trouble_of(row),
        letter=row.letter,
        signed_by=row.signed_by,
        signed_at=row.signed_at,
        submitted_at=row.submitted_at,
        ended_at=row.ended_at,
        next_at=row.next_at,
        round=row.round,
        edits=row.edits,
        edited_by=row.edited_by,
        sender_id=row.sender_id,
        is_in_progress=row.lease_until is not None and row.lease_until > utcnow(),
    )
