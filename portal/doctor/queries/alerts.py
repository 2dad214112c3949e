"""I8: each usage threshold that is reached was told, once and the highest (B-11)."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from portal.billing import queries as billing
from portal.billing import rules
from portal.billing.models import CreditAccount, CreditAlert, CreditMonth, Subscription
from portal.billing.values import AlertState, SubscriptionState
from portal.doctor.queries.looking import Check, Look
from portal.doctor.values import Found, Invariant


def alert_missing(look: Look) -> Iterable[Found]:
    """Find this month's usage beyond a threshold for which there is no alert."""
    month = rules.month_of(look.now, billing.zone_of(look.organization_id)).first_day
    rows = look.rows(
        select(
            CreditAccount.available,
            CreditAccount.limit_epoch,
            (CreditMonth.used + CreditMonth.reserved).label("used"),
            func.coalesce(
                select(func.max(CreditAlert.threshold))
                .where(
                    CreditAlert.account_id == CreditAccount.account_id,
                    CreditAlert.month == month,
                    CreditAlert.limit_epoch == CreditAccount.limit_epoch,
                )
                .scalar_subquery(),
                0,
            ).label("told"),
        )
        .join(
            CreditMonth,
            and_(CreditMonth.account_id == CreditAccount.account_id, CreditMonth.month == month),
        )
        .where(
            CreditAccount.account_id == look.account_id,
            select(Subscription.id)
            .where(
                Subscription.account_id == CreditAccount.account_id,
                Subscription.state != SubscriptionState.ENDED,
            )
            .exists(),
        )
    )
    for row in rows:
        reached = rules.highest_threshold(row.used, row.available)
        if reached is not None and row.told < reached:
            yield Found(month, f"Usage of {month:%B %Y} reached {reached} % and nobody was told.")


def alert_not_told(look: Look) -> Iterable[Found]:
    """Find alerts that say a higher one was told with them, where none was."""
    higher = aliased(CreditAlert)
    rows = look.rows(
        select(CreditAlert.month, CreditAlert.limit_epoch, CreditAlert.threshold).where(
            CreditAlert.account_id == look.account_id,
            CreditAlert.state == AlertState.SUPERSEDED,
            ~select(higher.threshold)
            .where(
                higher.account_id == CreditAlert.account_id,
                higher.month == CreditAlert.month,
                higher.limit_epoch == CreditAlert.limit_epoch,
                higher.threshold > CreditAlert.threshold,
                higher.state == AlertState.TOLD,
            )
            .exists(),
        )
    )
    for row in rows:
        yield Found(
            row.month,
            f"The alert at {row.threshold} % of {row.month:%B %Y} (limit {row.limit_epoch}) was "
            "left out for a higher one that was never told.",
        )


_TELL: Final = (
    "Tell the account's owner and team leads how many credits are left, and call support."
)

CHECKS: Final = (
    Check(Invariant.I8, alert_missing, _TELL),
    Check(Invariant.I8, alert_not_told, _TELL),
)
