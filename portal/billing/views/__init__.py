"""Pages of the marketplace, subscriptions, the credit statement, invoices and the catalogue."""

from portal.billing.views import books, catalogue, market, subscription
from portal.billing.views.blueprint import bp

__all__ = ["books", "bp", "catalogue", "market", "subscription"]
