"""Texts by the consent they rested on when they left (C-6, I15)."""

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


def texts_resting(tenant: Tenant, e164s: Sequence[str]) -> dict[tuple[str, UUID], Resting]:
    """Return the texts to at most 500 numbers, by number and by the record they rested on."""
    if not e164s:
        return {}
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
            m.consent_record_id.is_not(None),
            m.state.in_(ACCEPTED_FAMILY),
            m.kind != Kind.SYSTEM,
        )
        .group_by(m.e164, m.consent_record_id)
    )
    return {
        (str(e164), record_id): Resting(count, first, last)
        for e164, record_id, count, first, last in db.session.execute(counted)
        if record_id is not None
    }
