"""Texts by the consent they rested on when they left (C-6, I15, A-3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import Message
from portal.messaging.values import ACCEPTED_FAMILY, Kind


@dataclass(frozen=True, slots=True)
class Resting:
    """How many texts the carrier took on the ground of one consent, and when."""

    texts: int
    first_at: datetime
    last_at: datetime


def texts_by_basis(tenant: Tenant, e164s: Sequence[str]) -> dict[str, dict[UUID | None, Resting]]:
    """Return the texts to at most 500 numbers, by number and by the record they rested on.

    Under None stand those no record is noted for; a number nobody texted is left out.
    """
    found: dict[str, dict[UUID | None, Resting]] = {}
    if not e164s:
        return found
    m = Message
    counted = (
        select(
            m.e164,
            m.consent_record_id,
            func.count(),
            func.min(m.created_at),
            func.max(m.created_at),
        )
        .where(
            owned(tenant, m),
            m.e164.in_(e164s),
            m.state.in_(ACCEPTED_FAMILY),
            m.kind != Kind.SYSTEM,
        )
        .group_by(m.e164, m.consent_record_id)
    )
    for e164, record_id, count, first, last in db.session.execute(counted):
        found.setdefault(str(e164), {})[record_id] = Resting(count, first, last)
    return found


def texts_resting(tenant: Tenant, e164s: Sequence[str]) -> dict[tuple[str, UUID], Resting]:
    """Return the texts to at most 500 numbers that rested on a record, by number and record."""
    return {
        (e164, record_id): resting
        for e164, by_record in texts_by_basis(tenant, e164s).items()
        for record_id, resting in by_record.items()
        if record_id is not None
    }
