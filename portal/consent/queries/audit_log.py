"""The audit log as people read it (M-4)."""

from uuid import UUID

from sqlalchemy import select

from portal.consent.rules import audit_words
from portal.consent.values import AuditPage, AuditRow
from portal.core.audit import AuditEntry, AuditHead
from portal.core.db import db


def audit_page(organization_id: UUID, *, before: int | None = None, limit: int = 50) -> AuditPage:
    """Return a page of an organization's chain, newest first."""
    found = select(AuditEntry).where(AuditEntry.chain == organization_id)
    if before is not None:
        found = found.where(AuditEntry.position < before)
    rows = list(db.session.scalars(found.order_by(AuditEntry.position.desc()).limit(limit + 1)))
    length = db.session.scalar(select(AuditHead.position).where(AuditHead.chain == organization_id))
    shown = tuple(_row(entry) for entry in rows[:limit])
    return AuditPage(shown, shown[-1].position if len(rows) > limit else None, length or 0)


def _row(entry: AuditEntry) -> AuditRow:
    return AuditRow(
        entry.position,
        entry.event,
        audit_words.words(entry.event),
        entry.at,
        entry.actor_label,
        entry.origin,
        entry.account_id,
        entry.subject_id,
        audit_words.facts(entry.payload),
        entry.hash,
        entry.previous,
    )
