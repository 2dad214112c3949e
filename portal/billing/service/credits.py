"""Granting, reserving, charging and giving back credits (B-4, B-8, B-9, B-10)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from uuid import UUID

from sqlalchemy import Table, and_, bindparam, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from portal.billing import queries, rules
from portal.billing.errors import NotEnoughCredits
from portal.billing.models import CreditAccount, CreditEntry, CreditLot, HouseEntry, LotHold
from portal.billing.service import ledger
from portal.billing.service.ledger import Books, Line, Move
from portal.billing.service.settling import settled
from portal.billing.values import Charge, EntryKind, Slot
from portal.core.among import among
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.many_rows import insert_rows
from portal.texting_accounts.values import AccountRef

_LOTS = cast(Table, CreditLot.__table__)
_HOLDS = cast(Table, LotHold.__table__)
_ENTRIES = cast(Table, CreditEntry.__table__)
_CHUNK = 500  # ids in one IN list


# Made once: building a statement costs more than asking it, and every text asks these.
_CLOSER = _ENTRIES.alias()
_IS_OPEN = and_(
    among(_ENTRIES.c.message_id, "texts"),
    _ENTRIES.c.kind == bindparam("kind"),
    ~select(_CLOSER.c.id)
    .where(_CLOSER.c.message_id == _ENTRIES.c.message_id, _CLOSER.c.slot == bindparam("closing"))
    .exists(),
)
_OPENED = (
    select(
        _ENTRIES.c.account_id,
        _ENTRIES.c.message_id,
        _ENTRIES.c.credits,
        _ENTRIES.c.month,
        _ENTRIES.c.position,
        _HOLDS.c.lot_id,
        _HOLDS.c.credits.label("held"),
        _LOTS.c.expires_at,
    )
    .join(_HOLDS, _HOLDS.c.message_id == _ENTRIES.c.message_id, isouter=True)
    .join(_LOTS, _LOTS.c.id == _HOLDS.c.lot_id, isouter=True)
    .where(_IS_OPEN)
    .order_by(_LOTS.c.expires_at, _LOTS.c.position)
)


@dataclass(frozen=True, slots=True)
class _Open:
    """A text's entry that the next one is to close."""

    message_id: UUID
    credits: int
    month: date


@dataclass(frozen=True, slots=True)
class _Hold:
    """Credits a text took from one lot."""

    message_id: UUID
    lot_id: UUID
    credits: int
    expires_at: datetime


def reserve(account: AccountRef, charges: Sequence[Charge], *, at: datetime) -> None:
    """Set the credits of all these texts aside, or of none of them (B-9, PROMISES 3.2).

    One conditional update decides; texts that cost nothing are left out. Raises
    NotEnoughCredits, having written nothing.
    """
    if any(charge.credits < 0 for charge in charges):
        raise ValueError("a text can't cost less than nothing")
    costly = [charge for charge in charges if charge.credits > 0]
    if not costly:
        return
    total = sum(charge.credits for charge in costly)
    month = rules.month_of(at, queries.zone_of(account.organization_id)).first_day
    lines = [
        Line(EntryKind.RESERVE, c.credits, month, at, message_id=c.message_id, slot=Slot.RESERVE)
        for c in costly
    ]
    enough = CreditAccount.available >= total
    nothing_due = or_(CreditAccount.due_at.is_(None), CreditAccount.due_at > at)
    tenant = (account.organization_id, account.id)
    if ledger.post(*tenant, lines, only_if=(enough, nothing_due)) is None:
        books = settled(account.id, at)
        if books is None or ledger.post(*tenant, lines, only_if=(enough,)) is None:
            raise NotEnoughCredits(total, max(0, books.available) if books else 0)
    _hold(account, costly)


def capture(account_id: UUID, message_id: UUID) -> bool:
    """Charge a text for good: the carrier has it (positive evidence only, I4).

    Returns False, changing nothing, when it was charged or given back before, or cost nothing.
    """
    return capture_many(account_id, [message_id]) == 1


def capture_many(account_id: UUID, message_ids: Sequence[UUID]) -> int:
    """Charge many texts for good and return how many were still reserved."""
    now = utcnow()
    books = settled(account_id, now) if message_ids else None
    if books is None:
        return 0
    count = 0
    for ids in _chunks(message_ids):
        opened, holds = _opened(account_id, ids, EntryKind.RESERVE, Slot.RESOLVE)
        moves: dict[UUID, Move] = defaultdict(Move)
        for hold in holds:
            moves[hold.lot_id].held -= hold.credits
            moves[hold.lot_id].spent += hold.credits
        lines = [_closing(entry, EntryKind.CAPTURE, Slot.RESOLVE, now) for entry in opened]
        _write(books, lines, moves)
        count += len(opened)
    return count


def release(account_id: UUID, message_ids: Sequence[UUID], *, reason: str) -> int:
    """Give back what these texts had set aside and return how many there were (B-9).

    The credits return to the lots they came from; what came from a lot that has expired
    since then expires at once (RULINGS 7). Texts already charged or given back stay as
    they are, so asking twice is harmless.
    """
    return _give_back(account_id, message_ids, EntryKind.RELEASE, reason)


def refund(account_id: UUID, message_ids: Sequence[UUID], *, reason: str) -> int:
    """Give back what these texts were charged and return how many there were (PROMISES 2.6).

    For texts that failed before the carrier; the caller waits for the settle window.
    """
    return _give_back(account_id, message_ids, EntryKind.REFUND, reason)


def late_capture(account_id: UUID, message_id: UUID) -> bool:
    """Let the house pay for a text proven sent after its credits were given back.

    The account's books stay as they are (PROMISES 2.4). A text whose credits are still
    set aside is simply charged. Returns False when there is nothing left to pay.
    """
    if capture(account_id, message_id):
        return True
    given_back = db.session.execute(
        select(CreditEntry.organization_id, CreditEntry.credits).where(
            CreditEntry.account_id == account_id,
            CreditEntry.message_id == message_id,
            CreditEntry.kind == EntryKind.RELEASE,
        )
    ).one_or_none()
    if given_back is None:
        return False
    new = (sqlite if is_sqlite() else postgresql).insert(HouseEntry)
    added = db.session.execute(
        new.values(
            message_id=message_id,
            organization_id=given_back.organization_id,
            account_id=account_id,
            credits=given_back.credits,
        )
        .on_conflict_do_nothing()
        .returning(HouseEntry.message_id)
    )
    return added.one_or_none() is not None


def charge_inbound(
    account: AccountRef,
    credits: int,  # noqa: A002 (the word of the domain)
    *,
    reference: str,
    note: str | None = None,
) -> bool:
    """Charge a text that came in, even when no credits are left (B-10).

    What the lots can't pay takes the balance below zero; the next credits pay it first.
    Asking again with the same reference charges nothing and returns False.
    """
    if credits < 0:
        raise ValueError("a text can't cost less than nothing")
    if credits == 0:
        return False
    now = utcnow()
    ledger.open_books(account.organization_id, account.id)
    books = settled(account.id, now)
    if books is None or ledger.is_posted(account.id, reference):
        return False
    month = rules.month_of(now, queries.zone_of(account.organization_id)).first_day
    takes, _unpaid = rules.allocate_up_to(ledger.open_lots(account.id), credits)
    line = Line(EntryKind.INBOUND, credits, month, now, reference=reference, note=note)
    ledger.post(account.organization_id, account.id, [line])
    ledger.move(
        account.id,
        {take.lot_id: Move(remaining=-take.credits, spent=take.credits) for take in takes},
    )
    return True


def _hold(account: AccountRef, charges: Sequence[Charge]) -> None:
    """Pin the lots that pay for these charges, oldest first (B-4, RULINGS 7)."""
    moves: dict[UUID, Move] = defaultdict(Move)

    def holds() -> Iterator[dict[str, object]]:
        taken = rules.allocate(ledger.open_lots(account.id), (c.credits for c in charges))
        for charge, takes in zip(charges, taken, strict=True):
            for take in takes:
                moves[take.lot_id].remaining -= take.credits
                moves[take.lot_id].held += take.credits
                yield {
                    "message_id": charge.message_id,
                    "lot_id": take.lot_id,
                    "organization_id": account.organization_id,
                    "account_id": account.id,
                    "credits": take.credits,
                }

    insert_rows(_HOLDS, holds())
    ledger.move(account.id, moves)


def _give_back(account_id: UUID, message_ids: Sequence[UUID], kind: EntryKind, reason: str) -> int:
    """Return the credits of these texts to their lots, from `held` or from `spent`."""
    now = utcnow()
    books = settled(account_id, now) if message_ids else None
    if books is None:
        return 0
    is_release = kind is EntryKind.RELEASE
    opener = EntryKind.RESERVE if is_release else EntryKind.CAPTURE
    slot = Slot.RESOLVE if is_release else Slot.REFUND
    owed, count = max(0, -books.available), 0
    for ids in _chunks(message_ids):
        opened, holds = _opened(account_id, ids, opener, slot)
        moves: dict[UUID, Move] = defaultdict(Move)
        lapsed: dict[UUID, int] = defaultdict(int)
        for hold in holds:
            shift = moves[hold.lot_id]
            shift.held -= hold.credits if is_release else 0
            shift.spent -= 0 if is_release else hold.credits
            if hold.expires_at <= now:
                shift.lapsed += hold.credits
                lapsed[hold.message_id] += hold.credits
                continue
            paid = min(owed, hold.credits)  # inbound texts that came without credits go first
            owed -= paid
            shift.spent += paid
            shift.remaining += hold.credits - paid
        lines = []
        for entry in opened:
            lines.append(_closing(entry, kind, slot, now, reason))
            if gone := lapsed.get(entry.message_id):
                lost = _Open(entry.message_id, gone, entry.month)
                lines.append(_closing(lost, EntryKind.EXPIRE, Slot.LAPSE, now))
        _write(books, lines, moves)
        count += len(opened)
    if count:
        ledger.note_due(account_id)
    return count


def _opened(
    account_id: UUID, message_ids: Sequence[UUID], kind: EntryKind, closing: Slot
) -> tuple[list[_Open], list[_Hold]]:
    """Return these texts' entries of one kind that nothing has closed yet, and their lots.

    Both come oldest first. They are looked up by the texts alone: with the account as well, a planner without
    statistics walks through all the account's entries.
    """
    rows = db.session.execute(
        _OPENED, {"texts": message_ids, "kind": kind, "closing": closing}
    ).all()
    ours = sorted(
        (row for row in rows if row.account_id == account_id), key=lambda row: row.position
    )
    opened = {row.position: _Open(row.message_id, row.credits, row.month) for row in ours}
    holds = [
        _Hold(row.message_id, row.lot_id, row.held, row.expires_at)
        for row in rows
        if row.account_id == account_id and row.lot_id is not None
    ]
    return list(opened.values()), holds


def _closing(
    entry: _Open, kind: EntryKind, slot: Slot, now: datetime, note: str | None = None
) -> Line:
    """Return the line that closes an entry; it counts towards the entry's own month (I11)."""
    return Line(
        kind, entry.credits, entry.month, now, message_id=entry.message_id, slot=slot, note=note
    )


def _write(books: Books, lines: Sequence[Line], moves: dict[UUID, Move]) -> None:
    """Post lines with the moves of their lots, if there are any."""
    if lines:
        ledger.post(books.organization_id, books.account_id, lines)
        ledger.move(books.account_id, moves)


def _chunks(message_ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    """Yield the distinct ids in pieces that fit into one IN list."""
    distinct = list(dict.fromkeys(message_ids))
    for start in range(0, len(distinct), _CHUNK):
        yield distinct[start : start + _CHUNK]
