"""Plans, credits and subscriptions in their simplest right form."""

from uuid import uuid4

from sqlalchemy import update

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.models import Payment, Plan, Subscription
from portal.billing.values import Charge, PaymentKind, SubscriptionState
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work


def make_plan(name="Agent", credits_per_month=500, price_cents=1_600, is_offered=True):
    """Return a plan of the catalogue."""
    with unit_of_work():
        row = Plan(
            name=name,
            credits_per_month=credits_per_month,
            price_cents=price_cents,
            is_offered=is_offered,
        )
        db.session.add(row)
    return queries.plan_ref(row)


def make_subscription(account, plan=None):
    """Return a subscription of the account, with its first month's credits."""
    plan = plan or make_plan(name=f"Plan {uuid4().hex[:16]}")
    with unit_of_work():
        return billing.subscribe(account, plan.id, actor=SYSTEM, request_key=uuid4().hex)


def end_subscription(account):
    """Let the account's subscription have ended now."""
    ended = {"state": SubscriptionState.ENDED, "ends_at": utcnow()}
    with unit_of_work():
        db.session.execute(
            update(Subscription).where(Subscription.account_id == account.id).values(ended)
        )


def make_credits(account, count=100, expires_at=None):
    """Give the account credits."""
    with unit_of_work():
        billing.grant(account, count, reference=f"test:{uuid4()}", expires_at=expires_at)


def make_reserve(account, *costs):
    """Set credits aside for one text each and return the texts' ids."""
    charges = [Charge(uuid4(), cost) for cost in costs]
    with unit_of_work():
        billing.reserve(account, charges, at=utcnow())
    return [charge.message_id for charge in charges]


def make_payment(account, description="Agent, 500 credits a month", **more):
    """Return the id of a payment by card that waits on the provider's page."""
    subscription = queries.subscription(account.id) or make_subscription(account)
    plan, today = subscription.plan, utcnow().date()
    row = Payment(
        organization_id=account.organization_id,
        account_id=account.id,
        request_key=uuid4().hex,
        kind=PaymentKind.RENEWAL,
        subscription_id=subscription.id,
        plan_id=plan.id,
        plan_name=plan.name,
        credits_per_month=plan.credits_per_month,
        price_cents=plan.price_cents,
        amount_cents=plan.price_cents,
        description=description,
        period_start=today.replace(day=1),
        period_end=today,
        next_charge_at=subscription.next_charge_at,
        actor_label="tests",
        **more,
    )
    with unit_of_work():
        db.session.add(row)
    return row.id
