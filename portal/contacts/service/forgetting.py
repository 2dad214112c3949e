"""Taking people and their files out of the address book (C-10)."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import and_, select

from portal.contacts.models import Contact, ContactNumber, Import, ImportFinding
from portal.contacts.service import book, reading
from portal.core.db import after_commit, db
from portal.core.erasing import wipe
from portal.core.tenancy import Tenant


def contacts_with(organization_id: UUID, e164: str) -> list[tuple[UUID, UUID]]:
    """Return who has a number, in any account: account and contact."""
    rows = db.session.execute(
        select(ContactNumber.account_id, ContactNumber.contact_id)
        .where(ContactNumber.organization_id == organization_id, ContactNumber.e164 == e164)
        .distinct()
    )
    return [(row.account_id, row.contact_id) for row in rows]


def remove_people(organization_id: UUID, people: Iterable[tuple[UUID, UUID]]) -> int:
    """Remove contacts of any account with their notes, tags and numbers; return how many."""
    chosen = list(people)
    book.lock_for_removal(Tenant(organization_id), [contact_id for _, contact_id in chosen])
    return sum(
        book.remove(Tenant(organization_id, account_id), [contact_id])
        for account_id, contact_id in chosen
    )


def imports_that_brought(organization_id: UUID, contact_ids: Iterable[UUID]) -> list[UUID]:
    """Return the imports that brought these contacts."""
    return [
        id_
        for id_ in db.session.scalars(
            select(Contact.import_id)
            .where(Contact.organization_id == organization_id, Contact.id.in_(list(contact_ids)))
            .distinct()
        )
        if id_ is not None
    ]


def finished_imports(organization_id: UUID, *, before: datetime) -> list[UUID]:
    """Return imports that ended before then and whose file is still kept."""
    return list(
        db.session.scalars(
            select(Import.id).where(
                Import.organization_id == organization_id,
                Import.finished_at < before,
                Import.stored_name != "",
            )
        )
    )


def remove_files(organization_id: UUID, import_ids: Iterable[UUID], *, is_dry: bool) -> int:
    """Remove uploaded files, and what pages showed of their rows; counts of the import stay.

    An import that still runs keeps its file. Returns how many files went.
    """
    chosen = and_(
        Import.organization_id == organization_id,
        Import.id.in_(list(import_ids)),
        Import.finished_at.is_not(None),
        Import.stored_name != "",
    )
    found = db.session.execute(select(Import.id, Import.stored_name).where(chosen)).all()
    if is_dry or not found:
        return len(found)
    ids = [row.id for row in found]
    wipe(ImportFinding, ImportFinding.import_id.in_(ids), None, is_dry=False)
    wipe(Import, Import.id.in_(ids), {"stored_name": "", "samples": []}, is_dry=False)
    for row in found:
        after_commit(partial(reading.remove, row.stored_name))
    return len(found)
