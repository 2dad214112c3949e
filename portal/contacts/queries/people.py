"""One contact, or some, with their numbers, tags and notes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, select

from portal.contacts.models import (
    Contact,
    ContactNumber,
    ContactTag,
    Note,
    PhoneNumber,
    Tag,
)
from portal.contacts.values import ContactRef, NoteRef, NumberRef, Problem
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned

BATCH: Final = 500


def get_or_404(tenant: Tenant, contact_id: UUID) -> ContactRef:
    """Return a contact of the tenant. Raises NotFound, for strangers too."""
    found = refs(tenant, [contact_id])
    if not found:
        raise NotFound("There is no such contact. It may have been deleted.")
    return found[0]


def by_ids(tenant: Tenant, ids: Sequence[UUID]) -> list[ContactRef]:
    """Return the contacts that exist, in the order of ids."""
    found: list[ContactRef] = []
    for start in range(0, len(ids), BATCH):
        found += refs(tenant, ids[start : start + BATCH])
    return found


def by_numbers(tenant: Tenant, e164s: Iterable[str]) -> dict[str, ContactRef]:
    """Return whom each number stands for: who is texted there, else who has had it longest."""
    wanted = list(dict.fromkeys(e164s))
    holders: dict[str, UUID] = {}
    for start in range(0, len(wanted), BATCH):
        rows = db.session.execute(
            select(ContactNumber.e164, ContactNumber.contact_id)
            .join(Contact, Contact.id == ContactNumber.contact_id)
            .where(
                owned(tenant, ContactNumber),
                ContactNumber.e164.in_(wanted[start : start + BATCH]),
            )
            .order_by(ContactNumber.is_preferred.desc(), Contact.created_at, Contact.id)
        )
        for e164, contact_id in rows:
            holders.setdefault(str(e164), contact_id)
    refs = {ref.id: ref for ref in by_ids(tenant, list(dict.fromkeys(holders.values())))}
    return {e164: refs[id_] for e164, id_ in holders.items() if id_ in refs}


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
    contacts = {
        row.id: row
        for row in db.session.execute(
            select(*_COLUMNS).where(owned(tenant, Contact), Contact.id.in_(ids))
        )
    }
    numbers: dict[UUID, list[NumberRef]] = {}
    for n in db.session.execute(
        select(*_NUMBER_COLUMNS)
        .outerjoin(
            PhoneNumber,
            and_(
                PhoneNumber.organization_id == ContactNumber.organization_id,
                PhoneNumber.e164 == ContactNumber.e164,
            ),
        )
        .where(owned(tenant, ContactNumber), ContactNumber.contact_id.in_(ids))
        .order_by(ContactNumber.is_preferred.desc(), ContactNumber.position)
    ):
        numbers.setdefault(n.contact_id, []).append(_number_ref(n))
    words: dict[UUID, list[str]] = {}
    for contact_id, name in db.session.execute(
        select(ContactTag.contact_id, Tag.name)
        .join(Tag, Tag.id == ContactTag.tag_id)
        .where(owned(tenant, ContactTag), ContactTag.contact_id.in_(ids))
        .order_by(Tag.key)
    ):
        words.setdefault(contact_id, []).append(name)
    return [
        _contact_ref(contacts[id_], words.get(id_, ()), numbers.get(id_, ()))
        for id_ in ids
        if id_ in contacts
    ]


def numbers_known(organization_id: UUID) -> Iterator[str]:
    """Give every number an organization ever met."""
    yield from db.session.scalars(
        select(PhoneNumber.e164).where(PhoneNumber.organization_id == organization_id)
    )


_COLUMNS: Final = (
    Contact.id, Contact.organization_id, Contact.account_id, Contact.first_name, Contact.last_name,
    Contact.email, Contact.street, Contact.city, Contact.state, Contact.zip, Contact.language,
    Contact.lead_source, Contact.known_since, Contact.created_at,
)  # fmt: skip
_NUMBER_COLUMNS: Final = (
    ContactNumber.id, ContactNumber.contact_id, ContactNumber.e164, ContactNumber.raw,
    ContactNumber.label, ContactNumber.kind, ContactNumber.region, ContactNumber.is_preferred,
    ContactNumber.problem, ContactNumber.is_verified, PhoneNumber.unreachable_code,
)  # fmt: skip


def _number_ref(row: Any) -> NumberRef:
    unreachable = row.unreachable_code is not None
    return NumberRef(
        row.id, row.e164, row.raw, row.label, row.kind, row.region, row.is_preferred,
        row.problem or (Problem.UNREACHABLE if unreachable else None), row.is_verified,
        row.unreachable_code,
    )  # fmt: skip


def _contact_ref(row: Any, tags: Sequence[str], numbers: Sequence[NumberRef]) -> ContactRef:
    return ContactRef(**row._mapping, tags=tuple(tags), numbers=tuple(numbers))  # noqa: SLF001 (public, in spite of its name)
