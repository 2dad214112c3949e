"""The history of consent: records by number, by account, and their place in the chain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select

from portal.consent.models import ConsentRecord
from portal.consent.rules.facts import fold, sha256_of_all
from portal.consent.values import Evidence, MessageKind, RecordFilter, RecordPage, RecordRef
from portal.contacts.rules.numbers import read
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.core.tenancy import Tenant, owned


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a record stands in the tamper-evident log, and whether it is what was logged."""

    position: int
    hash: str
    at: datetime
    covers: int  # records this entry stands for
    is_intact: bool


def record_or_404(tenant: Tenant, record_id: UUID) -> RecordRef:
    """Return one record of the account, or raise NotFound."""
    row = db.session.scalar(
        select(ConsentRecord).where(ConsentRecord.id == record_id, owned(tenant, ConsentRecord))
    )
    if row is None:
        raise NotFound("We can't find that consent record.")
    return ref_of(row)


def records(tenant: Tenant, e164: str) -> list[RecordRef]:
    """Return the whole history of a number in the account, newest first."""
    return history(tenant, [e164])


def history(tenant: Tenant, e164s: Sequence[str], limit: int | None = None) -> list[RecordRef]:
    """Return the history of some numbers, newest first, for a timeline (K-5)."""
    if not e164s:
        return []
    r = ConsentRecord
    found = (
        select(r)
        .where(owned(tenant, r), r.e164.in_(e164s))
        .order_by(r.recorded_at.desc(), r.id.desc())
    )
    return [ref_of(row) for row in db.session.scalars(found.limit(limit) if limit else found)]


def find_records(
    tenant: Tenant, filter_: RecordFilter, *, cursor: str = "", limit: int = 50
) -> RecordPage:
    """Return one page of the account's records, newest first. Raises BadInput on a bad cursor."""
    r = ConsentRecord
    found = (
        select(r)
        .where(owned(tenant, r), *_conditions(filter_))
        .order_by(r.recorded_at.desc(), r.id.desc())
    )
    if cursor:
        at, id_ = _read_cursor(cursor)
        found = found.where(or_(r.recorded_at < at, and_(r.recorded_at == at, r.id < id_)))
    rows = list(db.session.scalars(found.limit(limit + 1)))
    refs = tuple(ref_of(row) for row in rows[:limit])
    more = refs[-1] if len(rows) > limit else None
    return RecordPage(refs, f"{more.recorded_at.timestamp():.6f}_{more.id.hex}" if more else None)


def proof(record: RecordRef) -> Proof | None:
    """Return the chain entry that stands for a record, with the record checked against it."""
    entry = db.session.scalar(
        select(AuditEntry)
        .where(
            AuditEntry.chain == record.organization_id,
            AuditEntry.subject_id == record.audit_subject_id,
            AuditEntry.event.like("consent:%"),
        )
        .order_by(AuditEntry.position)
        .limit(1)
    )
    if entry is None:
        return None
    r = ConsentRecord
    covered = [
        ref_of(row)
        for row in db.session.scalars(
            select(r)
            .where(owned(record.tenant, r), r.audit_subject_id == record.audit_subject_id)
            .order_by(r.id)
        )
    ]
    told = (entry.payload or {}).get("sha256")
    return Proof(
        entry.position,
        entry.hash,
        entry.at,
        len(covered),
        is_intact=not any(each.redacted_at and _says_who(each) for each in covered)
        and (told is None or told == sha256_of_all(covered)),
    )


def _says_who(record: RecordRef) -> bool:
    """Say whether personal data stands where it was erased: somebody wrote it in."""
    return bool(record.name or record.email or record.postal_address or record.ip_address)


def ref_of(row: ConsentRecord) -> RecordRef:
    """Return a record as other slices see it."""
    evidence = None
    if row.evidence_name is not None:
        evidence = Evidence(
            row.evidence_name,
            row.evidence_sha256 or "",
            row.evidence_file_name or "",
            row.evidence_media_type or "",
        )
    return RecordRef(
        id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        e164=row.e164,
        event=row.event,
        method=row.method,
        strength=row.strength,
        kinds=tuple(MessageKind(kind) for kind in row.kinds),
        is_imported=row.is_imported,
        is_staff_entry=row.is_staff_entry,
        name=row.name,
        email=row.email,
        postal_address=row.postal_address,
        given_at=row.given_at,
        given_zone=row.given_zone,
        given_as_written=row.given_as_written,
        recorded_at=row.recorded_at,
        expires_at=row.expires_at,
        ip_address=row.ip_address,
        method_details=row.method_details,
        source_url=row.source_url,
        disclosure_text=row.disclosure_text,
        checkbox=row.checkbox,
        form_name=row.form_name,
        form_version=row.form_version,
        user_agent=row.user_agent,
        collected_by=row.collected_by,
        evidence=evidence,
        import_id=row.import_id,
        audit_subject_id=row.audit_subject_id,
        sha256=row.sha256,
        redacted_at=row.redacted_at,
    )


def _conditions(filter_: RecordFilter) -> Iterator[Any]:
    r = ConsentRecord
    if filter_.method:
        yield r.method == filter_.method
    if filter_.strength:
        yield r.strength == filter_.strength
    if filter_.event:
        yield r.event == filter_.event
    text = filter_.text.strip()
    if not text:
        return
    number = read(text)
    digits = "".join(c for c in text if c.isdigit())
    if number.e164 is not None:
        yield r.e164 == number.e164
    elif digits and not any(c.isalpha() for c in text):
        yield r.e164.contains(digits, autoescape=True)
    else:
        yield or_(
            r.name_key.contains(fold(text), autoescape=True),
            r.email.contains(text.lower(), autoescape=True),
        )


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, _, id_ = cursor.partition("_")
        return datetime.fromtimestamp(float(at), UTC), UUID(hex=id_)
    except (ValueError, OverflowError, OSError):
        raise BadInput("This page link is damaged. Go back to the first page.") from None
