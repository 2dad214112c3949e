"""One person from another program: added, or merged by the rules of an import (K-1, K-7)."""

from portal.contacts import queries
from portal.contacts.errors import NobodyNamed, SourceRefused
from portal.contacts.rules.people import MAX_TAGS
from portal.contacts.service import book, happenings
from portal.contacts.service.book import MAX_NUMBERS
from portal.contacts.service.merging import Changes, Index, enter, is_other_name, merge
from portal.contacts.service.numbers import keep_numbers
from portal.contacts.service.people import person_of, readings_of
from portal.contacts.values import ConsentSource, ContactDetails, ContactRef
from portal.core import audit
from portal.core.audit import Actor
from portal.core.ids import growing_id
from portal.core.tenancy import Tenant

_WAYS = {"api": "the API", "optin": "an opt-in form"}


def join_contact(
    tenant: Tenant,
    details: ContactDetails,
    source: ConsentSource,
    *,
    actor: Actor,
    through: str = "api",
) -> tuple[ContactRef, bool]:
    """Add a person or merge them into the one they are; return them, and whether they are new.

    What is known stays: only what is empty is filled, numbers and tags are added, and another
    name is kept as a note. Raises SourceRefused, NumberRefused, NobodyNamed or BadInput, having
    changed nothing.
    """
    if source.is_refused:
        raise SourceRefused(
            "Consent can't be bought or lent: people from a bought list, public records or "
            "another company are not taken in."
        )
    readings = readings_of(details.numbers[:MAX_NUMBERS], ())
    keep_numbers(tenant.organization_id, readings)
    book.hold(tenant)
    person = person_of(details, readings, growing_id())
    person.tags = person.tags[:MAX_TAGS]
    if not person.email and not person.lines:
        raise NobodyNamed("Give a phone number or an e-mail address.")
    index, changes = Index(), Changes()
    index.load(tenant, [person], dry=False)
    known = index.find(person)
    entry = known or enter(index, person, None, changes)
    if known is not None:
        if is_other_name(known, person):
            changes.alias(known, person, f"given through {_WAYS[through]} as {{told}}")
        merge(index, known, person, changes)
    changes.write(tenant, actor)
    assert entry.id is not None  # it is in the book
    audit.record(
        f"contacts:contact:{'merge' if known else 'create'}",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=entry.id,
        source=through,
        consent_source=source.value,
    )
    if known is None:
        happenings.CAME.tell(tenant, entry.id)
    return queries.get_or_404(tenant, entry.id), known is None
