"""Months that a card pays: what follows when the money comes, and when it does not (B-3, B-12)."""

from uuid import UUID

from portal.billing import rules
from portal.billing.errors import NotSubscribed
from portal.billing.models import Subscription
from portal.billing.service import dues, granting, ledger, subscriptions
from portal.billing.service.subscriptions import Terms
from portal.billing.values import SubscriptionState
from portal.core.audit import SYSTEM
from portal.core.db import db
from portal.texting_accounts.values import AccountRef


def end_unpaid(subscription_id: UUID) -> None:
    """Let a subscription end on the 1st because its card was declined for good (B-7, B-12)."""
    subscription = db.session.get_one(Subscription, subscription_id, populate_existing=True)
    if subscription.state is SubscriptionState.ACTIVE:
        subscription.state = SubscriptionState.CANCELING
        subscription.ends_at = subscription.next_charge_at
        subscription.is_unpaid = True
        subscriptions.record("unpaid", subscription, SYSTEM)


def renewed(account: AccountRef, subscription_id: UUID, terms: Terms) -> None:
    """Grant a month whose money came, at once; what was to end unpaid goes on (B-3).

    The ledger is locked. Raises NotSubscribed when the subscription ended meanwhile.
    """
    subscription = db.session.get(Subscription, subscription_id, populate_existing=True)
    if subscription is None or subscription.state is SubscriptionState.ENDED:
        raise NotSubscribed
    month = terms.period_start
    ledger.begin_limit(account.id, month)  # what rolled over may be used up and told by now
    granting.grant(
        account,
        terms.plan.credits_per_month,
        reference=rules.grant_reference(subscription.id, month),
        note=f"{terms.plan.name}, {month:%B %Y}",
        month=month,
    )
    ledger.note_due(account.id)
    subscriptions.record("renew", subscription, SYSTEM, month=rules.period(month))


def goes_on(subscription_id: UUID) -> None:
    """Let a subscription that was to end unpaid go on, once nothing is owed any more."""
    subscription = db.session.get_one(Subscription, subscription_id, populate_existing=True)
    if subscription.is_unpaid and not dues.owed(subscription.account_id):
        subscription.state, subscription.ends_at = SubscriptionState.ACTIVE, None
        subscription.is_unpaid = False
        subscriptions.record("keep", subscription, SYSTEM)
