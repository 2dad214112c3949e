"""The organization's own do-not-contact list: nobody of it texts these numbers."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from portal.consent.models import DoNotContact
from portal.consent.service.keeping import usable
from portal.contacts import service as contacts
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.errors import BadInput


def add_do_not_contact(organization_id: UUID, e164: str, *, reason: str, actor: Actor) -> bool:
    """Put a number on the list; say whether it is new there."""
    e164 = usable(e164)
    if not reason.strip():
        raise BadInput("Say why nobody should text this number.")
    contacts.lock_numbers(organization_id, [e164])
    insert = (sqlite if is_sqlite() else postgresql).insert(DoNotContact)
    added = db.session.scalar(
        insert.values(
            organization_id=organization_id,
            e164=e164,
            reason=reason.strip()[:300],
            added_at=utcnow(),
            added_by_id=actor.id,
            added_by=actor.label[:200],
        )
        .on_conflict_do_nothing()
        .returning(DoNotContact.e164)
    )
    if added is None:
        return False
    audit.record(
        "consent:do-not-contact:add",
        actor=actor,
        organization_id=organization_id,
        phone=e164,
        reason=reason.strip()[:300],
    )
    return True


def remove_do_not_contact(organization_id: UUID, e164: str, *, actor: Actor) -> bool:
    """Take a number off the list; say whether it was there. Its opt-out, if any, stays."""
    e164 = usable(e164)
    contacts.lock_numbers(organization_id, [e164])
    removed = db.session.scalar(
        delete(DoNotContact)
        .where(DoNotContact.organization_id == organization_id, DoNotContact.e164 == e164)
        .returning(DoNotContact.e164)
    )
    if removed is None:
        return False
    audit.record(
        "consent:do-not-contact:remove",
        actor=actor,
        organization_id=organization_id,
        phone=e164,
    )
    return True
