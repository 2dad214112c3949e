"""What puts people into plans by itself, in one account."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import select

from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.drips.models import Drip, DripEnrolment, DripTrigger
from portal.drips.values import DripState, Source, TriggerRef

_ROW: Final = tuple(getattr(DripTrigger, name) for name in TriggerRef.__dataclass_fields__)


def triggers(tenant: Tenant, drip_id: UUID | None = None) -> list[TriggerRef]:
    """Return what puts people of an account into one plan, or into any."""
    wanted = select(*_ROW).where(owned(tenant, DripTrigger))
    if drip_id is not None:
        wanted = wanted.where(DripTrigger.drip_id == drip_id)
    rows = db.session.execute(wanted.order_by(DripTrigger.source, DripTrigger.word))
    return [TriggerRef(*row) for row in rows]


def plans_of(tenant: Tenant, source: Source, words: Iterable[str] = ("",)) -> dict[UUID, set[str]]:
    """Return the plans in use that any of these words puts people into, with the words."""
    t = DripTrigger
    rows = db.session.execute(
        select(t.drip_id, t.word)
        .join(Drip, Drip.id == t.drip_id)
        .where(
            owned(tenant, t),
            t.source == source,
            t.word.in_(list(words)),
            Drip.state != DripState.ARCHIVED,
        )
        .order_by(t.drip_id)
    )
    found: dict[UUID, set[str]] = {}
    for drip_id, word in rows:
        found.setdefault(drip_id, set()).add(word)
    return found


def ever_in(tenant: Tenant, drip_id: UUID, contact_ids: list[UUID]) -> set[UUID]:
    """Return those of at most 500 people who are or were in a plan."""
    e = DripEnrolment
    return set(
        db.session.scalars(
            select(e.contact_id).where(
                owned(tenant, e), e.drip_id == drip_id, e.contact_id.in_(contact_ids)
            )
        )
    )
