"""One contact, or some, with their numbers, tags and notes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Row,
    Select,
    Subquery,
    Table,
    and_,
    bindparam,
    select,
)

from portal.contacts.models import (
    Contact,
    ContactNumber,
    ContactTag,
    Note,
    PhoneNumber,
    Tag,
)
from portal.contacts.values import ContactRef, NoteRef, NumberRef, Problem
from portal.core.among import among
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.once import once_a_page
from portal.core.tenancy import THAT_ONE, Tenant, owned

BATCH: Final = 500


def get_or_404(tenant: Tenant, contact_id: UUID) -> ContactRef:
    """Return a contact of the tenant. Raises NotFound, for strangers too."""
    found = refs(tenant, [contact_id])
    if not found:
        raise NotFound("There is no such contact. It may have been deleted.")
    return found[0]


@once_a_page
def by_id(tenant: Tenant, contact_id: UUID) -> ContactRef | None:
    """Return one contact, if it exists still."""
    return next(iter(refs(tenant, [contact_id])), None)


def by_ids(tenant: Tenant, ids: Sequence[UUID]) -> list[ContactRef]:
    """Return the contacts that exist, in the order of ids."""
    found: list[ContactRef] = []
    for start in range(0, len(ids), BATCH):
        found += refs(tenant, ids[start : start + BATCH])
    return found


def by_numbers(tenant: Tenant, e164s: Iterable[str]) -> dict[str, ContactRef]:
    """Return whom each number stands for: who is texted there, else who has had it longest."""
    holders = {e164: id_ for e164, (id_, _) in names_by_numbers(tenant, e164s).items()}
    refs = {ref.id: ref for ref in by_ids(tenant, list(dict.fromkeys(holders.values())))}
    return {e164: refs[id_] for e164, id_ in holders.items() if id_ in refs}


def by_unread_number(tenant: Tenant, raw: str) -> ContactRef | None:
    """Return who has had something longest that was written like this and is no number."""
    holder = db.session.scalar(
        select(_NUMBER.c.contact_id)
        .join_from(_NUMBER, _CONTACT, _CONTACT.c.id == _NUMBER.c.contact_id)
        .where(owned(tenant, _NUMBER), _NUMBER.c.e164.is_(None), _NUMBER.c.raw == raw)
        .order_by(_CONTACT.c.created_at, _CONTACT.c.id)
        .limit(1)
    )
    return by_id(tenant, holder) if holder else None


def states_of(tenant: Tenant, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the states in the addresses of at most 500 contacts; who has none is left out."""
    rows = db.session.execute(_STATES_OF, {**tenant.named, "ids": ids})
    return {id_: state for id_, state in rows if state}


def names_by_numbers(tenant: Tenant, e164s: Iterable[str]) -> dict[str, tuple[UUID, str]]:
    """Return whom each number stands for, as by_numbers does, by id and by what they are called."""
    wanted = list(dict.fromkeys(e164s))
    holders: dict[str, tuple[UUID, str]] = {}
    for start in range(0, len(wanted), BATCH):
        asked = {**tenant.named, "numbers": wanted[start : start + BATCH]}
        for e164, id_, first, last, email in db.session.execute(_HOLDERS, asked):
            if e164 not in holders:
                holders[e164] = id_, called(e164, first, last, email)
    return holders


def with_holders(listed: Select[Any], e164: Column[Any]) -> Select[Any]:
    """Add to a list of an account's numbers whom each stands for, as by_numbers does (G6).

    Four columns more: contact_id, and what `called` makes a name of; NULL where nobody has the number.
    """
    other = _CONTACT.alias()
    holder = (
        select(other.c.id)
        .join_from(_NUMBER, other, other.c.id == _NUMBER.c.contact_id)
        .where(owned(THAT_ONE, _NUMBER), _NUMBER.c.e164 == e164)
        .order_by(_NUMBER.c.is_preferred.desc(), other.c.created_at, other.c.id)
        .limit(1)
        .correlate(e164.table)
        .scalar_subquery()
    )
    mine = _CONTACT.c
    return listed.add_columns(
        mine.id.label("contact_id"), mine.first_name, mine.last_name, mine.email
    ).outerjoin_from(e164.table, _CONTACT, mine.id == holder)


def called(e164: str, first: str | None, last: str | None, email: str | None) -> str:
    """Return what somebody is called: by name, else by e-mail, else by the number."""
    return f"{first or ''} {last or ''}".strip() or email or e164


def notes(tenant: Tenant, contact_id: UUID, limit: int = 100) -> list[NoteRef]:
    """Return a contact's notes, newest first (K-5)."""
    rows = db.session.scalars(
        select(Note)
        .where(owned(tenant, Note), Note.contact_id == contact_id)
        .order_by(Note.created_at.desc(), Note.id)
        .limit(limit)
    )
    return [NoteRef(n.id, n.contact_id, n.body, n.author, n.created_at) for n in rows]


def refs(tenant: Tenant, ids: Sequence[UUID]) -> list[ContactRef]:
    """Return contacts with their numbers and tags in three reads, in the order of ids."""
    if not ids:
        return []
    asked = {**tenant.named, "ids": ids}
    found = {row.id: row for row in db.session.execute(_CONTACTS, asked)}
    there = {id_: found[id_] for id_ in ids if id_ in found}
    numbers: dict[UUID, list[NumberRef]] = {}
    for contact_id, *number in db.session.execute(_NUMBERS, {"ids": list(there)}):
        numbers.setdefault(contact_id, []).append(_number_ref(number))
    return _whole(there, numbers, _tags_of(tenant, there))


def with_numbers(listed: Subquery, order: Iterable[ColumnElement[Any]]) -> Select[Any]:
    """Return a list of contacts, of which COLUMNS are read, with their numbers beside them.

    A contact has a row for each number, and one without any where it has none.
    """
    its = _NUMBER.c.contact_id == listed.c.id  # alone, as in _NUMBERS: the list is of owned ones
    return (
        select(*listed.c, *_NUMBER_COLUMNS)
        .select_from(listed.outerjoin(_NUMBER, its).outerjoin(_PHONE, _IS_PHONE))
        .order_by(*order, *_NUMBER_ORDER)
    )


def gathered(tenant: Tenant, rows: Sequence[Row[Any]], *, has_tags: bool) -> list[ContactRef]:
    """Return contacts of rows that end as those of with_numbers do, with their tags if there are any."""
    contacts: dict[UUID, Sequence[Any]] = {}
    numbers: dict[UUID, list[NumberRef]] = {}
    for row in rows:
        contact, number = row[-_WIDTH:-_NUMBER_WIDTH], row[-_NUMBER_WIDTH:]
        contacts[contact[0]] = contact
        if number[0] is not None:
            numbers.setdefault(contact[0], []).append(_number_ref(number))
    return _whole(contacts, numbers, _tags_of(tenant, contacts) if has_tags else {})


def _tags_of(tenant: Tenant, ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    for contact_id, name in db.session.execute(_TAGS, {**tenant.named, "ids": list(ids)}):
        found.setdefault(contact_id, []).append(name)
    return found


def _whole(
    contacts: Mapping[UUID, Sequence[Any]],
    numbers: Mapping[UUID, Sequence[NumberRef]],
    tags: Mapping[UUID, Sequence[str]],
) -> list[ContactRef]:
    return [
        ContactRef(*(*row, tuple(tags.get(id_, ())), tuple(numbers.get(id_, ()))))
        for id_, row in contacts.items()
    ]


def numbers_known(organization_id: UUID) -> Iterator[str]:
    """Give every number an organization ever met."""
    yield from db.session.scalars(
        select(PhoneNumber.e164).where(PhoneNumber.organization_id == organization_id)
    )


# Made once, of columns: lists are full of them (G6).
_CONTACT: Final = cast(Table, Contact.__table__)
_NUMBER: Final = cast(Table, ContactNumber.__table__)
_TAG: Final = cast(Table, Tag.__table__)
_TAGGED: Final = cast(Table, ContactTag.__table__)
_PHONE: Final = cast(Table, PhoneNumber.__table__)
_IDS: Final[BindParameter[list[UUID]]] = bindparam("ids", expanding=True)
COLUMNS: Final = tuple(  # in ContactRef's own order
    _CONTACT.c[name] for name in ContactRef.__dataclass_fields__ if name not in {"tags", "numbers"}
)
_CONTACTS: Final = select(*COLUMNS).where(owned(THAT_ONE, _CONTACT), _CONTACT.c.id.in_(_IDS))
_STATES_OF: Final = select(_CONTACT.c.id, _CONTACT.c.state).where(
    owned(THAT_ONE, _CONTACT), among(_CONTACT.c.id, "ids")
)
_NUMBER_COLUMNS: Final = (
    _NUMBER.c.id, _NUMBER.c.e164, _NUMBER.c.raw, _NUMBER.c.label, _NUMBER.c.kind,
    _NUMBER.c.region, _NUMBER.c.is_preferred, _NUMBER.c.problem, _NUMBER.c.is_verified,
    _PHONE.c.unreachable_code,
)  # fmt: skip
_NUMBER_ORDER: Final = (_NUMBER.c.is_preferred.desc(), _NUMBER.c.position)
_NUMBER_WIDTH: Final = len(_NUMBER_COLUMNS)
_WIDTH: Final = len(COLUMNS) + _NUMBER_WIDTH
_IS_PHONE: Final = and_(
    _PHONE.c.organization_id == _NUMBER.c.organization_id, _PHONE.c.e164 == _NUMBER.c.e164
)
_NUMBERS: Final = (
    select(_NUMBER.c.contact_id, *_NUMBER_COLUMNS)
    .outerjoin_from(_NUMBER, _PHONE, _IS_PHONE)
    # Of contacts read as owned: with the account SQLite walks through all its numbers.
    .where(_NUMBER.c.contact_id.in_(_IDS))
    .order_by(*_NUMBER_ORDER)
)
_TAGS: Final = (
    select(_TAGGED.c.contact_id, _TAG.c.name)
    .join_from(_TAGGED, _TAG, _TAG.c.id == _TAGGED.c.tag_id)
    .where(owned(THAT_ONE, _TAGGED), _TAGGED.c.contact_id.in_(_IDS))
    .order_by(_TAG.c.key)
)
_HOLDERS: Final = (
    select(
        _NUMBER.c.e164, _CONTACT.c.id, _CONTACT.c.first_name, _CONTACT.c.last_name, _CONTACT.c.email
    )
    .join_from(_NUMBER, _CONTACT, _CONTACT.c.id == _NUMBER.c.contact_id)
    .where(owned(THAT_ONE, _NUMBER), _NUMBER.c.e164.in_(bindparam("numbers", expanding=True)))
    .order_by(_NUMBER.c.is_preferred.desc(), _CONTACT.c.created_at, _CONTACT.c.id)
)


def _number_ref(row: Sequence[Any]) -> NumberRef:
    *values, problem, is_verified, code = row
    problem = problem or (Problem.UNREACHABLE if code is not None else None)
    return NumberRef(*(*values, problem, is_verified, code))
