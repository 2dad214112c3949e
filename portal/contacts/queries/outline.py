"""How an address book stands: how many are in it, and what its filters offer (K-4)."""

from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import (
    Column,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    column,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy import cast as sql_cast

from portal.contacts.models import Contact, ContactCount, Tag
from portal.contacts.values import TagRef
from portal.core.db import db
from portal.core.once import answered, once_a_page
from portal.core.tenancy import THAT_ONE, Tenant, owned

_MOST_TAGS: Final = 1000
_MOST_STATES: Final = 100
_MOST_SOURCES: Final = 50

_CONTACT: Final = cast(Table, Contact.__table__)
_COUNTED: Final = cast(Table, ContactCount.__table__)
_TAG: Final = cast(Table, Tag.__table__)


@dataclass(frozen=True, slots=True)
class Outline:
    """How many contacts an address book has, and what its filters offer."""

    contacts: int
    tags: tuple[TagRef, ...]
    states: tuple[str, ...]
    sources: tuple[str, ...]


def _walk(what: str, values: Column[Any], most: int) -> Select[Any]:
    """Return what steps through an indexed column from one value to the next: no scan (G6)."""
    following = select(func.min(values)).where(owned(THAT_ONE, _CONTACT))
    first = following.where(values > "").scalar_subquery()
    steps = select(first.label("value"), literal_column("1", Integer).label("place"))
    walked = steps.cte(f"{what}s", recursive=True)
    after = following.where(values > walked.c.value).scalar_subquery()
    walked = walked.union_all(
        select(after, walked.c.place + 1).where(walked.c.value.is_not(None), walked.c.place < most)
    )
    return select(literal_column(f"'{what}'"), walked.c.place, walked.c.value, null()).where(
        walked.c.value.is_not(None)
    )


# Made once: the list asks them all (G6).
_COUNT: Final = select(_COUNTED.c.contacts).where(owned(THAT_ONE, _COUNTED))
_TAGS: Final = (
    select(_TAG.c.id, _TAG.c.name)
    .where(owned(THAT_ONE, _TAG))
    .order_by(_TAG.c.key)
    .limit(bindparam("most", _MOST_TAGS))
)
_NAMED: Final = (
    _TAGS.with_only_columns(
        func.row_number().over(order_by=_TAG.c.key).label("place"), _TAG.c.name, _TAG.c.id
    )
).subquery()
_OUTLINE: Final = union_all(
    select(literal_column("'tag'").label("what"), *_NAMED.c),  # the one with ids gives the types
    _walk("state", _CONTACT.c.state, _MOST_STATES),
    _walk("source", _CONTACT.c.lead_source, _MOST_SOURCES),
    _COUNT.with_only_columns(
        literal_column("'contacts'"), _COUNTED.c.contacts, sql_cast(null(), String), null()
    ),
).order_by(column("place"))


@once_a_page
def outline(tenant: Tenant) -> Outline:
    """Return how many contacts there are, and the tags, states and lead sources in use."""
    contacts = 0
    tags: list[TagRef] = []
    offered: dict[str, list[str]] = {"state": [], "source": []}
    for what, place, value, id_ in db.session.execute(_OUTLINE, tenant.named):
        if what == "contacts":
            contacts = place
        elif what == "tag":
            tags.append(TagRef(id_, value))
        else:
            offered[what].append(value)
    answered(count, contacts, tenant)
    return Outline(contacts, tuple(tags), tuple(offered["state"]), tuple(offered["source"]))


@once_a_page
def count(tenant: Tenant) -> int:
    """Return how many contacts the account has, from its counter row."""
    return db.session.scalar(_COUNT, tenant.named) or 0


def tags(tenant: Tenant) -> list[TagRef]:
    """Return the account's tags by name."""
    return [TagRef(id_, name) for id_, name in db.session.execute(_TAGS, tenant.named)]
