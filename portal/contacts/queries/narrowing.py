"""What narrows the list (K-4).

Conditions are made without their values, so that a statement with them is made once for each
shape of filter and not anew at each search (G6).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any, Final, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Table,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
)

from portal.contacts.models import Contact, ContactTag, ContactWord, PhoneNumber, Tag
from portal.contacts.rules import people
from portal.contacts.values import ContactFilter, Reach
from portal.core.db import db
from portal.core.once import once_a_page
from portal.core.tenancy import THAT_ONE, Tenant, of_account, owned

# A word is common when more than so many times the root of all contacts have it: looking up all m
# who have it then costs more than walking the list until a page of them is full (page x all / m).
COMMON: Final = 5
FOUND_CAP: Final = 2_000  # what a search finds is counted up to here: a word may have very many
_LAST_SIGN: Final = "\U0010ffff"
_MOST_WORDS: Final = 6
ListedBy = Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]
_listed: ListedBy = lambda _organization_id, _e164: false()  # noqa: E731
_CONTACT: Final = cast(Table, Contact.__table__)
_WORD: Final = cast(Table, ContactWord.__table__)
_PHONE: Final = cast(Table, PhoneNumber.__table__)
_TAG: Final = cast(Table, Tag.__table__)
_TAGGED: Final = cast(Table, ContactTag.__table__)


def narrow_listed_by(condition: ListedBy) -> None:
    """Have Reach.LISTED mean what a slice above knows: who is on a do-not-call list."""
    global _listed  # noqa: PLW0603 (set once for the process)
    _listed = condition


@dataclass(frozen=True, slots=True)
class Shape:
    """A filter without its values; a statement is kept for each."""

    words: tuple[bool, ...] = ()  # of each word in the search, whether it is common
    is_nobody: bool = False  # a search in which there is nothing to look for
    has_tag: bool = False
    has_state: bool = False
    has_source: bool = False
    reach: Reach | None = None


def read(tenant: Tenant, wanted: ContactFilter, everybody: int) -> tuple[Shape, dict[str, Any]]:
    """Return the shape of a filter of so many contacts and the values its statements ask with."""
    words, often = search_words(wanted.text), min(FOUND_CAP, COMMON * isqrt(everybody))
    shape = Shape(
        tuple(count_found(tenant, (word,)) > often for word in words),
        bool(wanted.text and not words),
        bool(wanted.tag),
        bool(wanted.state),
        bool(wanted.source),
        wanted.reach,
    )
    values: dict[str, Any] = {**tenant.named, **values_of(words)}
    if wanted.tag:
        values["tag"] = people.tag_key(wanted.tag)
    if wanted.state:
        values["state"] = people.state_code(wanted.state)
    if wanted.source:
        values["source"] = wanted.source
    return shape, values


def conditions(shape: Shape) -> list[ColumnElement[bool]]:
    """Return what a contact must fulfil."""
    found = [_has_word(place, is_common=is_common) for place, is_common in enumerate(shape.words)]
    if shape.is_nobody:
        found.append(false())
    if shape.has_tag:
        tagged = (
            select(_TAGGED.c.contact_id)
            .join_from(_TAGGED, _TAG, _TAG.c.id == _TAGGED.c.tag_id)
            .where(owned(THAT_ONE, _TAGGED, _TAG), _TAG.c.key == bindparam("tag", type_=String))
        )
        found.append(_CONTACT.c.id.in_(tagged))
    if shape.has_state:
        found.append(_CONTACT.c.state == bindparam("state"))
    if shape.has_source:
        found.append(_CONTACT.c.lead_source == bindparam("source"))
    if shape.reach:
        found.append(_reach(shape.reach))
    return found


def search_words(text: str) -> list[str]:
    """Return the beginnings to look for; digits written as a number count as one."""
    digits = "".join(c for c in text if c.isdigit())
    if len(digits) >= 3 and not any(c.isalpha() or c == "@" for c in text):
        is_home = text.lstrip().startswith("+1") or (len(digits) == 11 and digits[0] == "1")
        return [digits[1:] if is_home else digits]
    return people.search_words(text)[:_MOST_WORDS]


def values_of(words: Sequence[str]) -> dict[str, str]:
    """Return the range each word is looked for in: an index can read it, LIKE it can't (SPEED 3c)."""
    found = {}
    for place, word in enumerate(words):
        found[f"from_{place}"], found[f"below_{place}"] = word, word + _LAST_SIGN
    return found


@once_a_page
def count_found(tenant: Tenant, words: tuple[str, ...]) -> int:
    """Return how many people words find, never counting past FOUND_CAP + 1."""
    return count_all_found(tenant, words, FOUND_CAP + 1)


def count_all_found(tenant: Tenant, words: Sequence[str], most: int) -> int:
    """Return how many people words find, counted in the index of words alone."""
    asked = {**tenant.named, **values_of(words), "most": most}
    return db.session.scalar(_COUNTS[len(words) - 1], asked) or 0


def _count_of_words(count: int) -> Select[int]:
    some = _found_by(0).where(*(_also(place, _WORD.c.contact_id) for place in range(1, count)))
    return select(func.count()).select_from(some.distinct().limit(bindparam("most")).subquery())


def _has_word(place: int, *, is_common: bool) -> ColumnElement[bool]:
    """Return the condition that a contact has a word that begins so.

    A rare word is looked up and leads to its contacts; for a common one the list is walked in
    its order and each contact asked, since a page is full soon (G6).
    """
    return _also(place, _CONTACT.c.id) if is_common else _CONTACT.c.id.in_(_found_by(place))


def _found_by(place: int) -> Select[Any]:
    # SQLite has an index of words for who says that there is one: a range does not prove it there.
    is_one = _WORD.c.word.is_not(None)
    found = select(_WORD.c.contact_id).where(of_account(THAT_ONE, _WORD), is_one)
    return found.where(*_begins(_WORD, place))


def _also(place: int, contact_id: ColumnElement[Any]) -> ColumnElement[bool]:
    also = _WORD.alias()
    # Of all columns, SQLite would read the row to know that it is there.
    return exists(also.c.contact_id).where(also.c.contact_id == contact_id, *_begins(also, place))


def _begins(words: Any, place: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return words.c.word >= bindparam(f"from_{place}"), words.c.word < bindparam(f"below_{place}")


def _reach(reach: Reach) -> ColumnElement[bool]:
    unreachable = exists().where(
        _PHONE.c.organization_id == _CONTACT.c.organization_id,
        _PHONE.c.e164 == _CONTACT.c.preferred_e164,
        _PHONE.c.unreachable_code.is_not(None),
    )
    texted = _CONTACT.c.preferred_e164
    if reach is Reach.LISTED:
        return _listed(_CONTACT.c.organization_id, texted)
    if reach is Reach.TEXTABLE:
        return and_(texted.is_not(None), ~unreachable)
    if reach is Reach.NOT_TEXTABLE:
        return or_(texted.is_(None), unreachable)
    return and_(texted.is_not(None), or_(texted < "+1", texted >= "+2"))


_COUNTS: Final = [_count_of_words(count) for count in range(1, _MOST_WORDS + 1)]
