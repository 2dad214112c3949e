"""The list: filters, order, pages by key, selections over all pages (K-4)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    Column,
    Row,
    Select,
    Table,
    bindparam,
    func,
    select,
    tuple_,
)

from portal.contacts.models import (
    Contact,
    ContactNumber,
    KeptSelection,
)
from portal.contacts.queries import narrowing
from portal.contacts.queries.narrowing import Shape
from portal.contacts.queries.outline import count
from portal.contacts.queries.people import BATCH, COLUMNS, gathered, refs, with_numbers
from portal.contacts.rules import choosing
from portal.contacts.values import (
    ContactFilter,
    ContactRef,
    Page,
    Selection,
    Sort,
)
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import THAT_ONE, Tenant, of_account, owned

PAGE: Final = 25  # two screens; every row is read, judged and drawn (G6)
COUNT_CAP: Final = 10_000  # a filter's matches are counted up to here on a page
_KEPT: Final = 500  # statements, each for another shape of filter
_EDGE: Final = ("edge_0", "edge_1", "edge_2")  # where a page begins

_CONTACT: Final = cast(Table, Contact.__table__)
_ORDERS: Final[Mapping[Sort, tuple[tuple[Any, ...], bool]]] = {
    Sort.NAME: ((_CONTACT.c.sort_name, _CONTACT.c.id), False),
    Sort.NEWEST: ((_CONTACT.c.created_at, _CONTACT.c.id), True),
    Sort.STATE: ((_CONTACT.c.state, _CONTACT.c.sort_name, _CONTACT.c.id), False),
}


def page(
    tenant: Tenant,
    wanted: ContactFilter,
    sort: Sort = Sort.NAME,
    cursor: str | None = None,
    limit: int = PAGE,
    *,
    has_tags: bool = True,
) -> Page:
    """Return one page of the list, by key, in either direction. Raises BadInput on a bad cursor.

    `has_tags` False: the caller knows that the account has none, so nobody asks for them.
    """
    backwards, after = choosing.read_mark(cursor, sort) if cursor else (False, None)
    width = len(_ORDERS[sort][0])
    rows = _rows(tenant, wanted, sort, after, limit + 1, backwards=backwards, is_whole=True)
    keys = list(dict.fromkeys(tuple(row[:width]) for row in rows))  # the id is a key's last part
    has_more = len(keys) > limit
    if has_more:
        beyond = keys.pop()[-1]
        rows = [row for row in rows if row[width - 1] != beyond]
    people = gathered(tenant, rows, has_tags=has_tags) if rows else []
    if backwards:
        keys.reverse()
        people.reverse()
    forward = bool(keys) and (has_more or backwards)
    back = bool(keys) and (has_more if backwards else after is not None)
    return Page(
        tuple(people),
        choosing.mark_page(sort, keys[-1]) if forward else None,
        choosing.mark_page(sort, keys[0], backwards=True) if back else None,
    )


def count_matching(tenant: Tenant, wanted: ContactFilter, cap: int = COUNT_CAP) -> int:
    """Return how many match, never counting past cap + 1."""
    if wanted.is_empty:
        return count(tenant)
    words = narrowing.search_words(wanted.text)
    if words and wanted == ContactFilter(text=wanted.text):
        if cap > narrowing.FOUND_CAP:
            return narrowing.count_all_found(tenant, words, cap + 1)
        return min(narrowing.count_found(tenant, tuple(words)), cap + 1)
    shape, values = narrowing.read(tenant, wanted, count(tenant))
    return db.session.scalar(_counted(shape), {**values, "most": cap + 1}) or 0


def selection_of(tenant: Tenant, fields: Mapping[str, Sequence[str]]) -> Selection:
    """Return who a form or query means: all_matching=1 with a filter, or ids and a kept selection.

    `fields` is what `request.values.to_dict(flat=False)` gives. Raises BadInput for an id
    that is none.
    """
    if (fields.get("all_matching") or [""])[0]:
        return Selection(matching=choosing.filter_of(fields))
    ids = dict.fromkeys(choosing.identifier(text) for text in fields.get("ids", ()))
    kept = (fields.get("selection") or [""])[0]
    if kept:
        on_page = {choosing.identifier(text) for text in fields.get("on_page", ())}
        others = [id_ for id_ in kept_ids(tenant, choosing.identifier(kept)) if id_ not in on_page]
        ids = dict.fromkeys([*others, *ids])
    return Selection(ids=tuple(ids))


def kept_ids(tenant: Tenant, selection_id: UUID) -> list[UUID]:
    """Return the people ticked on other pages. Raises NotFound."""
    stored = db.session.scalar(
        select(KeptSelection.contact_ids).where(
            owned(tenant, KeptSelection), KeptSelection.id == selection_id
        )
    )
    if stored is None:
        raise NotFound("This selection is no longer there. Select the people again.")
    return [UUID(text) for text in stored]


def selected(tenant: Tenant, selection: Selection) -> Iterator[list[ContactRef]]:
    """Give everybody in a selection, by name where it is a filter, in batches of at most 500."""
    for ids in selected_ids(tenant, selection):
        yield refs(tenant, ids)


def selected_ids(tenant: Tenant, selection: Selection) -> Iterator[list[UUID]]:
    """Give the ids of everybody in a selection, in batches of at most 500."""
    if selection.matching is None:
        for start in range(0, len(selection.ids), BATCH):
            ids = selection.ids[start : start + BATCH]
            there = set(
                db.session.scalars(
                    select(Contact.id).where(owned(tenant, Contact), Contact.id.in_(ids))
                )
            )
            if there:
                yield [id_ for id_ in ids if id_ in there]
        return
    after: tuple[Any, ...] | None = None
    while rows := _rows(tenant, selection.matching, Sort.NAME, after, BATCH):
        yield [row[-1] for row in rows]
        after = tuple(rows[-1])


def count_selected(tenant: Tenant, selection: Selection) -> int:
    """Return how many people a selection holds now."""
    if selection.matching is not None:
        return count_matching(tenant, selection.matching, cap=10_000_000)
    total = 0
    for start in range(0, len(selection.ids), BATCH):
        ids = selection.ids[start : start + BATCH]
        total += (
            db.session.scalar(
                select(func.count()).where(owned(tenant, Contact), Contact.id.in_(ids))
            )
            or 0
        )
    return total


def most_numbers(tenant: Tenant) -> int:
    """Return the most numbers any contact has, which an export needs columns for."""
    highest = db.session.scalar(
        select(func.max(ContactNumber.position)).where(owned(tenant, ContactNumber))
    )
    return 1 if highest is None else highest + 1


def _rows(
    tenant: Tenant,
    wanted: ContactFilter,
    sort: Sort,
    after: tuple[Any, ...] | None,
    limit: int,
    *,
    backwards: bool = False,
    is_whole: bool = False,
) -> list[Row[Any]]:
    """Return contacts from a key on, in the order asked for: the sort's keys, the id the last.

    Whole ones have all their columns behind it, and a row for each of their numbers.
    """
    falls = _ORDERS[sort][1] != backwards
    shape, values = narrowing.read(tenant, wanted, count(tenant))
    asked = _with_numbers if is_whole else _listed
    query = asked(sort, shape, falls=falls, goes_on=after is not None)
    values |= {"most": limit, **dict(zip(_EDGE, after or (), strict=False))}
    return list(db.session.execute(query, values))


@lru_cache(maxsize=_KEPT)
def _with_numbers(sort: Sort, shape: Shape, *, falls: bool, goes_on: bool) -> Select[Any]:
    """Return the list with the numbers of whoever is on it: one question, not two (G6)."""
    listed = _listed(sort, shape, COLUMNS, falls=falls, goes_on=goes_on).subquery()
    keys = list(listed.c)[: len(_ORDERS[sort][0])]
    return with_numbers(listed, [key.desc() if falls else key.asc() for key in keys])


@lru_cache(maxsize=_KEPT)
def _listed(
    sort: Sort,
    shape: Shape,
    columns: tuple[Column[Any], ...] = (),
    *,
    falls: bool,
    goes_on: bool,
) -> Select[Any]:
    keys = _ORDERS[sort][0]
    query = select(*(key.label(None) for key in keys), *columns).where(
        of_account(THAT_ONE, _CONTACT), *narrowing.conditions(shape)
    )
    if goes_on:
        edge = tuple_(*(bindparam(n, type_=key.type) for n, key in zip(_EDGE, keys, strict=False)))
        query = query.where(tuple_(*keys) < edge if falls else tuple_(*keys) > edge)
    order = (key.desc() if falls else key.asc() for key in keys)
    return query.order_by(*order).limit(bindparam("most"))


@lru_cache(maxsize=_KEPT)
def _counted(shape: Shape) -> Select[int]:
    some = select(_CONTACT.c.id).where(of_account(THAT_ONE, _CONTACT), *narrowing.conditions(shape))
    return select(func.count()).select_from(some.limit(bindparam("most")).subquery())
