"""Texts by the basis of consent they rested on when they left, from the running counts (M-6)."""

from sqlalchemy import func, select

from portal.core.db import db
from portal.messaging.models import BasisDay
from portal.reports.queries.usage import of_days
from portal.reports.rules.bases import Basis
from portal.reports.rules.periods import Span
from portal.reports.values import Scope


def by_basis(scope: Scope, span: Span) -> dict[Basis, int]:
    """Return how many texts had left on each basis."""
    b = BasisDay
    rows = db.session.execute(
        select(b.kind, b.method, b.strength, func.sum(b.texts))
        .where(of_days(scope, b, span))
        .group_by(b.kind, b.method, b.strength)
    )
    return {
        Basis(kind, method, strength): int(texts) for kind, method, strength, texts in rows if texts
    }
