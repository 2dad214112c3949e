"""Marks beside a contact: what its number says, and what slices above know (K-3)."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from portal.contacts.values import ContactRef, Mark
from portal.core.tenancy import Tenant

MarkSource = Callable[[Tenant, Sequence[str]], Mapping[str, Sequence[Mark]]]
NoteSource = Callable[[Tenant, Sequence[str]], Mapping[str, str]]
_mark_sources: list[MarkSource] = []
_note_sources: list[NoteSource] = []


def add_mark_source(source: MarkSource) -> None:
    """Have marks by number from a slice above: opted out, no consent, quiet hours."""
    if source not in _mark_sources:
        _mark_sources.append(source)


def add_note_source(source: NoteSource) -> None:
    """Have an import say something about numbers that a slice above knows: do-not-call lists."""
    if source not in _note_sources:
        _note_sources.append(source)


def import_notes(tenant: Tenant, e164s: Sequence[str]) -> dict[str, str]:
    """Return what slices above have to say of numbers as they are imported."""
    found: dict[str, str] = {}
    for source in _note_sources if e164s else ():
        found |= source(tenant, e164s)
    return found


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
