"""The rows of port-ins: found, locked, their secrets sealed, their timeline written."""

from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.secrets_box import Place, box
from portal.core.tenancy import Tenant, lock
from portal.porting import queries
from portal.porting.models import PortIn, PortInEvent

_TABLE: Final = cast(Table, PortIn.__table__)
SECRETS: Final = ("account_number", "pin")


def locked(tenant: Tenant, port_in_id: UUID) -> PortIn:
    """Return a port-in of the tenant, locked. Raises NotFound."""
    queries.get_or_404(tenant, port_in_id)
    return lock(tenant, PortIn, port_in_id)


def seal(row: PortIn, name: str, secret: str) -> None:
    """Keep one of SECRETS, sealed for its row and column; empty forgets it."""
    sealed = box().seal(secret, _place(row, name)) if secret else None
    setattr(row, f"sealed_{name}", sealed)


def open_secret(row: PortIn, name: str) -> str:
    """Return one of SECRETS; "" where there is none. Raises SecretUnreadable."""
    sealed = getattr(row, f"sealed_{name}")
    return box().open(sealed, _place(row, name)) if sealed else ""


def happened(row: PortIn, text: str) -> None:
    """Write a line of the timeline."""
    db.session.add(
        PortInEvent(
            organization_id=row.organization_id,
            account_id=row.account_id,
            port_in_id=row.id,
            at=utcnow(),
            text=text[:500],
        )
    )


def record(row: PortIn, event: str, actor: Actor, **more: object) -> None:
    """Write what was done into the audit log; the last thing a change does."""
    db.session.flush()
    audit.record(
        f"porting:port_in:{event}",
        actor=actor,
        organization_id=row.organization_id,
        account_id=row.account_id,
        subject_id=row.id,
        number=row.e164,
        **more,
    )


def _place(row: PortIn, name: str) -> Place:
    return Place.of(_TABLE.c[f"sealed_{name}"], row.id, row.organization_id)
