"""People of an address book in their simplest right form."""

import io
from itertools import count

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.service import importing
from portal.contacts.service.contact_import import ContactHandler
from portal.contacts.values import ConsentSource, ContactDetails, NewNumber
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work

_places = count()


def make_contact(account, first_name="Carol", last_name="Diaz", number=None, **details):
    """Return a contact of the account; without a number it gets one nobody has, "" means none."""
    if number is None:
        # Of an exchange that no test names: whose turn it is depends on what ran before.
        place = next(_places)
        number = f"+1312551{place % 10_000:04d}" if place < 10_000 else f"+1773{place:07d}"
    numbers = details.pop("numbers", None)
    if numbers is None:
        numbers = (NewNumber(number),) if number else ()
    given = ContactDetails(first_name, last_name, numbers=numbers, **details)
    with unit_of_work():
        return contacts.create_contact(account.tenant, given, actor=SYSTEM)


def make_unreadable_contact(account, raw="call office", **names):
    """Return a contact with an e-mail address and a number nobody can read, as an import keeps it."""
    first, last = names.get("first_name", "Nora"), names.get("last_name", "Quinn")
    email = f"{first}.{last}@example.com".lower()
    import_file(account, f"First name,Last name,E-mail,Phone\n{first},{last},{email},{raw}\n")
    [found] = [
        c
        for batch in queries.selected(
            account.tenant,
            queries.selection_of(account.tenant, {"all_matching": ["1"], "q": [email]}),
        )
        for c in batch
    ]
    return found


def upload(account, content, name="people.csv", handler=None, actor=SYSTEM):
    """Return the import of a file, its columns matched as guessed."""
    data = content.encode() if isinstance(content, str) else content
    with unit_of_work():
        return importing.receive(
            account.tenant, handler or ContactHandler(), name, io.BytesIO(data), actor=actor
        )


def check(account, import_, handler=None, mapping=None, **options):
    """Do the dry run and return the import."""
    handler = handler or ContactHandler()
    with unit_of_work():
        importing.match_columns(
            account.tenant,
            import_.id,
            handler,
            mapping or import_.mapping,
            consent_source=ConsentSource.NONE_YET,
            options=options,
            actor=SYSTEM,
        )
    return go_on(import_, handler)


def go_on(import_, handler=None):
    """Run what the import waits for to its end and return the import."""
    run = importing.start_run(import_.id, handler or ContactHandler())
    while run.more():
        with unit_of_work():
            run.step()
    return queries.import_or_404(import_.tenant, import_.id)


def import_file(account, content, name="people.csv", handler=None, mapping=None, **options):
    """Take a file all the way in and return the import."""
    import_ = check(account, upload(account, content, name, handler), handler, mapping, **options)
    with unit_of_work():
        importing.confirm(account.tenant, import_.id, actor=SYSTEM, in_job=False)
    return go_on(import_, handler)


def many(count):
    """Return a file of people whose numbers follow each other."""
    return "Name,Phone\n" + "".join(f"Ann Lee{i},312555{i:04d}\n" for i in range(count))
