"""What the doctor looks for, and what stands at its last visits."""

from portal.doctor.queries.examining import CHECKS, examine
from portal.doctor.queries.standing import (
    age_of_oldest_visit,
    findings_by_invariant,
    kept_findings,
    last_round,
    scopes,
)

__all__ = [
    "CHECKS",
    "age_of_oldest_visit",
    "examine",
    "findings_by_invariant",
    "kept_findings",
    "last_round",
    "scopes",
]
