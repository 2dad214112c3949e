"""Tables of billing; private to the slice."""

from portal.billing.models.invoices import (
    BillingDetails,
    Invoice,
    InvoiceIssuer,
    InvoiceSequence,
)
from portal.billing.models.ledger import (
    CreditAccount,
    CreditAlert,
    CreditEntry,
    CreditLot,
    CreditMonth,
    HouseEntry,
    LotHold,
)
from portal.billing.models.payments import (
    Payment,
    PaymentCustomer,
    PaymentEvent,
    PaymentRefund,
)
from portal.billing.models.plans import Plan, Subscription, SubscriptionChange

__all__ = [
    "BillingDetails",
    "CreditAccount",
    "CreditAlert",
    "CreditEntry",
    "CreditLot",
    "CreditMonth",
    "HouseEntry",
    "Invoice",
    "InvoiceIssuer",
    "InvoiceSequence",
    "LotHold",
    "Payment",
    "PaymentCustomer",
    "PaymentEvent",
    "PaymentRefund",
    "Plan",
    "Subscription",
    "SubscriptionChange",
]
