"""What the list shows of each contact, in words (K-3, K-4)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.contacts.values import ContactRef, Mark
from portal.contacts.views.blueprint import contact_addresses
from portal.core import clock, formats
from portal.core.access import me

_TAGS: Final = 2  # shown beside a contact; the others are counted


class Row(NamedTuple):
    """One contact as the list shows it, every word: the same row is drawn but once (G6)."""

    id: str
    url: str
    name: str
    is_kept: bool  # ticked on another page
    number: str  # as people write it; nothing where none could be read
    entered: str  # what was entered in its place
    others: int  # further numbers
    marks: tuple[Mark, ...]
    tags: tuple[str, ...]
    further_tags: int
    state: str
    source: str
    at: str  # since when the contact is there, as machines read it
    added: str  # and as people do


def rows(
    contacts: Sequence[ContactRef],
    marks: Mapping[UUID, Sequence[Mark]],
    kept: Collection[UUID],
) -> Iterator[Row]:
    """Give the rows of contacts who all belong to one account."""
    if not contacts:
        return
    address = contact_addresses(contacts[0].account_id)
    now = clock.utcnow().astimezone(ZoneInfo(me().timezone))
    for contact in contacts:
        id_, first, last = str(contact.id), contact.first_name, contact.last_name
        texted = contact.preferred or next(iter(contact.numbers), None)
        number = formats.phone(texted.e164) if texted and texted.e164 else ""
        yield Row(
            id=id_,
            url=address(id_),
            name=f"{last}, {first}" if last and first else contact.full_name,
            is_kept=contact.id in kept,
            number=number,
            entered=texted.raw if texted and not number else "",
            others=max(0, len(contact.numbers) - 1),
            marks=tuple(marks[contact.id]),
            tags=contact.tags[:_TAGS],
            further_tags=max(0, len(contact.tags) - _TAGS),
            state=contact.state,
            source=contact.lead_source,
            at=formats.iso(contact.created_at),
            added=formats.since(contact.created_at, now),
        )
