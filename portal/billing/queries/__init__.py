"""What is known about plans, subscriptions, balances, statements and invoices."""

from portal.billing.queries.books import balance, invoices, statement, statement_lines, zone_of
from portal.billing.queries.checking import check_books
from portal.billing.queries.subscriptions import (
    all_plans,
    change_quote,
    has_active_subscription,
    lapsed_accounts,
    plan,
    plan_ref,
    plans,
    quote,
    rail_meter,
    subscription,
    subscription_ref,
)

__all__ = [
    "all_plans",
    "balance",
    "change_quote",
    "check_books",
    "has_active_subscription",
    "invoices",
    "lapsed_accounts",
    "plan",
    "plan_ref",
    "plans",
    "quote",
    "rail_meter",
    "statement",
    "statement_lines",
    "subscription",
    "subscription_ref",
    "zone_of",
]
