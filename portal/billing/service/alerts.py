"""Usage alerts: each threshold told once per account, month and credit limit (B-11).

Whoever moves credits holds the account's row. At the end of that unit of work, in its transaction,
usage is looked at once if a threshold was passed, so one burst is one alert: the highest. A
crash before the commit leaves neither credits moved nor alert; after it the notice stands, and
mail follows from the notice (PROMISES 3.7).
"""

from datetime import date
from functools import partial
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from portal.billing import rules
from portal.billing.models import CreditAccount, CreditAlert, CreditMonth, Subscription
from portal.billing.values import AlertState, SubscriptionState
from portal.core.clock import utcnow
from portal.core.db import Last, before_commit, db, is_sqlite
from portal.notifications import service as notifications
from portal.texting_accounts import queries as accounts


def watch(
    account_id: UUID, month: date, *, used: tuple[int, int] | None, left: tuple[int, int]
) -> None:
    """Have a look before the commit if usage passed a threshold; each pair is before and after.

    The caller knows these figures from what it just wrote, so where no threshold is passed
    nothing is asked of the database. None: the month's use did not change and is not known.
    """
    if used is None or rules.passes_threshold(used, left):
        look(account_id, month)


def look(account_id: UUID, month: date) -> None:
    """Look at an account's usage before the commit, once all its credits have moved."""
    before_commit(Last.ALERTS, account_id, partial(_tell, account_id, month))


def _tell(account_id: UUID, month: date) -> None:
    """Tell the highest threshold that is reached, unless it was told; mark those below it."""
    is_subscribed = select(Subscription.id).where(
        Subscription.account_id == account_id, Subscription.state != SubscriptionState.ENDED
    )
    books = db.session.execute(
        select(
            CreditAccount.organization_id,
            CreditAccount.limit_epoch,
            CreditAccount.available,
            func.coalesce(CreditMonth.used + CreditMonth.reserved, 0).label("used"),
        )
        .outerjoin(
            CreditMonth,
            and_(CreditMonth.account_id == CreditAccount.account_id, CreditMonth.month == month),
        )
        .where(CreditAccount.account_id == account_id, is_subscribed.exists())
    ).one_or_none()
    reached = rules.highest_threshold(books.used, books.available) if books else None
    if books is None or reached is None:
        return
    left = max(0, books.available)
    rows = [
        {
            "account_id": account_id,
            "month": month,
            "limit_epoch": books.limit_epoch,
            "threshold": threshold,
            "organization_id": books.organization_id,
            "state": AlertState.TOLD if threshold == reached else AlertState.SUPERSEDED,
            "used": books.used,
            "remaining": left,
            "at": utcnow(),
        }
        for threshold in rules.THRESHOLDS
        if threshold <= reached
    ]
    new = (sqlite if is_sqlite() else postgresql).insert(CreditAlert).values(rows)
    told = db.session.scalars(new.on_conflict_do_nothing().returning(CreditAlert.threshold)).all()
    if reached not in told:
        return
    account = accounts.account(account_id)
    assert account is not None  # its books are open
    title, text = rules.alert_words(reached, books.used, left)
    notifications.notify(
        organization_id=books.organization_id,
        account_id=account_id,
        user_ids=accounts.watchers(account),
        kind="credits",
        title=f"{account.name}: {title}",
        text=text,
        url=f"/accounts/{account_id}/marketplace",
        dedupe_key=f"credits:{account_id}:{month}:{books.limit_epoch}:{reached}",
    )
