"""Reads of texts being written."""

from uuid import UUID

from sqlalchemy import select

from portal.contacts import queries as contacts
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import TextDraft
from portal.messaging.values import DraftRef, Recipient


def draft(tenant: Tenant, draft_id: UUID, author_id: UUID) -> DraftRef:
    """Return a person's own draft. Raises NotFound."""
    row = db.session.scalar(
        select(TextDraft).where(
            owned(tenant, TextDraft), TextDraft.id == draft_id, TextDraft.author_id == author_id
        )
    )
    if row is None:
        raise NotFound("This text is no longer here. It may have been sent or thrown away.")
    return DraftRef(
        id=row.id,
        account_id=row.account_id,
        author_id=row.author_id,
        body=row.body,
        contact_ids=tuple(UUID(id_) for id_ in row.contact_ids),
        numbers={UUID(contact): UUID(number) for contact, number in row.numbers.items()},
        name=row.name,
        options=dict(row.options),
        nonce=row.nonce,
        updated_at=row.updated_at,
    )


def draft_recipients(tenant: Tenant, written: DraftRef) -> list[Recipient]:
    """Return whom a draft is for, each with the number chosen or preferred (K-2)."""
    found = contacts.by_ids(tenant, written.contact_ids)
    return [
        Recipient(
            contact,
            next(
                (n for n in contact.numbers if n.id == written.numbers.get(contact.id)),
                contact.preferred or (contact.numbers[0] if contact.numbers else None),
            ),
        )
        for contact in found
    ]
