"""What is known about plans, subscriptions, balances, statements and invoices."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Table, bindparam, func, select

from portal.billing import rules
from portal.billing.models import (
    CreditAccount,
    CreditEntry,
    CreditLot,
    CreditMonth,
    Invoice,
    Plan,
    Subscription,
)
from portal.billing.values import (
    NO_BALANCE,
    Balance,
    EntryKind,
    InvoiceRef,
    PlanRef,
    Quote,
    Slot,
    StatementLine,
    StatementPage,
    SubscriptionRef,
    SubscriptionState,
)
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.people import queries as people
from portal.texting_accounts.values import AccountRef

_EXPORT_BATCH = 1000
_SUBSCRIPTIONS = cast(Table, Subscription.__table__)
_RUNNING = select(_SUBSCRIPTIONS.c.ends_at).where(  # made once: every text asks it
    _SUBSCRIPTIONS.c.account_id == bindparam("account"),
    _SUBSCRIPTIONS.c.state != SubscriptionState.ENDED,
)
_LINE = select(  # columns, not rows of the session: a download reads very many
    CreditEntry.position,
    CreditEntry.kind,
    CreditEntry.credits,
    CreditEntry.balance_after,
    CreditEntry.note,
    CreditEntry.message_id,
    CreditEntry.at,
)


def plans() -> list[PlanRef]:
    """Return the plans on offer, smallest first (B-1)."""
    return [plan for plan in all_plans() if plan.is_offered]


def all_plans() -> list[PlanRef]:
    """Return the whole catalogue, withdrawn plans included, smallest first."""
    rows = db.session.scalars(
        select(Plan).order_by(Plan.credits_per_month, Plan.price_cents, Plan.name)
    )
    return [plan_ref(row) for row in rows]


def plan(plan_id: UUID) -> PlanRef | None:
    """Return one plan of the catalogue, or None."""
    row = db.session.get(Plan, plan_id)
    return plan_ref(row) if row else None


def plan_ref(row: Plan) -> PlanRef:
    """Return a plan's row as other slices may hold it."""
    return PlanRef(row.id, row.name, row.credits_per_month, row.price_cents, row.is_offered)


def quote(account: AccountRef, plan_id: UUID) -> Quote | None:
    """Return the arithmetic of buying this plan now; None when it is not on offer (B-2)."""
    wanted = plan(plan_id)
    if wanted is None or not wanted.is_offered:
        return None
    left = balance(account.id).available
    return rules.quote(wanted, left, utcnow(), _zone(account.organization_id))


def subscription(account_id: UUID) -> SubscriptionRef | None:
    """Return the account's running subscription, or None."""
    row = db.session.scalar(
        select(Subscription).where(
            Subscription.account_id == account_id,
            Subscription.state != SubscriptionState.ENDED,
        )
    )
    return subscription_ref(row) if row else None


def subscription_ref(row: Subscription) -> SubscriptionRef:
    """Return a subscription's row as other slices may hold it."""
    terms = PlanRef(row.plan_id, row.plan_name, row.credits_per_month, row.price_cents)
    return SubscriptionRef(
        id=row.id,
        account_id=row.account_id,
        plan=terms,
        state=row.state,
        started_at=row.started_at,
        next_charge_at=row.next_charge_at,
        ends_at=row.ends_at,
    )


def has_active_subscription(account_id: UUID) -> bool:
    """Say whether the account may set up a number and send (B-1)."""
    running = db.session.execute(_RUNNING, {"account": account_id}).one_or_none()
    return running is not None and (running.ends_at is None or running.ends_at > utcnow())


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
    month = rules.month_of(now, _zone(books.organization_id))
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


def rail_meter(account: AccountRef) -> dict[str, object]:
    """Return what the rail's credit meter shows: label, value, of, percent and foot."""
    now = balance(account.id)
    foot = None
    if now.available < 0:
        foot = "Below zero by texts that came in"
    elif now.expiring_this_month and now.month_ends_on:
        day = f"{now.month_ends_on.day} {now.month_ends_on:%b}"
        foot = f"{now.expiring_this_month:,} expire by {day}"
    elif not has_active_subscription(account.id):
        foot = "No active subscription"
    return {
        "label": "Credits",
        "value": f"{now.available:,}",
        "of": "left",
        "percent": now.used_percent,
        "foot": foot,
        "url": None,  # the layout knows where the statement is
    }


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


def _zone(organization_id: UUID) -> str:
    organization = people.organization(organization_id)
    if organization is None:
        raise LookupError(f"no organization {organization_id}")
    return organization.timezone
