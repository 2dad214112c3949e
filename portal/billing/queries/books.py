"""Reading balances and statements (B-13)."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, and_, bindparam, func, select

from portal.billing import rules
from portal.billing.models import (
    CreditAccount,
    CreditEntry,
    CreditLot,
    CreditMonth,
    Subscription,
)
from portal.billing.values import (
    EVERYTHING,
    NO_BALANCE,
    Balance,
    StatementFilter,
    StatementLine,
    StatementPage,
    SubscriptionState,
    Term,
)
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.once import answered, once_a_page
from portal.core.tenancy import Tenant, owned
from portal.people import queries as people
from portal.texting_accounts import queries as accounts

_EXPORT_BATCH = 1000
_CREDITS = cast(Table, CreditAccount.__table__)
_LOT = cast(Table, CreditLot.__table__)
_MONTH = cast(Table, CreditMonth.__table__)
_RUNS = cast(Table, Subscription.__table__)
_NOT_ENDED = _RUNS.c.state != SubscriptionState.ENDED
# Made once: every page has the meter (G6). A row for each lot of this month and before.
_BALANCE = (
    select(
        _CREDITS.c.available,
        _CREDITS.c.reserved,
        _CREDITS.c.spent,
        _MONTH.c.used.label("month_used"),
        _MONTH.c.reserved.label("month_reserved"),
        _RUNS.c.organization_id.label("runs_in"),
        _RUNS.c.ends_at,
        _LOT.c.remaining,
        _LOT.c.expires_at,
    )
    .select_from(
        _CREDITS.outerjoin(
            _MONTH,
            and_(
                _MONTH.c.account_id == _CREDITS.c.account_id,
                _MONTH.c.month == bindparam("first_day"),
            ),
        )
        .outerjoin(_RUNS, and_(_RUNS.c.account_id == _CREDITS.c.account_id, _NOT_ENDED))
        .outerjoin(
            _LOT,
            and_(
                _LOT.c.account_id == _CREDITS.c.account_id,
                _LOT.c.remaining > 0,
                _LOT.c.expires_at <= bindparam("month_end"),
            ),
        )
    )
    .where(_CREDITS.c.account_id == bindparam("account"))
)
# Made once: every text asks it.
_TERM = select(_RUNS.c.organization_id, _RUNS.c.ends_at).where(
    _RUNS.c.account_id == bindparam("account"), _NOT_ENDED
)
LINE = select(  # columns, not rows of the session: a download reads very many
    CreditEntry.position,
    CreditEntry.kind,
    CreditEntry.credits,
    CreditEntry.balance_after,
    CreditEntry.note,
    CreditEntry.message_id,
    CreditEntry.reference,
    CreditEntry.at,
)


@once_a_page
def balance(account_id: UUID, now: datetime | None = None) -> Balance:
    """Return where the account stands now.

    Reads only: what expired since the last visit is left out here and written off later.
    """
    now, account = now or utcnow(), accounts.account(account_id)
    if account is None:
        return NO_BALANCE
    zone = zone_of(account.organization_id)
    month = rules.month_of(now, zone)
    asked = {"account": account_id, "first_day": month.first_day, "month_end": month.ends_at}
    rows = db.session.execute(_BALANCE, asked).all()
    if not rows:
        return NO_BALANCE
    books = rows[0]
    runs = None if books.runs_in is None else Term(books.runs_in, books.ends_at)
    answered(term, runs, account_id)
    lots = [row for row in rows if row.remaining is not None]
    gone = sum(lot.remaining for lot in lots if lot.expires_at <= now)
    expiring = [lot for lot in lots if lot.expires_at > now]
    available = books.available - gone
    return Balance(
        available=available,
        reserved=books.reserved,
        spent=books.spent,
        expiring_this_month=sum(lot.remaining for lot in expiring),
        monthly_used=books.month_used or 0,
        monthly_reserved=books.month_reserved or 0,
        monthly_left=max(0, available),
        expiring_on=rules.last_days([lot.expires_at for lot in expiring], zone),
    )


@once_a_page
def term(account_id: UUID) -> Term | None:
    """Return how long the account's subscription runs; None: it has none, or that ended."""
    row = db.session.execute(_TERM, {"account": account_id}).one_or_none()
    return Term(*row) if row else None


def statement(
    tenant: Tenant,
    before: int | None = None,
    limit: int = 50,
    asked: StatementFilter = EVERYTHING,
) -> StatementPage:
    """Return entries of the account, newest first, below the position `before` (B-13)."""
    wanted = LINE.where(owned(tenant, CreditEntry), *_within(asked))
    if before is not None:
        wanted = wanted.where(CreditEntry.position < before)
    newest = wanted.order_by(CreditEntry.position.desc()).limit(limit + 1)
    rows = db.session.execute(newest).all()
    lines = tuple(line_of(row) for row in rows[:limit])
    return StatementPage(lines, lines[-1].position if len(rows) > limit else None)


def statement_lines(tenant: Tenant, asked: StatementFilter = EVERYTHING) -> Iterator[StatementLine]:
    """Yield the account's entries, oldest first, without holding them all at once."""
    return chain.from_iterable(statement_batches(tenant, asked))


def statement_batches(
    tenant: Tenant, asked: StatementFilter
) -> Iterator[tuple[StatementLine, ...]]:
    """Yield the same some at a time; between two the session may be used for something else."""
    after = 0
    while True:
        rows = db.session.execute(
            LINE.where(owned(tenant, CreditEntry), CreditEntry.position > after, *_within(asked))
            .order_by(CreditEntry.position)
            .limit(_EXPORT_BATCH)
        ).all()
        yield tuple(line_of(row) for row in rows)
        if len(rows) < _EXPORT_BATCH:
            return
        after = rows[-1].position


def statement_count(tenant: Tenant, asked: StatementFilter, most: int | None = None) -> int:
    """Return how many entries are asked for; counting stops at `most`."""
    some = select(CreditEntry.position).where(owned(tenant, CreditEntry), *_within(asked))
    return db.session.scalar(select(func.count()).select_from(some.limit(most).subquery())) or 0


def statement_begin(tenant: Tenant) -> datetime | None:
    """Return when the account's first entry was made; None without any."""
    wanted = select(CreditEntry.at).where(owned(tenant, CreditEntry))
    return db.session.scalar(wanted.order_by(CreditEntry.position).limit(1))


def _within(asked: StatementFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if asked.kind is not None:
        conditions.append(CreditEntry.kind == asked.kind)
    if asked.starts_at is not None:
        conditions.append(CreditEntry.at >= asked.starts_at)
    if asked.ends_at is not None:
        conditions.append(CreditEntry.at < asked.ends_at)
    return conditions


def zone_of(organization_id: UUID) -> str:
    """Return the organization's time zone, by which months and lots are cut (B-3)."""
    organization = people.organization(organization_id)
    if organization is None:
        raise LookupError(f"no organization {organization_id}")
    return organization.timezone


def line_of(row: Row[*tuple[Any, ...]]) -> StatementLine:
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
        reference=row.reference,
    )
