"""What waits of the texts that plans asked for (S-5, S-6)."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_

from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import MOVING, Message
from portal.messaging.rules.gates import LIMIT_CODES, NO_MEANS
from portal.messaging.values import Kind, State

BATCH: Final = 500


class Stranded(NamedTuple):
    """A text of a plan whose account has nothing to send it from."""

    account_id: UUID
    text_id: UUID


def stranded(after: Stranded | None = None) -> list[Stranded]:
    """Return texts of plans, by account, that wait for a subscription or a number (S-6).

    Of a text in parts the first counts: where it has left, nobody is asked to send it anew.
    """
    m = Message
    wanted = select(m.account_id, m.text_id).where(
        MOVING,
        m.state == State.HELD,
        m.kind == Kind.PLAN,
        m.part <= 1,
        m.reason_code.in_(NO_MEANS),
    )
    if after is not None:
        wanted = wanted.where(tuple_(m.account_id, m.text_id) > tuple_(*after))
    rows = db.session.execute(wanted.order_by(m.account_id, m.text_id).limit(BATCH))
    return [Stranded(*row) for row in rows]


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
