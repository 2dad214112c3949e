"""Telling people apart by number, name and address, and writing what a batch changes (K-1, K-7)."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Row, Table, bindparam, select

from portal.contacts.models import Contact, ContactNumber
from portal.contacts.rules import people
from portal.contacts.rules.numbers import Reading
from portal.contacts.service import book
from portal.contacts.service.book import Line, Person
from portal.core.among import among
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.tenancy import THAT_ONE, Tenant, owned


class Entry:
    """Somebody in the book, as far as matching needs to know; with the person when writing."""

    __slots__ = ("emails", "id", "is_new", "line", "names", "numbers", "person", "preferred")

    def __init__(
        self,
        line: int | None,
        names: tuple[str, ...],
        emails: tuple[str, ...],
        numbers: tuple[str, ...],
    ) -> None:
        self.id: UUID | None = None
        self.line = line
        self.names = names
        self.emails = emails
        self.numbers = numbers
        self.preferred: str | None = None
        self.person: Person | None = None
        self.is_new = False

    def agrees(self, name: str, email: str) -> bool:
        """Say whether the name or the address is the same, and neither speaks against it."""
        if email and email in self.emails:
            return True
        if email and self.emails:
            return False
        return not name or not self.names or name in self.names


class Index:
    """Entries by what finds them."""

    def __init__(self) -> None:
        self.preferred: dict[str, Entry] = {}
        self.numbers: dict[str, tuple[Entry, ...]] = {}
        self.emails: dict[str, tuple[Entry, ...]] = {}
        self._loaded: set[UUID] = set()

    def put(self, entry: Entry) -> None:
        """Have an entry found by all it is known by; again after it changed."""
        if entry.preferred:
            self.preferred[entry.preferred] = entry
        for keys, found in ((entry.numbers, self.numbers), (entry.emails, self.emails)):
            for key in keys:
                held = found.get(key, ())
                if entry not in held:
                    found[key] = (*held, entry)

    def load(self, tenant: Tenant, persons: Sequence[Person], *, dry: bool) -> None:
        """Put everybody of the book whom these could mean into the index."""
        numbers = {str(x.reading.e164) for p in persons for x in p.lines if x.reading.e164}
        emails = {people.email_key(p.email) for p in persons if p.email}
        asked = tenant.named
        ids = {
            *db.session.scalars(_BY_NUMBER, asked | {"numbers": list(numbers)}),
            *db.session.scalars(_BY_EMAIL, asked | {"emails": list(emails)}),
        } - self._loaded
        self._loaded |= ids
        for held in held_by(tenant, ids):
            entry = entry_of(held, None)
            entry.id = held.id
            entry.person = None if dry else held
            self.put(entry)

    def find(self, person: Person) -> Entry | None:
        """Return who a row is about, or None when nobody is that yet."""
        if person.preferred and person.preferred in self.preferred:
            return self.preferred[person.preferred]
        email = people.email_key(person.email)
        by_number = [
            entry
            for line in person.lines
            for entry in self.numbers.get(line.reading.e164 or "", ())
        ]
        by_email = self.emails.get(email, ()) if email else ()
        if not by_number and not by_email:
            return None
        name = people.fold(f"{person.first_name} {person.last_name}")
        for entry in by_number:
            if entry.agrees(name, email):
                return entry
        for entry in by_email:
            is_one = entry.preferred is None or person.preferred is None
            if is_one and (not name or not entry.names or name in entry.names):
                return entry
        return None


class Changes:
    """What a batch writes, gathered while its rows are settled."""

    def __init__(self) -> None:
        self.new: list[Person] = []
        self.preferring: dict[UUID, Person] = {}
        self._changed: dict[UUID, Person] = {}
        self._lines: list[tuple[Person, int, Sequence[Line]]] = []
        self._tags: dict[UUID, list[str]] = {}
        self._notes: list[tuple[Entry, str, str]] = []

    def merged(
        self, person: Person, start: int, lines: Sequence[Line], tags: Sequence[str], changed: bool
    ) -> None:
        """Have a contact of the book written with what a row added."""
        if changed:
            self._changed[person.id] = person
        if lines:
            self._lines.append((person, start, lines))
        if tags:
            self._tags.setdefault(person.id, []).extend(tags)

    def alias(self, entry: Entry, person: Person, where: str) -> None:
        """Have another name for a contact noted, once, with where it came from."""
        name = f"{person.first_name} {person.last_name}".strip()
        told = f"{name}, {person.email}" if person.email else name
        self._notes.append(
            (entry, f"Also {where.format(told=told)}.", f"alias:{people.fold(told)}")
        )

    def note(self, entry: Entry, text: str) -> None:
        """Have a note written, once for each text."""
        if text.strip():
            self._notes.append(
                (entry, text.strip()[:5000], f"text:{hashlib.sha256(text.encode()).hexdigest()}")
            )

    def write(self, tenant: Tenant, actor: Actor, import_id: UUID | None = None) -> None:
        """Write it all, in sets."""
        book.add(tenant, self.new, import_id)
        book.change(tenant, list(self._changed.values()))
        book.add_numbers(tenant, self._lines)
        book.prefer(tenant, list(self.preferring.values()))
        book.tag(tenant, self._tags)
        rows: list[dict[str, Any]] = [
            {
                "contact_id": entry.id,
                "body": body,
                "author_id": actor.id,
                "author": actor.label,
                "dedupe_key": key[:200],
            }
            for entry, body, key in self._notes
        ]
        book.note(tenant, rows)


def is_other_name(entry: Entry, person: Person) -> bool:
    """Say whether a person goes by a name that the entry does not have."""
    name = people.fold(f"{person.first_name} {person.last_name}")
    return bool(name and entry.names and name not in entry.names)


def enter(index: Index, person: Person, line: int | None, changes: Changes | None) -> Entry:
    """Put somebody new into the index, and into the book unless this is a dry run."""
    entry = entry_of(person, line)
    entry.is_new = True
    if changes is not None:
        entry.person = person
        entry.id = person.id
        changes.new.append(person)
    index.put(entry)
    return entry


def merge(index: Index, entry: Entry, person: Person, changes: Changes | None) -> None:
    """Add to an entry what a person brings that is not known there; None: a dry run."""
    fresh = [
        line
        for line in person.lines
        if line.reading.e164 is not None and line.reading.e164 not in entry.numbers
    ]
    entry.numbers = _with(entry.numbers, [str(line.reading.e164) for line in fresh])
    if person.email:
        entry.emails = _with(entry.emails, [people.email_key(person.email)])
    is_first = entry.preferred is None and person.preferred is not None
    if is_first:
        entry.preferred = person.preferred
    index.put(entry)
    if changes is None:
        return
    held = entry.person
    assert held is not None
    held.preferred = entry.preferred
    fresh = fresh[: book.MAX_NUMBERS - len(held.lines)]
    was_filled = held.fill(person)
    start = len(held.lines)
    held.lines += fresh
    new_tags = [t for t in person.tags if t not in held.tags]
    held.tags += new_tags
    if not entry.is_new:
        changes.merged(held, start, fresh, new_tags, was_filled or bool(fresh) or is_first)
        if is_first:
            changes.preferring[held.id] = held


def entry_of(person: Person, line: int | None) -> Entry:
    """Return what matching needs to know of a person."""
    name = people.fold(f"{person.first_name} {person.last_name}")
    email = people.email_key(person.email)
    numbers = _with((), [str(x.reading.e164) for x in person.lines if x.reading.e164])
    entry = Entry(line, (name,) if name else (), (email,) if email else (), numbers)
    entry.preferred = person.preferred
    return entry


def _with(known: tuple[str, ...], more: Iterable[str]) -> tuple[str, ...]:
    """Return these keys and those that are not among them yet.

    A set of one takes four times as much memory, and a dry run remembers everybody (G9).
    """
    return tuple(dict.fromkeys((*known, *more)))


def held_by(tenant: Tenant, ids: Iterable[UUID]) -> list[Person]:
    """Return contacts of the book as persons, oldest first."""
    wanted = list(ids)
    found: list[Row[Any]] = []
    held: dict[UUID, Person] = {}
    for start in range(0, len(wanted), 500):
        asked = {**tenant.named, "ids": wanted[start : start + 500]}
        found += db.session.execute(_HELD, asked).all()
    for c in sorted(found, key=lambda c: (c.created_at, c.id)):
        held[c.id] = Person(
            c.first_name, c.last_name, c.email, c.street, c.city, c.state, c.zip, c.language,
            c.lead_source, c.known_since, preferred=c.preferred_e164, id=c.id,
        )  # fmt: skip
    mine = list(held)
    for start in range(0, len(mine), 500):
        for n in db.session.execute(_NUMBERS_OF, {"ids": mine[start : start + 500]}):
            held[n.contact_id].lines.append(Line(Reading(n.raw, n.e164)))
    return list(held.values())


# Made once, and as SQLite answers them by key: with the organization, or in the order asked for,
# it walks through all the account's contacts and numbers for each of these (G9).
_CONTACT: Final = cast("Table", Contact.__table__)
_NUMBER: Final = cast("Table", ContactNumber.__table__)
_BY_NUMBER: Final = select(_NUMBER.c.contact_id).where(
    owned(THAT_ONE, _NUMBER), among(_NUMBER.c.e164, "numbers")
)
_BY_EMAIL: Final = select(_CONTACT.c.id).where(
    _CONTACT.c.account_id == bindparam("account"), among(_CONTACT.c.email_key, "emails")
)
_HELD: Final = select(
    *(_CONTACT.c[name] for name in (
        "id", "first_name", "last_name", "email", "street", "city", "state", "zip", "language",
        "lead_source", "known_since", "preferred_e164", "created_at",
    ))
).where(owned(THAT_ONE, _CONTACT), among(_CONTACT.c.id, "ids"))  # fmt: skip
_NUMBERS_OF: Final = (
    select(_NUMBER.c.contact_id, _NUMBER.c.e164, _NUMBER.c.raw)
    .where(among(_NUMBER.c.contact_id, "ids"))
    .order_by(_NUMBER.c.contact_id, _NUMBER.c.position)
)
