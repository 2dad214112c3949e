"""Where many accounts stand, and when their credits run out, in five statements (B-13)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import Table, func, select

from portal.billing import rules
from portal.billing.models import CreditAccount, CreditLot, CreditMonth, Subscription
from portal.billing.queries.books import zone_of
from portal.billing.queries.payments import unpaid_renewal
from portal.billing.queries.subscriptions import has_active_subscription, subscription_ref
from portal.billing.rules import LowCredits, Stock
from portal.billing.values import (
    NO_BALANCE,
    Balance,
    Forecast,
    Standing,
    SubscriptionRef,
    SubscriptionState,
)
from portal.core.access import Me, Permission
from portal.core.clock import utcnow
from portal.core.db import db
from portal.gateways import payments
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_SUBSCRIPTIONS = cast(Table, Subscription.__table__)


def forecast(account: AccountRef, now: datetime | None = None) -> Forecast:
    """Return when the account's credits run out at its pace."""
    return standings([account], now)[account.id].forecast


def standings(accounts: Sequence[AccountRef], now: datetime | None = None) -> dict[UUID, Standing]:
    """Return balance, subscription and forecast of these accounts of one organization.

    The same few statements however many accounts there are. Reads only, like `balance`.
    """
    if not accounts:
        return {}
    now = now or utcnow()
    zone = zone_of(accounts[0].organization_id)
    ids = [account.id for account in accounts]
    balances, lots = _balances(ids, now, zone)
    subscriptions = _subscriptions(ids)
    months, began = _months(ids, now, zone), _began(ids)
    found = {}
    today = rules.local_day(now, zone)
    for id_ in ids:
        balance, running = balances.get(id_, NO_BALANCE), subscriptions.get(id_)
        pace = None
        if id_ in began:
            pace = rules.pace(*months[id_], rules.local_day(began[id_], zone), today)
        stock = Stock(
            available=balance.available,
            lots=tuple(lots.get(id_, ())),
            renews_on=max(today, rules.local_day(running.next_charge_at, zone))  # or overdue
            if running
            else None,
            monthly=running.plan.credits_per_month if running else 0,
            is_canceling=running is not None and running.is_canceling,
        )
        found[id_] = Standing(balance, running, rules.forecast(stock, pace, today))
    return found


def low_credits(account: AccountRef, balance: Balance, person: Me) -> LowCredits | None:
    """Return what a page tells this person about credits that run low; None while they don't.

    From the first threshold of B-11 on. Who may not change the plan is told whom to ask.
    """
    is_low = balance.available <= 0 or balance.used_percent >= rules.THRESHOLDS[0]
    if not is_low or not (balance.available < 0 or has_active_subscription(account.id)):
        return None  # without a plan the pages say so already (B-1)
    may_buy = person.may(Permission.CHANGE_SUBSCRIPTION)
    asked = [] if may_buy else [id_ for id_ in accounts.watchers(account) if id_ != person.user_id]
    names = sorted(user.name for user in people.users(asked).values())
    level, title, text = rules.low_words(balance)
    owed = unpaid_renewal(account.tenant)  # no bigger plan before this month is paid (B-12)
    if owed is not None and payments.cards() is None:  # it waits for whoever notes the payment
        text += " This month's come the moment the administrator notes its payment."
        invoices_url = f"/accounts/{account.id}/invoices"
        return LowCredits(level, title, text, invoices_url, "See its invoice")
    if owed is not None:
        text += " This month's come the moment it is paid."
    if not may_buy:
        wish = "to pay this month" if owed else "for a bigger plan"
        text += f" Ask {' or '.join(names) or 'your team lead'} {wish}."
        return LowCredits(level, title, text, None, None)
    if owed is not None:
        pay_url = f"/accounts/{account.id}/payments/{owed.id}"
        return LowCredits(level, title, text, pay_url, "Pay this month")
    shop_url = f"/accounts/{account.id}/marketplace"
    return LowCredits(level, title, text, shop_url, "Choose a bigger plan")


def _balances(
    ids: Sequence[UUID], now: datetime, zone: str
) -> tuple[dict[UUID, Balance], dict[UUID, list[tuple[date, int]]]]:
    """Return balances, and each account's open lots as (first day they are gone, credits)."""
    month = rules.month_of(now, zone)
    gone: dict[UUID, int] = defaultdict(int)
    expiring: dict[UUID, list[tuple[datetime, int]]] = defaultdict(list)
    lots: dict[UUID, list[tuple[date, int]]] = defaultdict(list)
    for row in db.session.execute(
        select(CreditLot.account_id, CreditLot.remaining, CreditLot.expires_at).where(
            CreditLot.account_id.in_(ids), CreditLot.remaining > 0
        )
    ):
        if row.expires_at <= now:
            gone[row.account_id] += row.remaining
            continue
        if row.expires_at <= month.ends_at:
            expiring[row.account_id].append((row.expires_at, row.remaining))
        last = rules.last_day(row.expires_at, zone)
        lots[row.account_id].append((last + timedelta(days=1), row.remaining))
    balances = {}
    for books in db.session.execute(
        select(
            CreditAccount.account_id,
            CreditAccount.available,
            CreditAccount.reserved,
            CreditAccount.spent,
            func.coalesce(CreditMonth.used, 0).label("used"),
            func.coalesce(CreditMonth.reserved, 0).label("monthly_reserved"),
        )
        .outerjoin(
            CreditMonth,
            (CreditMonth.account_id == CreditAccount.account_id)
            & (CreditMonth.month == month.first_day),
        )
        .where(CreditAccount.account_id.in_(ids))
    ):
        left = books.available - gone[books.account_id]
        balances[books.account_id] = Balance(
            available=left,
            reserved=books.reserved,
            spent=books.spent,
            expiring_this_month=sum(count for _, count in expiring[books.account_id]),
            monthly_used=books.used,
            monthly_reserved=books.monthly_reserved,
            monthly_left=max(0, left),
            expiring_on=rules.last_days([at for at, _ in expiring[books.account_id]], zone),
        )
    return balances, lots


def _subscriptions(ids: Sequence[UUID]) -> dict[UUID, SubscriptionRef]:
    rows = db.session.execute(
        select(*_SUBSCRIPTIONS.columns).where(
            _SUBSCRIPTIONS.c.account_id.in_(ids), _SUBSCRIPTIONS.c.state != SubscriptionState.ENDED
        )
    )
    return {row.account_id: subscription_ref(row) for row in rows}


def _months(ids: Sequence[UUID], now: datetime, zone: str) -> dict[UUID, tuple[int, int]]:
    """Return what each account used, texts on their way included, last month and this month."""
    this = rules.local_day(now, zone).replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    used: dict[UUID, dict[date, int]] = defaultdict(dict)
    for row in db.session.execute(
        select(
            CreditMonth.account_id,
            CreditMonth.month,
            (CreditMonth.used + CreditMonth.reserved).label("used"),
        ).where(CreditMonth.account_id.in_(ids), CreditMonth.month.in_([last, this]))
    ):
        used[row.account_id][row.month] = row.used
    return {id_: (used[id_].get(last, 0), used[id_].get(this, 0)) for id_ in ids}


def _began(ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when each account's first credits came."""
    rows = db.session.execute(
        select(CreditLot.account_id, func.min(CreditLot.granted_at).label("at"))
        .where(CreditLot.account_id.in_(ids))
        .group_by(CreditLot.account_id)
    )
    return {row.account_id: row.at for row in rows}
