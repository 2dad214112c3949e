"""Whether the books contradict themselves (I5)."""

from uuid import UUID

from sqlalchemy import func, select

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


def check_books(account_id: UUID) -> list[str]:
    """Return every way in which the account's books contradict themselves; none is right (I5)."""
    books = db.session.execute(
        select(
            CreditAccount.available,
            CreditAccount.reserved,
            CreditAccount.spent,
            CreditAccount.position,
        ).where(CreditAccount.account_id == account_id)
    ).one_or_none()
    if books is None:
        return []
    counters = (books.available, books.reserved, books.spent)
    return [
        *_replay_faults(account_id, counters, books.position),
        *_lot_faults(account_id, counters),
        *_hold_faults(account_id),
    ]


def _replay_faults(account_id: UUID, counters: tuple[int, int, int], position: int) -> list[str]:
    """Play the ledger again: running balances, positions, counters and months must agree."""
    faults: list[str] = []
    available = reserved = spent = at = 0
    months: dict[object, list[int]] = {}
    entries = db.session.execute(
        select(
            CreditEntry.position,
            CreditEntry.kind,
            CreditEntry.credits,
            CreditEntry.balance_after,
            CreditEntry.month,
        )
        .where(CreditEntry.account_id == account_id)
        .order_by(CreditEntry.position)
        .execution_options(yield_per=_EXPORT_BATCH)
    )
    for entry in entries:
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
        for row in db.session.execute(
            select(
                CreditMonth.month, CreditMonth.used, CreditMonth.reserved, CreditMonth.granted
            ).where(CreditMonth.account_id == account_id)
        )
    }
    wrong = [
        m for m in months.keys() | sums.keys() if months.get(m, [0, 0, 0]) != sums.get(m, [0, 0, 0])
    ]
    faults.extend(f"the sums of {month} differ from its entries" for month in wrong)
    return faults


def _lot_faults(account_id: UUID, counters: tuple[int, int, int]) -> list[str]:
    """Compare the counters with what the lots hold; a deficit has no lot (B-10)."""
    available, reserved, spent = counters
    sums = db.session.execute(
        select(
            func.coalesce(func.sum(CreditLot.remaining), 0).label("remaining"),
            func.coalesce(func.sum(CreditLot.held), 0).label("held"),
            func.coalesce(func.sum(CreditLot.spent), 0).label("spent"),
        ).where(CreditLot.account_id == account_id)
    ).one()
    deficit = max(0, -available)
    faults = []
    if max(0, available) != sums.remaining:
        faults.append(f"{available} are available, the lots have {sums.remaining}")
    if reserved != sums.held:
        faults.append(f"{reserved} are reserved, the lots hold {sums.held}")
    if spent != sums.spent + deficit:
        faults.append(f"{spent} are spent, the lots and the deficit say {sums.spent + deficit}")
    return faults


def _hold_faults(account_id: UUID) -> list[str]:
    """Compare what is reserved with the texts that are not resolved (I4)."""
    resolved = select(CreditEntry.message_id).where(
        CreditEntry.account_id == account_id,
        CreditEntry.slot == Slot.RESOLVE,
    )
    pending = db.session.scalar(
        select(func.coalesce(func.sum(CreditEntry.credits), 0)).where(
            CreditEntry.account_id == account_id,
            CreditEntry.kind == EntryKind.RESERVE,
            CreditEntry.message_id.not_in(resolved),
        )
    )
    held = db.session.scalar(
        select(func.coalesce(func.sum(CreditLot.held), 0)).where(CreditLot.account_id == account_id)
    )
    if pending != held:
        return [f"texts in flight reserve {pending}, the lots hold {held}"]
    return []
