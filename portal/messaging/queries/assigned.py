"""Who answers which conversation: the people to choose from, and what became of it (Q-5)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Select, Subquery, Table, bindparam, column, not_, select, tuple_
from sqlalchemy.orm import aliased

from portal.core.audit import AuditEntry
from portal.core.columns import Id
from portal.core.db import db
from portal.core.tenancy import THAT_ONE, Tenant, owned
from portal.messaging.models import Conversation
from portal.messaging.queries.held import Moment
from portal.texting_accounts import queries as accounts

ASSIGNED: Final = "messaging:conversation:assign"
FREED: Final = "messaging:conversation:free"
Pair = tuple[UUID, UUID]  # an account and who has conversations of it


def lost() -> list[Pair]:
    """Return who has conversations of an account from which they may not text any more.

    One statement, however many accounts and people there are: it goes from pair to pair in the
    index, a seek for each, and never through their conversations.
    """
    rows = db.session.execute(_LOST)
    return [(account_id, user_id) for account_id, user_id in rows]


def _each_pair() -> Subquery:
    """Return each account and person who has conversations of it, once."""
    first, here, after, one = (aliased(Conversation) for _ in range(4))
    begin = _in_order(first).limit(1).scalar_subquery()
    walk = select(begin.label("id")).cte("walk", recursive=True)
    is_later = tuple_(after.account_id, after.assignee_id) > tuple_(
        here.account_id, here.assignee_id
    )
    later = _in_order(after).where(is_later).limit(1).correlate(here).scalar_subquery()
    walk = walk.union_all(select(later).join_from(here, walk, here.id == walk.c.id))
    return (
        select(
            one.account_id.label("this_account"),
            one.assignee_id.label("this_user"),
            one.organization_id.label("this_organization"),
        )
        .join(walk, walk.c.id == one.id)
        .subquery()
    )


def _in_order(c: type[Conversation]) -> Select[UUID]:
    return select(c.id).where(c.assignee_id.is_not(None)).order_by(c.account_id, c.assignee_id)


_PAIRS: Final = _each_pair()
_LOST: Final = select(_PAIRS.c.this_account, _PAIRS.c.this_user).where(
    not_(
        accounts.texts_from(
            *(column(name, Id()) for name in ("this_account", "this_user", "this_organization"))
        )
    )
)


_TALK: Final = cast(Table, Conversation.__table__)
_ENTRY: Final = cast(Table, AuditEntry.__table__).c
_MOMENTS: Final = select(  # made once, of columns: every open conversation asks it (G6)
    _ENTRY.at, _ENTRY.event, _ENTRY.actor_label, _ENTRY.payload
).where(
    _ENTRY.chain == bindparam("organization", type_=Id()),
    _ENTRY.subject_id.in_(
        select(_TALK.c.id).where(
            owned(THAT_ONE, _TALK), _TALK.c.e164.in_(bindparam("numbers", expanding=True))
        )
    ),
    _ENTRY.event.in_([ASSIGNED, FREED]),
)


def moments(tenant: Tenant, e164s: Sequence[str]) -> list[Moment]:
    """Return when talks with some numbers were given to whom (Q-5)."""
    rows = db.session.execute(_MOMENTS, {**tenant.named, "numbers": list(e164s)})
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
