"""What a record says, in the one form that is hashed; and text as it is searched."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from portal.consent.values import RecordRef
from portal.contacts.rules.people import search_words


def facts_of(record: RecordRef) -> dict[str, object]:
    """Return everything a record claims, as JSON; its hash is over exactly this."""
    evidence = record.evidence
    return {
        "id": str(record.id),
        "organization": str(record.organization_id),
        "account": str(record.account_id),
        "phone": record.e164,
        "event": record.event.value,
        "method": record.method.value,
        "strength": record.strength.value,
        "kinds": [kind.value for kind in record.kinds],
        "imported": record.is_imported,
        "entered_by_staff": record.is_staff_entry,
        "name": record.name,
        "email": record.email,
        "postal_address": record.postal_address,
        "given_at": _time(record.given_at),
        "given_zone": record.given_zone,
        "given_as_written": record.given_as_written,
        "recorded_at": _time(record.recorded_at),
        "expires_at": _time(record.expires_at),
        "ip_address": record.ip_address,
        "method_details": record.method_details,
        "source_url": record.source_url,
        "disclosure_text": record.disclosure_text,
        "checkbox": record.checkbox.value,
        "form_name": record.form_name,
        "form_version": record.form_version,
        "user_agent": record.user_agent,
        "collected_by": record.collected_by,
        "evidence_sha256": evidence.sha256 if evidence else None,
        "import": str(record.import_id) if record.import_id else None,
    }


def sha256_of(facts: Mapping[str, object]) -> str:
    """Return the SHA-256 of facts in canonical JSON: keys sorted, no spaces, ASCII."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint(record: RecordRef) -> str:
    """Return the hash of what a record claims; of an erased one the hash it had (C-10)."""
    return record.sha256 if record.redacted_at else sha256_of(facts_of(record))


def sha256_of_all(records: Iterable[RecordRef]) -> str:
    """Return the hash an entry of the chain holds for the records it stands for."""
    hashes = {record.id.hex: fingerprint(record) for record in records}
    if len(hashes) == 1:
        return next(iter(hashes.values()))
    return sha256_of(hashes)


def words_of(name: str, email: str, e164: str) -> list[str]:
    """Return the words a record is found by: its names, e-mail, and a number's last digits."""
    digits = e164[2:] if e164.startswith("+1") else e164[1:]
    ends = (digits, digits[-7:], digits[-4:])
    return list(dict.fromkeys([*search_words(f"{name} {email}"), *ends]))


def fold(text: str) -> str:
    """Return text as it is searched: small letters, no accents, single spaces."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())[:200]


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None
