"""The rules that bind one organization: hours of the law, tightened by its own edits; thresholds."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, select

from portal.compliance.models import HealthMark, HealthPolicy, HourEdit
from portal.compliance.rules import health
from portal.compliance.rules.health import Band, Thresholds
from portal.compliance.rules.policy import DatedEdit, Edit, Rulebook, Span
from portal.compliance.rules.policy import rulebook as book_of
from portal.core.columns import Id
from portal.core.db import db
from portal.core.tenancy import Tenant, owned

_EDIT: Final = cast(Table, HourEdit.__table__).c
# Made once: every batch of texts asks it.
_EDITS: Final = (
    select(
        _EDIT.code,
        _EDIT.holds_from,
        _EDIT.weekday,
        _EDIT.saturday,
        _EDIT.sunday,
        _EDIT.bars_holidays,
        _EDIT.max_per_day,
        _EDIT.closed_days,
        _EDIT.note,
        _EDIT.set_by,
        _EDIT.set_at,
    )
    .where(_EDIT.organization_id == bindparam("organization", type_=Id()))
    .order_by(_EDIT.holds_from, _EDIT.set_at)
)


@dataclass(frozen=True, slots=True)
class EditRef:
    """One edit with who made it and why."""

    dated: DatedEdit
    note: str
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """Thresholds of health as an organization set them, with who did and why."""

    thresholds: Thresholds
    reason: str
    set_by: str
    set_at: datetime


def thresholds(organization_id: UUID, day: date) -> Thresholds:
    """Return the thresholds of health that hold for an organization on one of its days (H-7)."""
    own = [each.thresholds for each in health_policies(organization_id)]
    return health.thresholds_on(day, own)


def health_policies(organization_id: UUID) -> list[PolicyRef]:
    """Return every threshold an organization set, in the order it did (one SELECT)."""
    names = Thresholds.__dataclass_fields__
    p = HealthPolicy
    rows = db.session.execute(
        select(p.reason, p.set_by, p.set_at, *(getattr(p, name) for name in names))
        .where(p.organization_id == organization_id)
        .order_by(p.set_at, p.id)
    )
    return [PolicyRef(Thresholds(*row[3:]), *row[:3]) for row in rows]


@dataclass(frozen=True, slots=True)
class MarkRef:
    """How an account was judged last, since when, and from when on (None: the whole week)."""

    band: Band
    since: datetime
    judged_from: datetime | None


def health_marks(organization_id: UUID) -> dict[UUID, MarkRef]:
    """Return how each account of an organization was judged last, as far as any was (H-4)."""
    m = HealthMark
    rows = db.session.execute(
        select(m.account_id, m.band, m.since, m.judged_from).where(
            owned(Tenant(organization_id), m)
        )
    )
    return {row[0]: MarkRef(*row[1:]) for row in rows}


def judged_from(tenant: Tenant) -> datetime | None:
    """Return the hour before which nothing counts against an account: it was let go on (H-8)."""
    return db.session.scalar(select(HealthMark.judged_from).where(owned(tenant, HealthMark)))


def rulebook(organization_id: UUID) -> Rulebook:
    """Return the hours that bind an organization's texts, by day (one SELECT)."""
    return book_of(tuple(each.dated for each in edits(organization_id)))


def edits(organization_id: UUID) -> list[EditRef]:
    """Return an organization's edits in the order in which they hold."""
    rows = db.session.execute(_EDITS, {"organization": organization_id})
    return [EditRef(_dated(row), row.note, row.set_by, row.set_at) for row in rows]


def _dated(row: Any) -> DatedEdit:
    return DatedEdit(
        row.code,
        row.holds_from,
        Edit(
            weekday=Span.parse(row.weekday) if row.weekday else None,
            saturday=Span.parse(row.saturday) if row.saturday else None,
            sunday=Span.parse(row.sunday) if row.sunday else None,
            bars_holidays=row.bars_holidays or None,
            max_per_day=row.max_per_day,
            closed_days=frozenset(date.fromisoformat(day) for day in row.closed_days),
        ),
    )
