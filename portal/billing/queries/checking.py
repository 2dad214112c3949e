"""Whether the books contradict themselves (I5)."""

from typing import cast
from uuid import UUID

from sqlalchemy import Table, bindparam, func, select

from portal.billing import rules
from portal.billing.models import (
    CreditAccount,
    CreditEntry,
    CreditLot,
    CreditMonth,
)
from portal.billing.values import (
    EntryKind,
    Slot,
)
from portal.core.db import db

_EXPORT_BATCH = 1000
# Made once: the doctor asks them of every account, and building a statement costs more than asking it.
_BOOKS = cast(Table, CreditAccount.__table__)
_ENTRIES = cast(Table, CreditEntry.__table__)
_LOTS = cast(Table, CreditLot.__table__)
_MONTHS = cast(Table, CreditMonth.__table__)
_COUNTERS = select(_BOOKS.c.available, _BOOKS.c.reserved, _BOOKS.c.spent, _BOOKS.c.position).where(
    _BOOKS.c.account_id == bindparam("account")
)
_LINES = (
    select(
        _ENTRIES.c.position,
        _ENTRIES.c.kind,
        _ENTRIES.c.credits,
        _ENTRIES.c.balance_after,
        _ENTRIES.c.month,
    )
    .where(_ENTRIES.c.account_id == bindparam("account"))
    .order_by(_ENTRIES.c.position)
    .execution_options(yield_per=_EXPORT_BATCH)
)
_SUMS_OF_MONTHS = select(
    _MONTHS.c.month, _MONTHS.c.used, _MONTHS.c.reserved, _MONTHS.c.granted
).where(_MONTHS.c.account_id == bindparam("account"))
_SUMS_OF_LOTS = select(
    func.coalesce(func.sum(_LOTS.c.remaining), 0).label("remaining"),
    func.coalesce(func.sum(_LOTS.c.held), 0).label("held"),
    func.coalesce(func.sum(_LOTS.c.spent), 0).label("spent"),
).where(_LOTS.c.account_id == bindparam("account"))
_PENDING = select(func.coalesce(func.sum(_ENTRIES.c.credits), 0)).where(
    _ENTRIES.c.account_id == bindparam("account"),
    _ENTRIES.c.kind == EntryKind.RESERVE,
    _ENTRIES.c.message_id.not_in(
        select(_ENTRIES.c.message_id).where(
            _ENTRIES.c.account_id == bindparam("account"), _ENTRIES.c.slot == Slot.RESOLVE
        )
    ),
)


def check_books(account_id: UUID) -> list[str]:
    """Return every way in which the account's books contradict themselves; none is right (I5)."""
    asked = {"account": account_id}
    books = db.session.execute(_COUNTERS, asked).one_or_none()
    if books is None:
        return []
    counters = (books.available, books.reserved, books.spent)
    lots = db.session.execute(_SUMS_OF_LOTS, asked).one()
    return [
        *_replay_faults(account_id, counters, books.position),
        *_lot_faults(counters, *lots),
        *_hold_faults(account_id, lots.held),
    ]


def _replay_faults(account_id: UUID, counters: tuple[int, int, int], position: int) -> list[str]:
    """Play the ledger again: running balances, positions, counters and months must agree."""
    faults: list[str] = []
    available = reserved = spent = at = 0
    months: dict[object, list[int]] = {}
    asked = {"account": account_id}
    for entry in db.session.execute(_LINES, asked):
        effect = rules.EFFECTS[entry.kind]
        available += effect.available * entry.credits
        reserved += effect.reserved * entry.credits
        spent += effect.spent * entry.credits
        at += 1
        if entry.position != at:
            faults.append(f"entry {at} is missing")
            at = entry.position
        if entry.balance_after != available:
            faults.append(f"entry {at} says {entry.balance_after} are left, replay {available}")
        if entry.kind is EntryKind.RESERVE and available < 0:
            faults.append(f"entry {at} reserves credits that were not there")
        month = months.setdefault(entry.month, [0, 0, 0])
        month[0] += effect.spent * entry.credits
        month[1] += effect.reserved * entry.credits
        month[2] += entry.credits if entry.kind is EntryKind.GRANT else 0
    if counters != (available, reserved, spent):
        faults.append(f"counters say {counters}, replay {(available, reserved, spent)}")
    if position != at:
        faults.append(f"the last entry is {at}, the account says {position}")
    sums = {
        row.month: [row.used, row.reserved, row.granted]
        for row in db.session.execute(_SUMS_OF_MONTHS, asked)
    }
    wrong = [
        m for m in months.keys() | sums.keys() if months.get(m, [0, 0, 0]) != sums.get(m, [0, 0, 0])
    ]
    faults.extend(f"the sums of {month} differ from its entries" for month in wrong)
    return faults


def _lot_faults(counters: tuple[int, int, int], remaining: int, held: int, used: int) -> list[str]:
    """Compare the counters with what the lots hold; a deficit has no lot (B-10)."""
    available, reserved, spent = counters
    deficit = max(0, -available)
    faults = []
    if max(0, available) != remaining:
        faults.append(f"{available} are available, the lots have {remaining}")
    if reserved != held:
        faults.append(f"{reserved} are reserved, the lots hold {held}")
    if spent != used + deficit:
        faults.append(f"{spent} are spent, the lots and the deficit say {used + deficit}")
    return faults


def _hold_faults(account_id: UUID, held: int) -> list[str]:
    """Compare what is reserved with the texts that are not resolved (I4)."""
    pending = db.session.scalar(_PENDING, {"account": account_id})
    if pending != held:
        return [f"texts in flight reserve {pending}, the lots hold {held}"]
    return []
