"""Adding lots of credits, and taking unused ones off again (B-2, B-4, B-6)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from portal.billing import queries, rules
from portal.billing.models import CreditEntry, CreditLot
from portal.billing.service import ledger
from portal.billing.service.ledger import Line, Move
from portal.billing.service.settling import settled
from portal.billing.values import EntryKind
from portal.core.clock import utcnow
from portal.core.db import db
from portal.texting_accounts.values import AccountRef


def grant(
    account: AccountRef,
    credits: int,  # noqa: A002 (the word of the domain)
    *,
    reference: str,
    expires_at: datetime | None = None,
    note: str | None = None,
    month: date | None = None,
) -> bool:
    """Add a lot of credits, which expires a year later unless told otherwise (B-2, B-4).

    They count towards the month given by its first day, or the one it is now.

    A deficit left by inbound texts is paid from it first (B-10). Asking again with the
    same reference adds nothing and returns False.
    """
    if credits <= 0:
        raise ValueError("a grant has at least one credit")
    now = utcnow()
    zone = queries.zone_of(account.organization_id)
    expires_at = expires_at or rules.lot_expiry(now, zone)
    if expires_at <= now:
        raise ValueError("a grant can't have expired already")
    ledger.open_books(account.organization_id, account.id)
    books = settled(account.id, now)
    if books is None or ledger.is_posted(account.id, reference):
        return False
    ledger.add_lot(
        account.organization_id,
        account.id,
        credits,
        at=now,
        month=month or rules.month_of(now, zone).first_day,
        expires_at=expires_at,
        reference=reference,
        note=note,
    )
    ledger.note_due(account.id)
    return True


def take_off(
    account: AccountRef,
    credits: int,  # noqa: A002 (the word of the domain)
    *,
    month: date,
    reference: str,
    note: str,
) -> int:
    """Take credits off the lots that count towards a month, the newest first; return how many (B-6).

    Never more than is unused there: what texts on their way hold stays theirs. The ledger is
    settled already. Asking again with the same reference takes nothing.
    """
    if ledger.is_posted(account.id, reference):
        return 0
    lots = db.session.execute(
        select(CreditLot.id, CreditLot.remaining)
        .join(CreditEntry, queries.OF_THE_LOT)
        .where(
            CreditLot.account_id == account.id,
            CreditLot.remaining > 0,
            CreditEntry.month == month,
        )
        .order_by(CreditLot.position.desc())
    )
    moves: dict[UUID, Move] = {}
    left = credits
    for lot in lots:
        if part := min(left, lot.remaining):
            moves[lot.id] = Move(remaining=-part, lapsed=part)
            left -= part
    if not moves:
        return 0
    line = Line(EntryKind.ADJUST, left - credits, month, utcnow(), reference=reference, note=note)
    ledger.post(account.organization_id, account.id, [line])
    ledger.move(account.id, moves)
    return credits - left
