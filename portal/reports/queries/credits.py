"""Credits as the ledger's own sums have them: months, what is left, and what expires (M-3)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from portal.billing import queries as billing
from portal.billing.models import CreditLot, CreditMonth
from portal.billing.values import Standing
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.reports.rules.periods import Span
from portal.reports.values import MonthSums, Scope

_EXPIRING_SHOWN = 24


def months(scope: Scope, span: Span) -> list[MonthSums]:
    """Return what was granted, used and set aside in each month that the days touch."""
    rows = db.session.execute(
        select(
            CreditMonth.month,
            func.sum(CreditMonth.granted),
            func.sum(CreditMonth.used),
            func.sum(CreditMonth.reserved),
        )
        .where(
            owned(Tenant(scope.organization_id), CreditMonth),
            CreditMonth.account_id.in_(scope.account_ids),
            CreditMonth.month >= span.first.replace(day=1),
            CreditMonth.month <= span.last,
        )
        .group_by(CreditMonth.month)
        .order_by(CreditMonth.month)
    )
    return [MonthSums(*row) for row in rows]


def expiring(scope: Scope, now: datetime) -> Sequence[tuple[str, datetime, int]]:
    """Return account, last moment and credits of what expires next, the soonest first."""
    names = {account.id: account.name for account in scope.accounts}
    rows = db.session.execute(
        select(CreditLot.account_id, CreditLot.expires_at, func.sum(CreditLot.remaining))
        .where(
            owned(Tenant(scope.organization_id), CreditLot),
            CreditLot.account_id.in_(scope.account_ids),
            CreditLot.remaining > 0,
            CreditLot.expires_at > now,
        )
        .group_by(CreditLot.account_id, CreditLot.expires_at)
        .order_by(CreditLot.expires_at, CreditLot.account_id)
        .limit(_EXPIRING_SHOWN)
    )
    return [(names[account_id], at, credits_) for account_id, at, credits_ in rows]


def standings(scope: Scope) -> list[tuple[str, Standing]]:
    """Return where each account stands now."""
    found = billing.standings(scope.accounts)
    return [(account.name, found[account.id]) for account in scope.accounts]
