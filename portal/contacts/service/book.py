"""Writing the address book in sets: what the forms, the import and new leads share.

One writer an account at a time: whoever changes the book holds its counter row, after the
numbers and before anything else (RULINGS 6).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, Table, bindparam, delete, false, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.contacts.models import (
    Contact,
    ContactCount,
    ContactNumber,
    ContactTag,
    ContactWord,
    Note,
    Tag,
)
from portal.contacts.rules import numbers as number_rules
from portal.contacts.rules import people
from portal.contacts.rules.numbers import Reading
from portal.contacts.service import happenings
from portal.contacts.service.numbers import lock_known
from portal.contacts.values import Language
from portal.core.clock import utcnow
from portal.core.db import Base, db, is_sqlite, lock_referring
from portal.core.ids import growing_id
from portal.core.many_rows import insert_rows
from portal.core.tenancy import Tenant, owned

MAX_NUMBERS = 10
_CHUNK = 500
_LENGTHS = {"first_name": 100, "last_name": 100, "email": 254, "street": 200, "city": 100,
            "state": 50, "zip": 20, "lead_source": 100}  # fmt: skip


@dataclass(slots=True)
class Line:
    """One number of a person on its way into the book."""

    reading: Reading
    label: str = ""
    id: UUID = field(default_factory=growing_id)


@dataclass(slots=True)
class Person:
    """A contact on its way into the book, or one of it about to change."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    language: Language = Language.EN
    lead_source: str = ""
    known_since: date | None = None
    tags: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    preferred: str | None = None
    id: UUID = field(default_factory=growing_id)

    def fill(self, other: "Person") -> bool:
        """Take over what is empty here and known there; say whether anything was."""
        changed = False
        for name in _LENGTHS:
            if name in {"first_name", "last_name"}:
                continue
            if not getattr(self, name) and getattr(other, name):
                setattr(self, name, getattr(other, name))
                changed = True
        if not self.first_name and not self.last_name and (other.first_name or other.last_name):
            self.first_name, self.last_name = other.first_name, other.last_name
            changed = True
        if self.known_since is None and other.known_since is not None:
            self.known_since = other.known_since
            changed = True
        return changed

    def columns(self) -> dict[str, Any]:
        """Return the contact's row, cut to what its columns hold."""
        row: dict[str, Any] = {name: getattr(self, name)[:n] for name, n in _LENGTHS.items()}
        first = next((line.reading.e164 for line in self.lines if line.reading.e164), None)
        row["sort_name"] = people.sort_name(
            self.first_name, self.last_name, self.email, self.preferred or first or ""
        )
        row |= {
            "email_key": people.email_key(self.email),
            "language": self.language,
            "known_since": self.known_since,
            "preferred_e164": self.preferred,
        }
        return row

    def words(self) -> set[str]:
        """Return the words the person is found by."""
        found = set(people.search_words(f"{self.first_name} {self.last_name}"))
        if self.email:
            found.add(people.fold(self.email)[:100])
        for line in self.lines:
            if line.reading.e164:
                found.update(number_rules.words(line.reading.e164))
        return found


def hold(tenant: Tenant, change: int = 0) -> None:
    """Take the account's place as the one who writes its book, and count the change."""
    insert_ = (sqlite if is_sqlite() else postgresql).insert(ContactCount)
    db.session.execute(
        insert_.values(
            account_id=tenant.account_id, organization_id=tenant.organization_id, contacts=0
        ).on_conflict_do_nothing()
    )
    db.session.execute(
        update(ContactCount)
        .where(owned(tenant, ContactCount))
        .values(contacts=ContactCount.contacts + change)
        .execution_options(synchronize_session=False)
    )


def add(tenant: Tenant, persons: Sequence[Person], import_id: UUID | None = None) -> None:
    """Write new contacts with their numbers, words and tags, and count them."""
    if not persons:
        return
    now = utcnow()
    own = _own(tenant)
    rows = [
        {
            "id": p.id,
            **own,
            **p.columns(),
            "import_id": import_id,
            "created_at": now,
            "updated_at": now,
        }
        for p in persons
    ]
    insert_rows(_table(Contact), rows)
    add_numbers(tenant, [(p, 0, p.lines) for p in persons])
    _insert(
        ContactWord, [{**own, "contact_id": p.id, "word": w} for p in persons for w in p.words()]
    )
    tag(tenant, {p.id: p.tags for p in persons if p.tags})
    hold(tenant, len(persons))


def change(tenant: Tenant, persons: Sequence[Person]) -> None:
    """Write changed contacts and the words they are found by."""
    if not persons:
        return
    own = _own(tenant)
    contact = _table(Contact)
    names = list(persons[0].columns())
    db.session.execute(
        update(contact)
        .where(
            contact.c.id == bindparam("_id"),
            contact.c.account_id == tenant.account_id,
            contact.c.organization_id == tenant.organization_id,
        )
        .values({name: bindparam(f"_{name}") for name in [*names, "updated_at"]}),
        [
            {"_id": p.id, "_updated_at": utcnow(), **{f"_{k}": v for k, v in p.columns().items()}}
            for p in persons
        ],
    )
    _delete(tenant, ContactWord, [p.id for p in persons])
    _insert(
        ContactWord, [{**own, "contact_id": p.id, "word": w} for p in persons for w in p.words()]
    )


def add_numbers(tenant: Tenant, groups: Iterable[tuple[Person, int, Sequence[Line]]]) -> None:
    """Write numbers of contacts, each from a position on; the preferred one is the person's."""
    own = _own(tenant)
    _insert(
        ContactNumber,
        [
            {
                "id": line.id,
                **own,
                "contact_id": person.id,
                "position": start + place,
                "e164": line.reading.e164,
                "raw": line.reading.raw,
                "label": line.label[:40],
                "kind": line.reading.kind,
                "region": line.reading.region,
                "is_preferred": person.preferred is not None
                and line.reading.e164 == person.preferred,
                "is_verified": line.reading.is_verified,
                "problem": line.reading.problem,
            }
            for person, start, lines in groups
            for place, line in enumerate(lines)
        ],
    )


def prefer(tenant: Tenant, persons: Sequence[Person]) -> None:
    """Mark the preferred number of contacts that had none."""
    for person in persons:
        db.session.execute(
            update(ContactNumber)
            .where(owned(tenant, ContactNumber), ContactNumber.contact_id == person.id)
            .values(is_preferred=func.coalesce(ContactNumber.e164 == person.preferred, false()))
            .execution_options(synchronize_session=False)
        )


def drop_numbers(tenant: Tenant, contact_id: UUID) -> None:
    """Remove a contact's numbers, before they are written anew; their lock rows stay."""
    _delete(tenant, ContactNumber, [contact_id])


def tag(tenant: Tenant, wanted: Mapping[UUID, Sequence[str]]) -> int:
    """Put tags on contacts, making those that are new; return how many were not there before."""
    names = {people.tag_key(name): name for tags in wanted.values() for name in tags}
    ids = tag_ids(tenant, names)
    rows = [
        {**_own(tenant), "contact_id": contact_id, "tag_id": ids[people.tag_key(name)]}
        for contact_id, tags in wanted.items()
        for name in dict.fromkeys(tags)
    ]
    unique = {(row["contact_id"], row["tag_id"]): row for row in rows}
    made = _insert_new(ContactTag, list(unique.values()), ContactTag.contact_id, ContactTag.tag_id)
    told = {id_: names[key] for key, id_ in ids.items()}
    fresh: dict[UUID, list[str]] = {}
    for row in made:
        fresh.setdefault(row.contact_id, []).append(told[row.tag_id])
    if fresh:
        happenings.TAGGED.tell(tenant, fresh)
    return len(made)


def tag_ids(tenant: Tenant, names: Mapping[str, str]) -> dict[str, UUID]:
    """Return the ids of tags by key, making those that are missing."""
    if not names:
        return {}
    rows = [{"id": uuid4(), **_own(tenant), "key": k, "name": names[k]} for k in sorted(names)]
    _insert_new(Tag, rows, Tag.id)
    found = db.session.execute(
        select(Tag.key, Tag.id).where(owned(tenant, Tag), Tag.key.in_(list(names)))
    )
    return {key: id_ for key, id_ in found}  # noqa: C416 (rows are not pairs to mypy)


def untag(tenant: Tenant, contact_ids: Sequence[UUID], names: Sequence[str]) -> int:
    """Take tags off contacts; return how many were there."""
    keys = [people.tag_key(name) for name in names]
    gone = db.session.scalars(
        delete(ContactTag)
        .where(
            owned(tenant, ContactTag),
            ContactTag.contact_id.in_(contact_ids),
            ContactTag.tag_id.in_(select(Tag.id).where(owned(tenant, Tag), Tag.key.in_(keys))),
        )
        .returning(ContactTag.contact_id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def note(tenant: Tenant, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write notes (contact_id, body, author_id, author, dedupe_key), each key once a contact."""
    now = utcnow()
    full = [{"id": uuid4(), **_own(tenant), "created_at": now, **row} for row in rows]
    _insert_new(Note, full, Note.id)


def lock_for_removal(tenant: Tenant, ids: Sequence[UUID]) -> None:
    """Lock what goes with contacts or changes with them, in the order of RULINGS 6.

    Their texts forget whose they were, which the database sees to; it would lock them as it
    comes upon them, and so wait in a circle with who sends, pauses or cancels at that moment.
    """
    if is_sqlite():  # the unit of work holds the one lock there is
        happenings.REMOVING.tell(tenant, ids)
        return
    e164s = [
        e164
        for start in range(0, len(ids), _CHUNK)
        for e164 in db.session.scalars(
            select(ContactNumber.e164)
            .where(
                owned(tenant, ContactNumber),
                ContactNumber.contact_id.in_(ids[start : start + _CHUNK]),
                ContactNumber.e164.is_not(None),
            )
            .distinct()
        )
        if e164 is not None
    ]
    e164s.sort()
    for start in range(0, len(e164s), _CHUNK):
        lock_known(tenant.organization_id, e164s[start : start + _CHUNK])
    happenings.REMOVING.tell(tenant, ids)  # before the texts: it locks what asked for them
    lock_referring(_table(Contact), ids)


def remove(tenant: Tenant, ids: Sequence[UUID]) -> int:
    """Delete contacts with all that hangs on them; lock rows and opt-outs of numbers stay (K-7)."""
    for model in (ContactNumber, ContactWord, ContactTag, Note):
        _delete(tenant, model, ids)
    gone = db.session.scalars(
        delete(Contact)
        .where(owned(tenant, Contact), Contact.id.in_(ids))
        .returning(Contact.id)
        .execution_options(synchronize_session=False)
    ).all()
    hold(tenant, -len(gone))
    return len(gone)


def _own(tenant: Tenant) -> dict[str, UUID | None]:
    return {"organization_id": tenant.organization_id, "account_id": tenant.account_id}


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def _insert(model: type[Base], rows: list[dict[str, Any]]) -> None:
    insert_rows(_table(model), rows)


def _insert_new(model: type[Base], rows: list[dict[str, Any]], *key: Any) -> Sequence[Row[Any]]:
    """Insert rows that are not there yet; return the keys of those that were not."""
    if not rows:
        return []
    statement = (sqlite if is_sqlite() else postgresql).insert(_table(model))
    return db.session.execute(statement.on_conflict_do_nothing().returning(*key), rows).all()


def _delete(tenant: Tenant, model: Any, ids: Sequence[UUID]) -> None:
    """Delete rows of contacts; with the account at them SQLite would walk through all it has."""
    mine = select(Contact.id).where(owned(tenant, Contact), Contact.id.in_(ids))
    db.session.execute(
        delete(model).where(model.contact_id.in_(mine)).execution_options(synchronize_session=False)
    )
