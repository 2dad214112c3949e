"""Reading balances, statements and invoices (B-12, B-13)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from portal.billing import rules
from portal.billing.models import (
    CreditAccount,
    CreditEntry,
    CreditLot,
    CreditMonth,
    Invoice,
)
from portal.billing.values import (
    NO_BALANCE,
    Balance,
    InvoiceRef,
    StatementLine,
    StatementPage,
)
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.people import queries as people

_EXPORT_BATCH = 1000
_LINE = select(  # columns, not rows of the session: a download reads very many
    CreditEntry.position,
    CreditEntry.kind,
    CreditEntry.credits,
    CreditEntry.balance_after,
    CreditEntry.note,
    CreditEntry.message_id,
    CreditEntry.at,
)


def balance(account_id: UUID, now: datetime | None = None) -> Balance:
    """Return where the account stands now.

    Reads only: what expired since the last visit is left out here and written off later.
    """
    now = now or utcnow()
    books = db.session.execute(
        select(
            CreditAccount.organization_id,
            CreditAccount.available,
            CreditAccount.reserved,
            CreditAccount.spent,
        ).where(CreditAccount.account_id == account_id)
    ).one_or_none()
    if books is None:
        return NO_BALANCE
    month = rules.month_of(now, zone_of(books.organization_id))
    lots = db.session.execute(
        select(CreditLot.remaining, CreditLot.expires_at).where(
            CreditLot.account_id == account_id,
            CreditLot.remaining > 0,
            CreditLot.expires_at <= month.ends_at,
        )
    ).all()
    gone = sum(lot.remaining for lot in lots if lot.expires_at <= now)
    expiring = sum(lot.remaining for lot in lots if lot.expires_at > now)
    used = db.session.scalar(
        select(CreditMonth.used).where(
            CreditMonth.account_id == account_id, CreditMonth.month == month.first_day
        )
    )
    available = books.available - gone
    return Balance(
        available=available,
        reserved=books.reserved,
        spent=books.spent,
        expiring_this_month=expiring,
        monthly_used=used or 0,
        monthly_left=max(0, available),
        month_ends_on=month.last_day,
    )


def statement(tenant: Tenant, before: int | None = None, limit: int = 50) -> StatementPage:
    """Return entries of the account, newest first, below the position `before` (B-13)."""
    wanted = _LINE.where(owned(tenant, CreditEntry))
    if before is not None:
        wanted = wanted.where(CreditEntry.position < before)
    newest = wanted.order_by(CreditEntry.position.desc()).limit(limit + 1)
    rows = db.session.execute(newest).all()
    lines = tuple(_line(row) for row in rows[:limit])
    return StatementPage(lines, lines[-1].position if len(rows) > limit else None)


def statement_lines(tenant: Tenant) -> Iterator[StatementLine]:
    """Yield every entry of the account, oldest first, without holding them all at once."""
    after = 0
    while True:
        rows = db.session.execute(
            _LINE.where(owned(tenant, CreditEntry), CreditEntry.position > after)
            .order_by(CreditEntry.position)
            .limit(_EXPORT_BATCH)
        ).all()
        yield from (_line(row) for row in rows)
        if len(rows) < _EXPORT_BATCH:
            return
        after = rows[-1].position


def invoices(tenant: Tenant, before: int | None = None, limit: int = 50) -> list[InvoiceRef]:
    """Return the account's invoice lines, newest first, below the number `before` (B-12)."""
    wanted = select(Invoice).where(owned(tenant, Invoice))
    if before is not None:
        wanted = wanted.where(Invoice.number < before)
    rows = db.session.scalars(wanted.order_by(Invoice.number.desc()).limit(limit))
    return [
        InvoiceRef(
            id=row.id,
            number=row.number,
            at=row.created_at,
            description=row.description,
            amount_cents=row.amount_cents,
            period_start=row.period_start,
            period_end=row.period_end,
            state=row.state,
            provider=row.provider,
        )
        for row in rows
    ]


def zone_of(organization_id: UUID) -> str:
    """Return the organization's time zone, by which months and lots are cut (B-3)."""
    organization = people.organization(organization_id)
    if organization is None:
        raise LookupError(f"no organization {organization_id}")
    return organization.timezone


def _line(row: Row[*tuple[Any, ...]]) -> StatementLine:
    """Return an entry as a person reads it."""
    effect = rules.EFFECTS[row.kind]
    label, detail = rules.describe(row.kind, row.note, row.message_id)
    return StatementLine(
        position=row.position,
        at=row.at,
        kind=row.kind,
        label=label,
        detail=detail,
        left_change=effect.available * row.credits,
        reserved_change=effect.reserved * row.credits,
        spent_change=effect.spent * row.credits,
        left_after=row.balance_after,
        message_id=row.message_id,
    )
