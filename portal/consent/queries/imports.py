"""What an import of consents brought or would bring, in figures."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select

from portal.consent.models import ConsentRecord
from portal.consent.values import Strength
from portal.contacts import queries as contacts
from portal.contacts.values import ImportRef, ImportState
from portal.core.db import db
from portal.core.tenancy import owned

_MOST_FINDINGS = 20_000  # beyond that the figures of a dry run are left out


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """How many records of each strength; `is_known` is False where that would cost too much."""

    express_written: int = 0
    express: int = 0
    inquiry: int = 0
    not_valid: int = 0
    without_contact: int = 0
    opted_out: int = 0
    is_known: bool = True


def import_summary(import_: ImportRef) -> ImportSummary:
    """Return the figures of a dry run, from its findings, or of an import, from its records."""
    codes = _codes(import_)
    if import_.state is ImportState.DONE:
        r = ConsentRecord
        by_strength = (
            select(r.strength, func.count())
            .where(owned(import_.tenant, r), r.import_id == import_.id)
            .group_by(r.strength)
        )
        counted = dict(db.session.execute(by_strength).all())
        return ImportSummary(
            counted.get(Strength.EXPRESS_WRITTEN, 0),
            counted.get(Strength.EXPRESS, 0),
            counted.get(Strength.INQUIRY, 0),
            counted.get(Strength.NONE, 0),
            codes["no_contact"] if codes else 0,
            codes["opted_out"] if codes else 0,
        )
    if codes is None:
        return ImportSummary(is_known=False)
    weaker = codes["one_to_one_only"], codes["inquiry"], codes["not_valid"]
    return ImportSummary(
        import_.imported - sum(weaker), *weaker, codes["no_contact"], codes["opted_out"]
    )


def _codes(import_: ImportRef) -> Counter[str] | None:
    if import_.noted > _MOST_FINDINGS:
        return None
    codes: Counter[str] = Counter()
    after = (0, -1)
    while batch := contacts.findings(import_, after=after, limit=1000):
        after = (batch[-1].line, batch[-1].position)
        codes.update(found.code for found in batch)
    return codes
