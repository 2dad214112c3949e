"""Which numbers may send, as the carriers' registrations stand (N-5)."""

from uuid import UUID

from sqlalchemy import select, update

from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.numbers import rules
from portal.numbers.models import CarrierAccount, SenderNumber
from portal.numbers.values import SenderState


def note_campaign(organization_id: UUID, *, is_live: bool) -> int:
    """Let the organization's local numbers send, those to come as well, or stop them all.

    Returns how many changed; saying so twice changes nothing.
    """
    db.session.execute(
        update(CarrierAccount)
        .where(CarrierAccount.organization_id == organization_id)
        .values(has_campaign=is_live)
        .execution_options(synchronize_session="fetch")
    )
    rows = _ready(organization_id)
    return _note([row for row in rows if not rules.is_toll_free(row.e164)], is_live=is_live)


def note_toll_free(organization_id: UUID, e164: str, *, is_verified: bool) -> int:
    """Let a toll-free number send, or stop it; return how many changed."""
    rows = [row for row in _ready(organization_id) if row.e164 == e164]
    return _note(rows, is_live=is_verified)


def _ready(organization_id: UUID) -> list[SenderNumber]:
    return list(
        db.session.scalars(
            select(SenderNumber)
            .where(
                owned(Tenant(organization_id), SenderNumber),
                SenderNumber.state == SenderState.READY,
            )
            .order_by(SenderNumber.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _note(rows: list[SenderNumber], *, is_live: bool) -> int:
    changed = [row for row in rows if row.is_registered is not is_live]
    for row in changed:
        row.is_registered = is_live
    db.session.flush()  # the audit entries come last
    for row in changed:
        audit.record(
            "numbers:number:register" if is_live else "numbers:number:unregister",
            actor=SYSTEM,
            organization_id=row.organization_id,
            account_id=row.account_id,
            subject_id=row.id,
            number=row.e164,
        )
    return len(changed)
