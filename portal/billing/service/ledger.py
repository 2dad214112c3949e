"""The one place that writes lines of a ledger, with counters and lots (RULINGS 7).

The row of credit_accounts is the lock: whoever writes takes it first, by `locked` or by
the conditional update in `post`. On SQLite the unit of work already holds the write lock.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import cast
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Table,
    bindparam,
    func,
    insert,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from portal.billing import queries, rules
from portal.billing.models import (
    CreditAccount,
    CreditEntry,
    CreditLot,
    CreditMonth,
    Subscription,
)
from portal.billing.rules import OpenLot
from portal.billing.service import alerts
from portal.billing.values import EntryKind, Slot, SubscriptionState
from portal.core.db import db, is_sqlite
from portal.core.many_rows import insert_rows

_ENTRIES = cast(Table, CreditEntry.__table__)
_UNSYNCED = {"synchronize_session": False}  # no row of these tables is ever held in the session


# Made once: building a statement costs more than asking it, and every text asks these.
_BOOKS = cast(Table, CreditAccount.__table__)
_LOTS = cast(Table, CreditLot.__table__)
_MONTHS = cast(Table, CreditMonth.__table__)
_RUNS = cast(Table, Subscription.__table__)
_OPENING = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(_BOOKS).on_conflict_do_nothing()
    for dialect in (sqlite, postgresql)
}
_LOCKED = (
    select(_BOOKS.c.organization_id, _BOOKS.c.account_id, _BOOKS.c.available, _BOOKS.c.due_at)
    .where(_BOOKS.c.account_id == bindparam("account"))
    .with_for_update()
)
_COUNT = (
    update(_BOOKS)
    .where(
        _BOOKS.c.organization_id == bindparam("organization"),
        _BOOKS.c.account_id == bindparam("account"),
    )
    .values(
        available=_BOOKS.c.available + bindparam("by_available"),
        reserved=_BOOKS.c.reserved + bindparam("by_reserved"),
        spent=_BOOKS.c.spent + bindparam("by_spent"),
        position=_BOOKS.c.position + bindparam("by_lines"),
    )
    .returning(_BOOKS.c.available, _BOOKS.c.position)
)
_SHIFT = (
    update(_LOTS)
    .where(_LOTS.c.account_id == bindparam("account"), _LOTS.c.id == bindparam("lot"))
    .values(
        remaining=_LOTS.c.remaining + bindparam("by_remaining"),
        held=_LOTS.c.held + bindparam("by_held"),
        spent=_LOTS.c.spent + bindparam("by_spent"),
        lapsed=_LOTS.c.lapsed + bindparam("by_lapsed"),
    )
)
_ADD_TO_MONTH = (
    update(_MONTHS)
    .where(_MONTHS.c.account_id == bindparam("account"), _MONTHS.c.month == bindparam("first_day"))
    .values(
        used=_MONTHS.c.used + bindparam("by_used"),
        reserved=_MONTHS.c.reserved + bindparam("by_reserved"),
        granted=_MONTHS.c.granted + bindparam("by_granted"),
    )
    .returning(_MONTHS.c.used + _MONTHS.c.reserved)
)
_BALANCE_AFTER = select(_ENTRIES.c.balance_after).where(
    _ENTRIES.c.account_id == bindparam("account"), _ENTRIES.c.position == bindparam("line")
)
_NAMED = select(_ENTRIES.c.id).where(
    _ENTRIES.c.account_id == bindparam("account"), _ENTRIES.c.reference == bindparam("name")
)
_WITH_CREDITS = (
    select(_LOTS.c.id, _LOTS.c.remaining, _LOTS.c.expires_at, _LOTS.c.position)
    .where(_LOTS.c.account_id == bindparam("account"), _LOTS.c.remaining > 0)
    .order_by(_LOTS.c.expires_at, _LOTS.c.position)
)
_EXPIRED = _WITH_CREDITS.where(_LOTS.c.expires_at <= bindparam("now"))
_TURNS = union_all(
    select(_LOTS.c.expires_at.label("at")).where(
        _LOTS.c.account_id == bindparam("account"), _LOTS.c.remaining > 0
    ),
    select(_RUNS.c.next_charge_at.label("at")).where(
        _RUNS.c.account_id == bindparam("account"), _RUNS.c.state != SubscriptionState.ENDED
    ),
).subquery()
_NOTE_DUE = (
    update(_BOOKS)
    .where(_BOOKS.c.account_id == bindparam("account"))
    .values(due_at=select(func.min(_TURNS.c.at)).scalar_subquery())
)


@dataclass(frozen=True, slots=True)
class Books:
    """One account's counters as they stood when its row was locked."""

    organization_id: UUID
    account_id: UUID
    available: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """One entry about to be written."""

    kind: EntryKind
    credits: int
    month: date
    at: datetime
    message_id: UUID | None = None
    slot: Slot | None = None
    reference: str | None = None
    note: str | None = None


@dataclass(slots=True)
class Move:
    """How much of one lot goes to each of its four places."""

    remaining: int = 0
    held: int = 0
    spent: int = 0
    lapsed: int = 0


def open_books(organization_id: UUID, account_id: UUID) -> None:
    """Make sure the account has its row of counters."""
    opening = _OPENING["sqlite" if is_sqlite() else "postgresql"]
    db.session.execute(opening, {"organization_id": organization_id, "account_id": account_id})


def locked(account_id: UUID) -> Books | None:
    """Lock the account's ledger until the unit of work ends; None when it has none."""
    row = db.session.execute(_LOCKED, {"account": account_id}).one_or_none()
    return Books(*row) if row else None


def post(
    organization_id: UUID,
    account_id: UUID,
    lines: Sequence[Line],
    *,
    only_if: Iterable[ColumnElement[bool]] = (),
) -> int | None:
    """Write lines and move the counters with them; return the last line's position.

    All or nothing: when only_if does not hold for the account's row, returns None and
    writes nothing. The conditional update takes the row lock (PROMISES 3.2).
    """
    sums = _sums(lines)
    effects = [(rules.EFFECTS[kind], sum_) for (kind, _), sum_ in sums.items()]
    available = sum(effect.available * sum_ for effect, sum_ in effects)
    after = db.session.execute(
        _COUNT.where(*only_if) if only_if else _COUNT,
        {
            "organization": organization_id,
            "account": account_id,
            "by_available": available,
            "by_reserved": sum(effect.reserved * sum_ for effect, sum_ in effects),
            "by_spent": sum(effect.spent * sum_ for effect, sum_ in effects),
            "by_lines": len(lines),
        },
    ).one_or_none()
    if after is None:
        return None
    balances = accumulate(
        (rules.EFFECTS[line.kind].available * line.credits for line in lines),
        initial=after.available - available,
    )
    next(balances)  # the balance before the first line
    first: int = after.position - len(lines) + 1
    insert_rows(
        _ENTRIES,
        (
            {
                "id": uuid4(),
                "organization_id": organization_id,
                "account_id": account_id,
                "position": position,
                "kind": line.kind,
                "credits": line.credits,
                "balance_after": balance,
                "month": line.month,
                "message_id": line.message_id,
                "slot": line.slot,
                "reference": line.reference,
                "note": line.note,
                "at": line.at,
            }
            for position, (line, balance) in enumerate(zip(lines, balances, strict=True), first)
        ),
    )
    used = _add_to_months(organization_id, account_id, sums)
    if available < 0:  # nothing else brings usage nearer to a threshold (B-11)
        left = (after.available - available, after.available)
        for month in {month for _, month in sums}:
            alerts.watch(account_id, month, used=used.get(month), left=left)
    return cast("int", after.position)


def open_lots(account_id: UUID) -> list[OpenLot]:
    """Return the lots that have credits left to use, oldest first."""
    rows = db.session.execute(_WITH_CREDITS, {"account": account_id})
    return [OpenLot(*row) for row in rows]


def move(account_id: UUID, moves: Mapping[UUID, Move]) -> None:
    """Shift credits within lots; each move's four parts add up to nothing."""
    for lot_id in sorted(moves):
        shift = moves[lot_id]
        db.session.execute(
            _SHIFT,
            {
                "account": account_id,
                "lot": lot_id,
                "by_remaining": shift.remaining,
                "by_held": shift.held,
                "by_spent": shift.spent,
                "by_lapsed": shift.lapsed,
            },
        )


def add_lot(
    organization_id: UUID,
    account_id: UUID,
    credits: int,  # noqa: A002 (the word of the domain)
    *,
    at: datetime,
    month: date,
    expires_at: datetime,
    reference: str,
    note: str | None,
) -> None:
    """Write a grant and its lot; what inbound texts took below zero is paid from it (B-10)."""
    line = Line(EntryKind.GRANT, credits, month, at, reference=reference, note=note)
    position = post(organization_id, account_id, [line])
    after = db.session.scalar(_BALANCE_AFTER, {"account": account_id, "line": position})
    assert after is not None  # just written
    owed = rules.settled_by_deficit(after - credits, credits)
    db.session.execute(
        insert(_LOTS).values(
            id=uuid4(),
            organization_id=organization_id,
            account_id=account_id,
            position=position,
            credits=credits,
            remaining=credits - owed,
            held=0,
            spent=owed,
            lapsed=0,
            granted_at=at,
            expires_at=expires_at,
        )
    )


def expire_due(books: Books, now: datetime, note: str | None = None) -> int:
    """Write off what is left in lots that expired by now; return how many credits (B-4).

    The lines bear the moment of the expiry, not of the visit: every write settles first,
    so no later line can already stand before them. Whoever calls this notes what is due next.
    """
    expired = db.session.execute(_EXPIRED, {"account": books.account_id, "now": now}).all()
    if expired:
        zone = queries.zone_of(books.organization_id)
        lines = [
            Line(
                EntryKind.EXPIRE,
                remaining,
                rules.month_of(expires_at, zone).first_day,
                expires_at,
                reference=f"lot:{lot_id}",
                note=note,
            )
            for lot_id, remaining, expires_at, _ in expired
        ]
        post(books.organization_id, books.account_id, lines)
        move(
            books.account_id,
            {lot_id: Move(remaining=-left, lapsed=left) for lot_id, left, _, _ in expired},
        )
    return sum(row.remaining for row in expired)


def note_due(account_id: UUID) -> None:
    """Set when the account has to be visited next: a lot's last day, or a subscription's 1st."""
    db.session.execute(_NOTE_DUE, {"account": account_id})


def begin_limit(account_id: UUID, month: date) -> None:
    """Begin a new credit limit: thresholds count anew under it, from where usage stands (3.4)."""
    db.session.execute(
        update(CreditAccount)
        .where(CreditAccount.account_id == account_id)
        .values(limit_epoch=CreditAccount.limit_epoch + 1)
        .execution_options(**_UNSYNCED)
    )
    alerts.look(account_id, month)


def is_posted(account_id: UUID, reference: str) -> bool:
    """Say whether the account has a line of this reference."""
    named = db.session.scalar(_NAMED, {"account": account_id, "name": reference})
    return named is not None


def _sums(lines: Sequence[Line]) -> Mapping[tuple[EntryKind, date], int]:
    """Return the credits of all lines of one kind in one month."""
    sums: dict[tuple[EntryKind, date], int] = defaultdict(int)
    for line in lines:
        sums[line.kind, line.month] += line.credits
    return sums


def _add_to_months(
    organization_id: UUID, account_id: UUID, sums: Mapping[tuple[EntryKind, date], int]
) -> dict[date, tuple[int, int]]:
    """Keep the sums of each month in step with its lines.

    Return what each month that changed had used, texts on their way included, before and after.
    """
    used = {}
    changes: dict[date, dict[str, int]] = defaultdict(
        lambda: {"used": 0, "reserved": 0, "granted": 0}
    )
    for (kind, first_day), sum_ in sums.items():
        effect, change = rules.EFFECTS[kind], changes[first_day]
        change["used"] += effect.spent * sum_
        change["reserved"] += effect.reserved * sum_
        change["granted"] += sum_ if kind is EntryKind.GRANT else 0
    for first_day in sorted(changes):
        change = changes[first_day]
        if not any(change.values()):
            continue
        updated = db.session.execute(
            _ADD_TO_MONTH,
            {
                "account": account_id,
                "first_day": first_day,
                **{f"by_{name}": value for name, value in change.items()},
            },
        ).scalar_one_or_none()
        moved = change["used"] + change["reserved"]
        if updated is None:
            updated = moved
            db.session.execute(
                insert(_MONTHS).values(
                    organization_id=organization_id,
                    account_id=account_id,
                    month=first_day,
                    **change,
                )
            )
        used[first_day] = (updated - moved, updated)
    return used
