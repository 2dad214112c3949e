"""Records as rows of their tables."""

from typing import Any

from portal.consent.rules.facts import fold, words_of
from portal.consent.values import RecordRef
from portal.core.audit import Actor


def record_row(record: RecordRef, key: str | None, actor: Actor) -> dict[str, Any]:
    """Return a record as its row, with its idempotency key or None."""
    evidence = record.evidence
    return {
        "id": record.id,
        "organization_id": record.organization_id,
        "account_id": record.account_id,
        "e164": record.e164,
        "event": record.event,
        "method": record.method,
        "strength": record.strength,
        "kinds": [kind.value for kind in record.kinds],
        "is_imported": record.is_imported,
        "is_staff_entry": record.is_staff_entry,
        "name": record.name,
        "name_key": fold(record.name),
        "email": record.email,
        "postal_address": record.postal_address,
        "given_at": record.given_at,
        "given_zone": record.given_zone,
        "given_as_written": record.given_as_written,
        "recorded_at": record.recorded_at,
        "expires_at": record.expires_at,
        "ip_address": record.ip_address,
        "method_details": record.method_details,
        "source_url": record.source_url,
        "disclosure_text": record.disclosure_text,
        "checkbox": record.checkbox,
        "form_name": record.form_name,
        "form_version": record.form_version,
        "user_agent": record.user_agent,
        "collected_by_id": actor.id,
        "collected_by": record.collected_by,
        "evidence_name": evidence.name if evidence else None,
        "evidence_sha256": evidence.sha256 if evidence else None,
        "evidence_file_name": evidence.file_name if evidence else None,
        "evidence_media_type": evidence.media_type if evidence else None,
        "import_id": record.import_id,
        "idempotency_key": key,
        "audit_subject_id": record.audit_subject_id,
        "sha256": record.sha256,
    }


def word_rows(record: RecordRef) -> list[dict[str, Any]]:
    """Return the words a record is found by; the same as `queries` looks up."""
    return [
        {
            "record_id": record.id,
            "word": word,
            "organization_id": record.organization_id,
            "account_id": record.account_id,
        }
        for word in words_of(record.name, record.email, record.e164)
    ]
