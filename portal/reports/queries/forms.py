"""Texts and consents by form, as running counts have them (M-3, C-1)."""

from collections import Counter, defaultdict

from sqlalchemy import func, select

from portal.core.db import db
from portal.messaging.models import FormDay
from portal.messaging.rules.stages import WENT_WRONG, Stage
from portal.reports.queries import consents
from portal.reports.queries.usage import of_days
from portal.reports.rules.periods import Span
from portal.reports.values import Scope, Sums

Form = tuple[str, str]  # name and version, both empty without a form


def by_form(scope: Scope, span: Span) -> dict[Form, Sums]:
    """Return what became of texts by the form their consent came from, once they had left."""
    f = FormDay
    found: dict[Form, Counter[str]] = defaultdict(Counter)
    for name, version, stage, *counted in db.session.execute(
        select(f.form_name, f.form_version, f.stage, func.sum(f.texts), func.sum(f.segments),
               func.sum(f.credits))
        .where(of_days(scope, f, span))
        .group_by(f.form_name, f.form_version, f.stage)
    ):  # fmt: skip
        texts, segments, credits = counted  # noqa: A001 (the word of the domain)
        sums = found[name, version]
        sums["sent"] += texts
        sums["segments"] += segments
        sums["delivered"] += texts if stage is Stage.DELIVERED else 0
        sums["went_wrong"] += texts if stage in WENT_WRONG else 0
        sums["credits"] += credits if stage is not Stage.FAILED else 0
    return {form: Sums(**sums) for form, sums in found.items()}


def consents_by_form(scope: Scope, span: Span) -> Counter[Form]:
    """Return how many consents were kept by each form on these days, gaps included."""
    sums: Counter[Form] = Counter()
    for one in consents.given(scope, span):
        sums[one.form, one.version] += one.count
    return sums
