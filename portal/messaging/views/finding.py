"""Finding people for a text: by name, number or tag, or a number nobody has yet."""

from dataclasses import dataclass

from portal.contacts import queries as contacts
from portal.contacts.values import ContactFilter, ContactRef, TagRef
from portal.core import phone
from portal.core.phone import PhoneError
from portal.core.tenancy import Tenant


@dataclass(frozen=True, slots=True)
class Found:
    """What a search for further people brought."""

    find: str
    people: tuple[ContactRef, ...]
    tags: tuple[tuple[TagRef, int], ...]
    new_number: str | None  # nobody has it yet


def search(tenant: Tenant, find: str) -> Found:
    """Return whom a search for further people finds."""
    matching = contacts.page(tenant, ContactFilter(text=find), limit=8).contacts
    tags = [t for t in contacts.tags(tenant) if find.casefold() in t.name.casefold()][:5]
    return Found(
        find,
        matching,
        tuple((t, contacts.count_matching(tenant, ContactFilter(tag=t.name))) for t in tags),
        _new_number(tenant, find),
    )


def _new_number(tenant: Tenant, find: str) -> str | None:
    """Return the number somebody searched for, if it is one and nobody has it."""
    try:
        number = phone.parse(find)
    except PhoneError:
        return None
    is_known = contacts.by_numbers(tenant, [number.e164])
    return number.e164 if number.textable and not is_known else None
