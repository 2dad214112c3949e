"""What waits of the texts that plans asked for (S-5)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select

from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import Message
from portal.messaging.rules.gates import LIMIT_CODES
from portal.messaging.values import State


def held_by_limits(tenant: Tenant, campaign_ids: Select[UUID]) -> tuple[int, datetime | None]:
    """Return how many texts of some sends a daily limit holds, and until when the last of them."""
    found = db.session.execute(
        select(func.count(), func.max(Message.held_until)).where(
            owned(tenant, Message),
            Message.campaign_id.in_(campaign_ids),
            Message.state == State.HELD,
            Message.reason_code.in_(LIMIT_CODES),
        )
    ).one()
    return int(found[0]), found[1]
