"""The list: filters, order, pages by key, selections over all pages (K-4)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from portal.contacts.models import (
    Contact,
    ContactCount,
    ContactNumber,
    ContactTag,
    ContactWord,
    KeptSelection,
    PhoneNumber,
    Tag,
)
from portal.contacts.queries.people import BATCH, refs
from portal.contacts.rules import choosing, people
from portal.contacts.values import (
    ContactFilter,
    ContactRef,
    Page,
    Reach,
    Selection,
    Sort,
    TagRef,
)
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.once import once_a_page
from portal.core.tenancy import Tenant, owned

PAGE: Final = 50
COUNT_CAP: Final = 10_000  # a filter's matches are counted up to here on a page
COMMON: Final = 2_000  # a word that so many contacts have is not looked up first
LAST_SIGN: Final = "\U0010ffff"

_ORDERS: Final[Mapping[Sort, tuple[tuple[Any, ...], bool]]] = {
    Sort.NAME: ((Contact.sort_name, Contact.id), False),
    Sort.NEWEST: ((Contact.created_at, Contact.id), True),
    Sort.STATE: ((Contact.state, Contact.sort_name, Contact.id), False),
}


def page(
    tenant: Tenant,
    wanted: ContactFilter,
    sort: Sort = Sort.NAME,
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page:
    """Return one page of the list, by key, in either direction. Raises BadInput on a bad cursor."""
    backwards, after = choosing.read_mark(cursor, sort) if cursor else (False, None)
    rows = _rows(tenant, wanted, sort, after, limit + 1, backwards=backwards)
    has_more = len(rows) > limit
    rows = rows[:limit]
    if backwards:
        rows.reverse()
    forward = bool(rows) and (has_more or backwards)
    back = bool(rows) and (has_more if backwards else after is not None)
    return Page(
        tuple(refs(tenant, [row[-1] for row in rows])),
        choosing.mark_page(sort, rows[-1]) if forward else None,
        choosing.mark_page(sort, rows[0], backwards=True) if back else None,
    )


@once_a_page
def count(tenant: Tenant) -> int:
    """Return how many contacts the account has, from its counter row."""
    return db.session.scalar(select(ContactCount.contacts).where(owned(tenant, ContactCount))) or 0


def count_matching(tenant: Tenant, wanted: ContactFilter, cap: int = COUNT_CAP) -> int:
    """Return how many match, never counting past cap + 1."""
    if wanted.is_empty:
        return count(tenant)
    words = _search_words(wanted.text)
    if words and wanted == ContactFilter(text=wanted.text):
        return _count_found(tenant, words, cap)
    some = (
        select(Contact.id)
        .where(owned(tenant, Contact), *_conditions(tenant, wanted))
        .limit(cap + 1)
        .subquery()
    )
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def tags(tenant: Tenant) -> list[TagRef]:
    """Return the account's tags by name."""
    rows = db.session.execute(
        select(Tag.id, Tag.name).where(owned(tenant, Tag)).order_by(Tag.key).limit(1000)
    )
    return [TagRef(id_, name) for id_, name in rows]


def states(tenant: Tenant) -> list[str]:
    """Return the states contacts live in, walking the index from one to the next."""
    return _walk(tenant, Contact.state, 100)


def sources(tenant: Tenant, limit: int = 50) -> list[str]:
    """Return the lead sources in use, walking the index as states() does."""
    return _walk(tenant, Contact.lead_source, limit)


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
        after = rows[-1]


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
) -> list[tuple[Any, ...]]:
    """Return the sort keys of contacts from a key on, in the order asked for."""
    keys, descending = _ORDERS[sort]
    falls = descending != backwards
    query = select(*keys).where(owned(tenant, Contact), *_conditions(tenant, wanted))
    if after is not None:
        edge = tuple_(*(literal(v, key.type) for v, key in zip(after, keys, strict=True)))
        query = query.where(tuple_(*keys) < edge if falls else tuple_(*keys) > edge)
    order = [key.desc() if falls else key.asc() for key in keys]
    return [tuple(row) for row in db.session.execute(query.order_by(*order).limit(limit))]


def _conditions(tenant: Tenant, wanted: ContactFilter) -> list[ColumnElement[bool]]:
    words = _search_words(wanted.text)
    found = [_has_word(tenant, word) for word in words]
    if wanted.text and not words:
        found.append(false())
    if wanted.tag:
        found.append(
            Contact.id.in_(
                select(ContactTag.contact_id)
                .join(Tag, Tag.id == ContactTag.tag_id)
                .where(owned(tenant, ContactTag, Tag), Tag.key == people.tag_key(wanted.tag))
            )
        )
    if wanted.state:
        found.append(Contact.state == people.state_code(wanted.state))
    if wanted.source:
        found.append(Contact.lead_source == wanted.source)
    if wanted.reach:
        found.append(_reach(wanted.reach))
    return found


def _reach(reach: Reach) -> ColumnElement[bool]:
    unreachable = exists().where(
        PhoneNumber.organization_id == Contact.organization_id,
        PhoneNumber.e164 == Contact.preferred_e164,
        PhoneNumber.unreachable_code.is_not(None),
    )
    has_number = Contact.preferred_e164.is_not(None)
    if reach is Reach.TEXTABLE:
        return and_(has_number, ~unreachable)
    if reach is Reach.NOT_TEXTABLE:
        return or_(~has_number, unreachable)
    return and_(has_number, or_(Contact.preferred_e164 < "+1", Contact.preferred_e164 >= "+2"))


def _search_words(text: str) -> list[str]:
    """Return the beginnings to look for; digits written as a number count as one."""
    digits = "".join(c for c in text if c.isdigit())
    if len(digits) >= 3 and not any(c.isalpha() or c == "@" for c in text):
        is_home = text.lstrip().startswith("+1") or (len(digits) == 11 and digits[0] == "1")
        return [digits[1:] if is_home else digits]
    return people.search_words(text)[:6]


def _walk(tenant: Tenant, column: InstrumentedAttribute[str], most: int) -> list[str]:
    """Return the values of an indexed column, stepping from one to the next: no scan (G6)."""
    found: list[str] = []
    while len(found) < most:
        last = found[-1] if found else ""
        following = db.session.scalar(
            select(func.min(column)).where(owned(tenant, Contact), column > last)
        )
        if not following:
            break
        found.append(following)
    return found


def _has_word(tenant: Tenant, start: str) -> ColumnElement[bool]:
    """Return the condition that a contact has a word that begins so.

    A rare word is looked up and leads to its contacts; for a common one the list is walked in
    its order and each contact asked, since a page is full soon (G6).
    """
    if not _is_common(tenant, start):
        return Contact.id.in_(_found_by(tenant, start))
    return exists().where(ContactWord.contact_id == Contact.id, *_begins(start))


def _is_common(tenant: Tenant, start: str) -> bool:
    further = _found_by(tenant, start).offset(COMMON).limit(1)
    return db.session.scalar(further) is not None


def _count_found(tenant: Tenant, words: Sequence[str], cap: int) -> int:
    """Count whom words find, in the index of words alone."""
    first, *others = words
    also = aliased(ContactWord)
    some = (
        _found_by(tenant, first)
        .where(
            *(
                exists().where(
                    also.contact_id == ContactWord.contact_id,
                    also.word >= word,
                    also.word < word + LAST_SIGN,
                )
                for word in others
            )
        )
        .distinct()
        .limit(cap + 1)
        .subquery()
    )
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def _found_by(tenant: Tenant, start: str) -> Select[UUID]:
    return select(ContactWord.contact_id).where(owned(tenant, ContactWord), *_begins(start))


def _begins(start: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return a word's beginning as a range, which an index can read; LIKE can't (SPEED 3c)."""
    return ContactWord.word >= start, ContactWord.word < start + LAST_SIGN
