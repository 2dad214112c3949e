"""Telling people apart by number, name and address, and writing what a batch changes (K-1, K-7)."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal.contacts.models import Contact, ContactNumber
from portal.contacts.rules import people
from portal.contacts.rules.numbers import Reading
from portal.contacts.service import book
from portal.contacts.service.book import Line, Person
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.tenancy import Tenant, owned


class Entry:
    """Somebody in the book, as far as matching needs to know; with the person when writing."""

    __slots__ = ("emails", "id", "is_new", "line", "names", "numbers", "person", "preferred")

    def __init__(
        self, line: int | None, names: set[str], emails: set[str], numbers: set[str]
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
        self.numbers: dict[str, list[Entry]] = {}
        self.emails: dict[str, list[Entry]] = {}
        self._loaded: set[UUID] = set()

    def put(self, entry: Entry) -> None:
        """Have an entry found by all it is known by; again after it changed."""
        if entry.preferred:
            self.preferred[entry.preferred] = entry
        for number in entry.numbers:
            held = self.numbers.setdefault(number, [])
            if entry not in held:
                held.append(entry)
        for email in entry.emails:
            held = self.emails.setdefault(email, [])
            if entry not in held:
                held.append(entry)

    def load(self, tenant: Tenant, persons: Sequence[Person], *, dry: bool) -> None:
        """Put everybody of the book whom these could mean into the index."""
        numbers = {str(x.reading.e164) for p in persons for x in p.lines if x.reading.e164}
        emails = {people.email_key(p.email) for p in persons if p.email}
        by_number = select(ContactNumber.contact_id).where(
            owned(tenant, ContactNumber), ContactNumber.e164.in_(numbers)
        )
        by_email = select(Contact.id).where(owned(tenant, Contact), Contact.email_key.in_(emails))
        ids = {*db.session.scalars(by_number), *db.session.scalars(by_email)} - self._loaded
        self._loaded |= ids
        for held in held_by(tenant, ids):
            entry = entry_of(held, None)
            entry.id = held.id
            entry.person = None if dry else held
            self.put(entry)

    def find(self, person: Person) -> Entry | None:
        """Return who a row is about, or None when nobody is that yet."""
        name = people.fold(f"{person.first_name} {person.last_name}")
        email = people.email_key(person.email)
        if person.preferred and person.preferred in self.preferred:
            return self.preferred[person.preferred]
        for line in person.lines:
            for entry in self.numbers.get(line.reading.e164 or "", ()):
                if entry.agrees(name, email):
                    return entry
        for entry in self.emails.get(email, ()) if email else ():
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
    entry.numbers.update(str(line.reading.e164) for line in fresh)
    if person.email:
        entry.emails.add(people.email_key(person.email))
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
    numbers = {str(x.reading.e164) for x in person.lines if x.reading.e164}
    entry = Entry(line, {name} - {""}, {email} - {""}, numbers)
    entry.preferred = person.preferred
    return entry


def held_by(tenant: Tenant, ids: Iterable[UUID]) -> list[Person]:
    """Return contacts of the book as persons, oldest first."""
    wanted = list(ids)
    held: dict[UUID, Person] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        for c in db.session.execute(
            select(
                Contact.id, Contact.first_name, Contact.last_name, Contact.email, Contact.street,
                Contact.city, Contact.state, Contact.zip, Contact.language, Contact.lead_source,
                Contact.known_since, Contact.preferred_e164, Contact.created_at,
            )
            .where(owned(tenant, Contact), Contact.id.in_(part))
            .order_by(Contact.created_at, Contact.id)
        ):  # fmt: skip
            held[c.id] = Person(
                c.first_name, c.last_name, c.email, c.street, c.city, c.state, c.zip, c.language,
                c.lead_source, c.known_since, preferred=c.preferred_e164, id=c.id,
            )  # fmt: skip
        for n in db.session.execute(
            select(ContactNumber.contact_id, ContactNumber.e164, ContactNumber.raw)
            .where(owned(tenant, ContactNumber), ContactNumber.contact_id.in_(part))
            .order_by(ContactNumber.contact_id, ContactNumber.position)
        ):
            held[n.contact_id].lines.append(Line(Reading(n.raw, n.e164)))
    return list(held.values())
