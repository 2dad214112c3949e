"""Pages of the marketplace, subscriptions, the credit statement, invoices and the catalogue."""

from portal.billing.views import (
    books,
    catalogue,
    exporting,
    invoices,
    market,
    payments,
    receivables,
    several,
    subscription,
)
from portal.billing.views.blueprint import bp
from portal.billing.views.payments import webhooks

__all__ = [
    "blueprints",
    "books",
    "bp",
    "catalogue",
    "exporting",
    "invoices",
    "market",
    "payments",
    "receivables",
    "several",
    "subscription",
    "webhooks",
]

blueprints = [bp, webhooks]
