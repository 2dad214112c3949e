"""Who answers which conversation: the people to choose from, and what became of it (Q-5)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_

from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import Conversation
from portal.messaging.queries.held import Moment

ASSIGNED: Final = "messaging:conversation:assign"
FREED: Final = "messaging:conversation:free"
Pair = tuple[UUID, UUID]  # an account and who has conversations of it


def assignees(after: Pair | None = None) -> list[Pair]:
    """Return the next account and person who has conversations of it, one seek in the index."""
    c = Conversation
    pairs = select(c.account_id, c.assignee_id).where(c.assignee_id.is_not(None))
    if after is not None:
        pairs = pairs.where(tuple_(c.account_id, c.assignee_id) > tuple_(*after))
    rows = db.session.execute(pairs.order_by(c.account_id, c.assignee_id).limit(1))
    return [(account_id, user_id) for account_id, user_id in rows if user_id is not None]


def moments(tenant: Tenant, e164s: Sequence[str]) -> list[Moment]:
    """Return when talks with some numbers were given to whom (Q-5)."""
    talks = select(Conversation.id).where(
        owned(tenant, Conversation), Conversation.e164.in_(list(e164s))
    )
    rows = db.session.execute(
        select(AuditEntry.at, AuditEntry.event, AuditEntry.actor_label, AuditEntry.payload).where(
            AuditEntry.chain == tenant.organization_id,
            AuditEntry.subject_id.in_(talks),
            AuditEntry.event.in_([ASSIGNED, FREED]),
        )
    )
    return [_moment(*row) for row in rows]


def _moment(at: datetime, event: str, actor: str, payload: dict[str, Any] | None) -> Moment:
    said = payload or {}
    name = said.get("to")
    if event == FREED:
        title = f"{said.get('was')} does not answer here any more: nobody has it"
        return Moment(at, title, "")
    if name is None:
        return Moment(at, "Given to nobody", "", actor)
    if said.get("is_own"):
        return Moment(at, "Taken", "", actor)
    return Moment(at, f"Assigned to {name}", "", actor)
