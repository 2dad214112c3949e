"""Taking a person's number out of appeals (C-10).

The words of parts, comments, answers and replies lose the number, and the list the carrier named
loses its line. What went to the carrier is evidence of what was told and stays as it went, as its
hashes do; the case says so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from portal.appeals import queries
from portal.appeals.models import AppealCase, AppealEvent, AppealPart, AppealReply, AppealSending
from portal.appeals.rules.quoting import without
from portal.appeals.service.telling import tell
from portal.appeals.values import Happening
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

    Each case that has it is locked, and says in its history that somebody's number was erased.
    """
    tenant = Tenant(organization_id)
    c = AppealCase
    begun = select(c.id).where(owned(tenant, c), c.created_at <= before)
    found = Counter(row.case_id for row, _ in _rows_with(e164, tenant, begun))
    if is_dry:
        return found.total()
    return sum(_forget(tenant, case_id, e164) for case_id in sorted(found))


def _forget(tenant: Tenant, case_id: UUID, e164: str) -> int:
    case = queries.ref(lock(tenant, AppealCase, case_id))  # against who writes in it
    found = 0
    for row, values in _rows_with(e164, case.tenant, [case.id]):
        found += 1
        for name, value in values.items():
            setattr(row, name, value)
    if found:
        db.session.flush()
        tell(case, Happening.ERASED, actor=SYSTEM)
    return found


def _rows_with(
    e164: str, tenant: Tenant, cases: Select[UUID] | list[UUID]
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Give the rows of some cases that name a number, each with its columns without it."""
    for model, columns in _WORDS.items():
        rows = db.session.scalars(
            select(model)
            .where(owned(tenant, model), model.case_id.in_(cases))
            .execution_options(populate_existing=True)
        ).all()
        for row in rows:
            values = _changed(row, columns, e164)
            if values:
                yield row, values


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
