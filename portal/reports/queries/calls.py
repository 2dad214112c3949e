"""Calls as the running counts have them (N-8, M-3)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select

from portal.calls.models import CallDay
from portal.calls.values import DaySums
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.reports.rules.periods import Span
from portal.reports.values import Scope

_SUMS = (
    func.sum(CallDay.calls),
    func.sum(CallDay.forwarded),
    func.sum(CallDay.answered),
    func.sum(CallDay.minutes),
    func.sum(CallDay.forwarded_minutes),
)


def by_day(scope: Scope, span: Span) -> dict[date, DaySums]:
    """Return the calls of each day that had any."""
    rows = db.session.execute(
        select(CallDay.day, *_SUMS).where(*_of(scope, span)).group_by(CallDay.day)
    )
    return {row[0]: DaySums(row[0], *_whole(row[1:])) for row in rows}


def total(scope: Scope, span: Span) -> DaySums:
    """Return the calls of all these days together."""
    row = db.session.execute(select(*_SUMS).where(*_of(scope, span))).one()
    return DaySums(None, *_whole(row))


def _of(scope: Scope, span: Span) -> tuple[Any, ...]:
    return (
        owned(Tenant(scope.organization_id), CallDay),
        CallDay.account_id.in_(scope.account_ids),
        CallDay.day >= span.first,
        CallDay.day <= span.last,
    )


def _whole(sums: Sequence[int | None]) -> list[int]:
    return [int(one or 0) for one in sums]
