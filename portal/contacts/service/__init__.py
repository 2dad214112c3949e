"""The verbs of the address book; the import has a module of its own, `importing`."""

from portal.contacts.service.numbers import (
    keep_numbers,
    lock_known,
    lock_numbers,
    mark_reachable,
    mark_unreachable,
)
from portal.contacts.service.people import (
    add_note,
    create_contact,
    delete_contacts,
    edit_contact,
    ensure_lead,
    keep_selection,
    tag_contacts,
    untag_contacts,
)

__all__ = [
    "add_note",
    "create_contact",
    "delete_contacts",
    "edit_contact",
    "ensure_lead",
    "keep_numbers",
    "keep_selection",
    "lock_known",
    "lock_numbers",
    "mark_reachable",
    "mark_unreachable",
    "tag_contacts",
    "untag_contacts",
]
