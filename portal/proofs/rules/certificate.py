"""A certificate as data: the facts of a record, and the way from them to a signed checkpoint (C-6)."""

from collections.abc import Mapping
from typing import Any

from portal.consent.rules.facts import facts_of
from portal.consent.values import RecordRef
from portal.proofs.rules.offline import CERTIFICATE_FORMAT, certificate_text
from portal.proofs.values import LogPlace


def as_text(record: RecordRef, place: LogPlace, log: Mapping[str, Any]) -> str:
    """Return the JSON of a certificate; `log` is the proof that its entry stands in the log."""
    return certificate_text(
        {
            "format": CERTIFICATE_FORMAT,
            "record": facts_of(record),
            "sha256": record.sha256,
            "logged_with": dict(place.covers) if len(place.covers) > 1 else None,
            "log": dict(log),
        }
    )
