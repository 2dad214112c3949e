"""Reading consent: what stands, its history, the do-not-contact list and the audit log."""

from portal.consent.queries.audit_log import audit_page
from portal.consent.queries.records import (
    Proof,
    find_records,
    history,
    proof,
    record_or_404,
    records,
)
from portal.consent.queries.standings import coverage, do_not_contact, standing, standings

__all__ = [
    "Proof",
    "audit_page",
    "coverage",
    "do_not_contact",
    "find_records",
    "history",
    "proof",
    "record_or_404",
    "records",
    "standing",
    "standings",
]
