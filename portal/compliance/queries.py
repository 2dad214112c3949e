"""The rules of hours that bind one organization: the law, tightened by its own edits."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, select

from portal.compliance.models import HourEdit
from portal.compliance.rules.policy import DatedEdit, Edit, Rulebook, Span
from portal.compliance.rules.policy import rulebook as book_of
from portal.core.columns import Id
from portal.core.db import db

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
