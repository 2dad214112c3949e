"""Officers tighten hours; nothing here can loosen what the law asks (RULINGS 4)."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from portal.compliance import queries
from portal.compliance.errors import LooserThanLaw, NeverOpen, TooEarly
from portal.compliance.models import HourEdit
from portal.compliance.rules import windows
from portal.compliance.rules.policy import DatedEdit, Edit, Span, check_edit, rulebook
from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db


def set_hours(
    organization_id: UUID,
    code: str,
    edit: Edit,
    *,
    holds_from: date,
    note: str,
    now: datetime,
    today: date,
    actor: Actor,
) -> None:
    """Let an organization's own hours for one state hold from a day on.

    They replace its earlier edit of that state; an empty one goes back to the law. `today` is
    the organization's. Raises LooserThanLaw or TooEarly, naming the fix.
    """
    if holds_from < today:
        raise TooEarly(f"Choose {today.isoformat()} or a later day: what was sent was sent.")
    new = DatedEdit(code, holds_from, edit)
    before = tuple(each.dated for each in queries.edits(organization_id))
    check_edit(new)
    at = max(now, datetime.combine(holds_from, time(12), UTC))
    try:  # whoever is nowhere known may be anywhere from New York to Honolulu
        windows.next_allowed(
            at, state=None, phone="", automated=True, table=rulebook((*before, new))
        )
    except NeverOpen as error:
        raise LooserThanLaw(
            "Together these hours leave no time for people whose state is unknown. "
            "Keep an hour of one day that every state has open."
        ) from error
    said: dict[str, Any] = {
        "weekday": _written(edit.weekday),
        "saturday": _written(edit.saturday),
        "sunday": _written(edit.sunday),
        "bars_holidays": bool(edit.bars_holidays),
        "max_per_day": edit.max_per_day,
        "closed_days": sorted(day.isoformat() for day in edit.closed_days),
        "note": note,
    }
    db.session.add(
        HourEdit(
            organization_id=organization_id,
            code=code,
            holds_from=holds_from,
            **said,
            set_by=actor.label,
            set_at=now,
        )
    )
    audit.record(
        "compliance:hours:set",
        actor=actor,
        organization_id=organization_id,
        code=code,
        holds_from=holds_from.isoformat(),
        **said,
    )


def _written(span: Span | None) -> str | None:
    return None if span is None else str(span)
