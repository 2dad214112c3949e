"""What a person does with contacts: add, edit, tag, note, delete (K-2, K-4, K-5, K-6)."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.contacts import queries
from portal.contacts.errors import NobodyNamed, NumberRefused, NumberTaken
from portal.contacts.models import Contact, KeptSelection
from portal.contacts.rules import people as people_rules
from portal.contacts.rules.cells import tidy
from portal.contacts.rules.numbers import Reading, read
from portal.contacts.service import book
from portal.contacts.service.book import Line, Person
from portal.contacts.service.numbers import keep_numbers, lock_numbers
from portal.contacts.values import ContactDetails, ContactRef, NewNumber, Selection
from portal.core import audit, phone
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.errors import BadInput
from portal.core.ids import growing_id
from portal.core.tenancy import Tenant, owned

LEAD_SOURCE = "text message"
MAX_NOTE = 5_000


def create_contact(tenant: Tenant, details: ContactDetails, *, actor: Actor) -> ContactRef:
    """Add a person.

    Raises NumberRefused, NumberTaken or NobodyNamed, having changed nothing.
    """
    readings = readings_of(details.numbers, ())
    keep_numbers(tenant.organization_id, readings)
    book.hold(tenant)
    person = person_of(details, readings, growing_id())
    _refuse_taken(tenant, person, readings)
    book.add(tenant, [person])
    _record("create", tenant, person.id, actor, source="form")
    return queries.get_or_404(tenant, person.id)


def edit_contact(
    tenant: Tenant, contact_id: UUID, details: ContactDetails, *, actor: Actor
) -> ContactRef:
    """Change a person to what was entered; a number left as it was may stay unreadable.

    Raises NotFound, NumberRefused, NumberTaken or NobodyNamed, having changed nothing.
    """
    before = queries.get_or_404(tenant, contact_id)
    readings = readings_of(details.numbers, tuple(number.raw for number in before.numbers))
    keep_numbers(tenant.organization_id, readings)
    book.hold(tenant)
    person = person_of(details, readings, contact_id)
    _refuse_taken(tenant, person, readings)
    book.change(tenant, [person])
    book.drop_numbers(tenant, contact_id)
    book.add_numbers(tenant, [(person, 0, person.lines)])
    stay = {people_rules.tag_key(name) for name in person.tags}
    book.untag(
        tenant, [contact_id], [t for t in before.tags if people_rules.tag_key(t) not in stay]
    )
    book.tag(tenant, {contact_id: person.tags})
    after = queries.get_or_404(tenant, contact_id)
    _record("edit", tenant, contact_id, actor, fields=_changed(before, after))
    return after


def delete_contacts(tenant: Tenant, selection: Selection, *, actor: Actor) -> int:
    """Delete everybody in a selection; opt-outs stay, being the number's own (K-7)."""
    batches = list(queries.selected_ids(tenant, selection))
    book.lock_for_removal(tenant, [id_ for ids in batches for id_ in ids])
    gone = sum(book.remove(tenant, ids) for ids in batches)
    if gone:
        _record("delete", tenant, None, actor, count=gone, selection=_told(selection))
    return gone


def tag_contacts(tenant: Tenant, selection: Selection, text: str, *, actor: Actor) -> int:
    """Put the tags in text on everybody in a selection; return how many people there are."""
    names = _tags(text)
    total = 0
    for ids in queries.selected_ids(tenant, selection):
        book.tag(tenant, dict.fromkeys(ids, names))
        total += len(ids)
    if total:
        _record("tag", tenant, None, actor, count=total, tags=names, selection=_told(selection))
    return total


def untag_contacts(tenant: Tenant, selection: Selection, text: str, *, actor: Actor) -> int:
    """Take the tags in text off everybody in a selection; return how many had one."""
    names = _tags(text)
    total = 0
    for ids in queries.selected_ids(tenant, selection):
        total += book.untag(tenant, ids, names)
    if total:
        _record("untag", tenant, None, actor, count=total, tags=names, selection=_told(selection))
    return total


def add_note(tenant: Tenant, contact_id: UUID, text: str, *, actor: Actor) -> None:
    """Write something down about a contact (K-5). Raises NotFound or BadInput."""
    queries.get_or_404(tenant, contact_id)
    body = text.replace("\0", "").strip()
    if not body:
        raise BadInput("Note: write something first.")
    if len(body) > MAX_NOTE:
        raise BadInput(f"Note: keep it to {MAX_NOTE:,} characters; this has {len(body):,}.")
    row = {"contact_id": contact_id, "body": body, "author_id": actor.id, "author": actor.label}
    book.note(tenant, [row | {"dedupe_key": None}])
    _record("note", tenant, contact_id, actor)


def ensure_lead(tenant: Tenant, e164: str, actor: Actor) -> ContactRef:
    """Return who has this number, making a lead named by the number where nobody has (K-6)."""
    lock_numbers(tenant.organization_id, [e164])
    known = queries.by_numbers(tenant, [e164]).get(e164)
    if known:
        return known
    book.hold(tenant)
    reading = read(e164)
    if reading.e164 is None:  # a short code writes: nobody can answer it, but it is kept
        known = queries.by_unread_number(tenant, e164[:100])
        if known:
            return known
        reading = Reading(e164[:100], None, problem=reading.problem, is_verified=False)
    person = Person(
        first_name=phone.show(e164),
        lead_source=LEAD_SOURCE,
        lines=[Line(reading)],
        preferred=reading.e164 if reading.is_textable else None,
    )
    book.add(tenant, [person])
    _record("lead", tenant, person.id, actor)
    return queries.get_or_404(tenant, person.id)


def keep_selection(
    tenant: Tenant, user_id: UUID, selection: Selection, selection_id: UUID | None = None
) -> UUID:
    """Keep the people ticked so far for the next page of the list, and return its id (K-4)."""
    ids = [str(id_) for id_ in selection.ids]
    if selection_id is None:
        selection_id = uuid4()
    insert = (sqlite if is_sqlite() else postgresql).insert(KeptSelection)
    db.session.execute(
        insert.values(
            id=selection_id,
            organization_id=tenant.organization_id,
            account_id=tenant.account_id,
            user_id=user_id,
            contact_ids=ids,
            updated_at=utcnow(),
        ).on_conflict_do_nothing()
    )
    db.session.execute(
        update(KeptSelection)
        .where(
            owned(tenant, KeptSelection),
            KeptSelection.id == selection_id,
            KeptSelection.user_id == user_id,
        )
        .values(contact_ids=ids, updated_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    return selection_id


def readings_of(numbers: Sequence[NewNumber], known: Sequence[str]) -> list[Reading]:
    """Read written numbers; `known` may stay unreadable. Raises NumberRefused."""
    found = []
    for place, number in enumerate(numbers):
        reading = read(number.raw)
        if reading.e164 is None and reading.raw not in known:
            raise NumberRefused(reading.why, place)
        found.append(reading)
    return found


def person_of(details: ContactDetails, readings: Sequence[Reading], id_: UUID) -> Person:
    """Return what was entered as a person of the book. Raises BadInput or NobodyNamed."""
    lines: dict[str, Line] = {}
    for number, reading in zip(details.numbers, readings, strict=True):
        lines.setdefault(
            reading.e164 or reading.raw, Line(reading, people_rules.line_label(number.label))
        )
    chosen = [
        reading.e164
        for number, reading in zip(details.numbers, readings, strict=True)
        if number.is_preferred and reading.is_textable
    ]
    others = [line.reading.e164 for line in lines.values() if line.reading.is_textable]
    email = tidy(details.email)
    if email and not people_rules.is_email(email):
        raise BadInput("E-mail: write it like name@example.com.")
    person = Person(
        first_name=tidy(details.first_name),
        last_name=tidy(details.last_name),
        email=email,
        street=people_rules.said(details.street),
        city=people_rules.said(details.city),
        state=people_rules.state_code(people_rules.said(details.state)),
        zip=people_rules.said(details.zip),
        language=details.language,
        lead_source=people_rules.said(details.lead_source),
        known_since=details.known_since,
        tags=people_rules.split_tags(";".join(details.tags)),
        lines=list(lines.values()),
        preferred=next(iter([*chosen, *others]), None),
        id=id_,
    )
    if not (person.first_name or person.last_name or person.email or person.lines):
        raise NobodyNamed("Write a name, an e-mail address or a phone number.")
    return person


def _refuse_taken(tenant: Tenant, person: Person, readings: Sequence[Reading]) -> None:
    if person.preferred is None:
        return
    other = db.session.scalar(
        select(Contact.id).where(
            owned(tenant, Contact),
            Contact.preferred_e164 == person.preferred,
            Contact.id != person.id,
        )
    )
    if other is None:
        return
    place = next(i for i, reading in enumerate(readings) if reading.e164 == person.preferred)
    raise NumberTaken(
        f"{phone.show(person.preferred)} is the number of "
        f"{queries.get_or_404(tenant, other).full_name} already. Open that contact, or enter "
        "another number.",
        place,
        other,
    )


def _tags(text: str) -> list[str]:
    names = people_rules.split_tags(text)
    if not names:
        raise BadInput("Tag: write at least one, such as open house.")
    if len(names) > people_rules.MAX_TAGS:
        raise BadInput(f"Tag: {people_rules.MAX_TAGS} at once are the most.")
    return names


def _changed(before: ContactRef, after: ContactRef) -> list[str]:
    names = [
        "first_name",
        "last_name",
        "email",
        "street",
        "city",
        "state",
        "zip",
        "language",
        "lead_source",
        "known_since",
        "tags",
    ]
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    had, has = (
        [(n.e164 or n.raw, n.label, n.is_preferred) for n in ref.numbers] for ref in (before, after)
    )
    return [*changed, *(["numbers"] if had != has else [])]


def _told(selection: Selection) -> object:
    """Return a selection for the audit log: the filter, or how many were picked."""
    if selection.matching is not None:
        return selection.to_json()
    return {"picked": len(selection.ids)}


def _record(
    verb: str, tenant: Tenant, contact_id: UUID | None, actor: Actor, **payload: object
) -> None:
    audit.record(
        f"contacts:contact:{verb}",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=contact_id,
        **payload,
    )
