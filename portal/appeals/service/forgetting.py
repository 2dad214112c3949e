"""Taking a person's number out of appeals (C-10).

The words of parts, comments, answers and replies lose the number, and the list the carrier named
loses its line. What went to the carrier is evidence of what was told and stays as it went, as its
hashes do; the case says so.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from portal.appeals import queries
from portal.appeals.models import AppealCase, AppealEvent, AppealPart, AppealReply, AppealSending
from portal.appeals.rules.quoting import without
from portal.appeals.service.telling import tell
from portal.appeals.values import CaseRef, Happening
from portal.core.audit import SYSTEM
from portal.core.db import db
from portal.core.tenancy import Tenant, lock, owned

_WORDS: Final[Mapping[type[Any], tuple[str, ...]]] = {
    AppealPart: ("text", "link"),
    AppealEvent: ("text",),
    AppealReply: ("text", "asked"),
    AppealSending: ("words", "note"),
}


def forget_number(organization_id: UUID, e164: str, *, before: datetime, is_dry: bool) -> int:
    """Take a number out of the words of appeals begun by then; return how many rows had it.

    Each case is locked, and says in its history that somebody's number was erased.
    """
    c = AppealCase
    tenant = Tenant(organization_id)
    wanted = select(c).where(owned(tenant, c), c.created_at <= before).order_by(c.id)
    cases = [queries.ref(row) for row in db.session.scalars(wanted)]
    return sum(_forget(case, e164, is_dry=is_dry) for case in cases)


def _forget(case: CaseRef, e164: str, *, is_dry: bool) -> int:
    if not is_dry:
        lock(case.tenant, AppealCase, case.id)  # against who writes in it
    found = 0
    for model, columns in _WORDS.items():
        rows = db.session.scalars(
            select(model)
            .where(owned(case.tenant, model), model.case_id == case.id)
            .execution_options(populate_existing=True)
        )
        for row in rows:
            values = _changed(row, columns, e164)
            found += bool(values)
            for name, value in {} if is_dry else values.items():
                setattr(row, name, value)
    if found and not is_dry:
        db.session.flush()
        tell(case, Happening.ERASED, actor=SYSTEM)
    return found


def _changed(row: Any, columns: tuple[str, ...], e164: str) -> dict[str, Any]:
    """Return the columns of a row that name a number, as they are without it."""
    values: dict[str, Any] = {}
    for name in columns:
        kept = getattr(row, name)
        cleared = without(kept, e164)
        if cleared != kept:
            values[name] = cleared
    if isinstance(row, AppealPart) and e164 in row.numbers:
        values["numbers"] = [number for number in row.numbers if number != e164]
        values["tally"] = None
    if isinstance(row, AppealPart) and values:
        values["edits"] = row.edits + 1  # whoever has it open does not write it back
    return values
