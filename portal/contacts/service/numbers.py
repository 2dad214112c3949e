"""The lock row of each number, and what the carrier says of it (RULINGS 6, S-10)."""

from collections.abc import Iterable, Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import Table, bindparam, select, update

from portal.contacts.models import PhoneNumber
from portal.contacts.rules.numbers import Reading, read
from portal.core.among import among
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.many_rows import insert_rows

_CHUNK = 500
_TABLE = cast("Table", PhoneNumber.__table__)  # rows in one statement, whatever is None in them
_LOCK = (  # made once: every text asks it
    select(_TABLE.c.e164, _TABLE.c.unreachable_code)
    .where(
        _TABLE.c.organization_id == bindparam("organization"),
        among(_TABLE.c.e164, "numbers"),
    )
    .order_by(_TABLE.c.e164)
    .with_for_update()
)


def keep_numbers(organization_id: UUID, readings: Iterable[Reading]) -> None:
    """Make the lock rows of numbers that have none yet, in order, leaving others alone."""
    by_e164 = {r.e164: r for r in readings if r.e164 is not None}
    now = utcnow()
    rows = (
        {
            "organization_id": organization_id,
            "e164": e164,
            "kind": by_e164[e164].kind,
            "region": by_e164[e164].region,
            "created_at": now,
        }
        for e164 in sorted(by_e164)
    )
    insert_rows(_TABLE, rows, only_new=True)


def lock_numbers(organization_id: UUID, e164s: Sequence[str]) -> None:
    """Lock numbers for this transaction, making their rows first; always in the same order."""
    wanted = sorted(set(e164s))
    keep_numbers(organization_id, (read(e164) for e164 in wanted))
    for start in range(0, len(wanted), _CHUNK):
        some = wanted[start : start + _CHUNK]
        db.session.execute(_LOCK, {"organization": organization_id, "numbers": some}).all()


def lock_known(organization_id: UUID, e164s: Sequence[str]) -> frozenset[str]:
    """Lock at most 500 numbers that have texts; return which the carrier has called unreachable.

    A text's number has its row since the text was made, and rows are never deleted (RULINGS 6):
    so none is made here, unless somebody took one away behind our back.
    """
    wanted = sorted(set(e164s))
    rows = db.session.execute(_LOCK, {"organization": organization_id, "numbers": wanted}).all()
    if len(rows) < len(wanted):
        lock_numbers(organization_id, wanted)
    return frozenset(e164 for e164, code in rows if code is not None)


def mark_unreachable(organization_id: UUID, e164: str, code: int) -> None:
    """Keep a number from being tried again, with the carrier's code for it (S-10)."""
    keep_numbers(organization_id, [read(e164)])
    _set(organization_id, e164, code)


def mark_reachable(organization_id: UUID, e164: str) -> None:
    """Take the mark away: the number answered, or a person says it works."""
    _set(organization_id, e164, None)


def _set(organization_id: UUID, e164: str, code: int | None) -> None:
    db.session.execute(
        update(PhoneNumber)
        .where(PhoneNumber.organization_id == organization_id, PhoneNumber.e164 == e164)
        .values(unreachable_code=code, unreachable_at=utcnow() if code is not None else None)
        .execution_options(synchronize_session=False)
    )
