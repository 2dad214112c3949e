"""The arithmetic of plan changes, for one account or for several at once (B-5, B-6, B-13)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, select

from portal.billing import rules
from portal.billing.models import CreditEntry, CreditLot, SubscriptionChange
from portal.billing.queries.books import zone_of
from portal.billing.queries.outlook import standings
from portal.billing.queries.subscriptions import plan
from portal.billing.rules import Month
from portal.billing.values import ChangeQuote, SubscriptionRef
from portal.core.clock import utcnow
from portal.core.db import db
from portal.gateways import payments
from portal.texting_accounts.values import AccountRef

OF_THE_LOT: Final = and_(  # the entry that granted a lot
    CreditEntry.account_id == CreditLot.account_id, CreditEntry.position == CreditLot.position
)
_ZONES_APART: Final = timedelta(days=2)  # at most: an organization may move


def change_quote(account: AccountRef, plan_id: UUID) -> ChangeQuote | None:
    """Return the arithmetic of changing to this plan now (B-5, B-6, B-13).

    None without a running subscription, or when the plan is not on offer.
    """
    return change_quotes([account], plan_id).get(account.id)


def change_quotes(accounts: Sequence[AccountRef], plan_id: UUID) -> dict[UUID, ChangeQuote]:
    """Return that of several accounts of one organization; those that can't change are left out."""
    wanted = plan(plan_id)
    if not accounts or wanted is None or not wanted.is_offered:
        return {}
    now, zone = utcnow(), zone_of(accounts[0].organization_id)
    found = standings(accounts, now)
    running = {id_: s.subscription for id_, s in found.items() if s.subscription is not None}
    months = {id_: rules.month_before(s.next_charge_at, zone) for id_, s in running.items()}
    unused, granted = _unused(months), _granted(running, months)
    return {
        id_: rules.change_quote(
            subscription.plan,
            wanted,
            granted=granted[id_],
            unused=unused.get((id_, months[id_].first_day), 0),
            available=found[id_].balance.available,
            month=months[id_],
            today=rules.local_day(now, zone),
            least=payments.current().smallest_cents,
        )
        for id_, subscription in running.items()
    }


def _unused(months: Mapping[UUID, Month]) -> dict[tuple[UUID, date], int]:
    """Return what is left of the lots that count towards each account's month."""
    rows = db.session.execute(
        select(CreditLot.account_id, CreditEntry.month, func.sum(CreditLot.remaining).label("left"))
        .join(CreditEntry, OF_THE_LOT)
        .where(
            CreditLot.account_id.in_(list(months)),
            CreditLot.remaining > 0,
            CreditEntry.month.in_(sorted({month.first_day for month in months.values()})),
        )
        .group_by(CreditLot.account_id, CreditEntry.month)
    )
    return {(row.account_id, row.month): row.left for row in rows}


def _granted(
    running: Mapping[UUID, SubscriptionRef], months: Mapping[UUID, Month]
) -> dict[UUID, int]:
    """Return what each subscription brought in its month, less what changes took off (B-5)."""
    granted: dict[UUID, int] = defaultdict(int)
    if not running:
        return granted
    references = [
        rules.grant_reference(one.id, months[id_].first_day) for id_, one in running.items()
    ]
    earliest = min(month.starts_at for month in months.values()) - _ZONES_APART
    for row in db.session.execute(
        select(SubscriptionChange.account_id, SubscriptionChange.id).where(
            SubscriptionChange.subscription_id.in_([one.id for one in running.values()]),
            SubscriptionChange.at >= earliest,
        )
    ):
        one, month = running[row.account_id], months[row.account_id].first_day
        references.append(rules.change_reference(one.id, month, row.id))
    for entry in db.session.execute(
        select(CreditEntry.account_id, CreditEntry.credits).where(
            CreditEntry.account_id.in_(list(running)), CreditEntry.reference.in_(references)
        )
    ):
        granted[entry.account_id] += entry.credits
    return granted
