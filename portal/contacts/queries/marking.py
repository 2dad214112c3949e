"""Marks beside a contact: what its number says, and what slices above know (K-3)."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from portal.contacts.values import ContactRef, Mark
from portal.core.tenancy import Tenant

MarkSource = Callable[[Tenant, Sequence[str]], Mapping[str, Sequence[Mark]]]
_mark_sources: list[MarkSource] = []


def add_mark_source(source: MarkSource) -> None:
    """Have marks by number from a slice above: opted out, no consent, quiet hours."""
    if source not in _mark_sources:
        _mark_sources.append(source)


def marks(tenant: Tenant, contacts: Sequence[ContactRef]) -> dict[UUID, list[Mark]]:
    """Return the marks of each contact, those of its number first, by the number texts go to."""
    texted = {c.id: number for c in contacts if (number := c.preferred) and number.e164}
    e164s = [str(number.e164) for number in texted.values()]
    told = [source(tenant, e164s) for source in _mark_sources] if e164s else []
    found: dict[UUID, list[Mark]] = {}
    for contact in contacts:
        number = texted.get(contact.id)
        own = [number_mark(contact)]
        above = [m for t in told for m in t.get(str(number.e164), ())] if number else []
        found[contact.id] = [mark for mark in own if mark] + list(above)
    return found


def number_mark(contact: ContactRef) -> Mark | None:
    """Return what the number itself says: N/A with its reason, or a globe; else nothing."""
    number = contact.preferred
    if number is None or not number.is_textable:
        shown = number or (contact.numbers[0] if contact.numbers else None)
        why = shown.why if shown else "There is no phone number. Edit the contact to add one."
        return Mark("no_number", "alert", "N/A", why, "bad")
    if number.is_international:
        why = "International number: 2 credits a text, media nothing extra."
        return Mark("international", "globe", "International", why, "warn")
    return None
