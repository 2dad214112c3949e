"""What may be done with plans, subscriptions and credits."""

from portal.billing.service.catalogue import add_plan, edit_plan, seed_catalogue
from portal.billing.service.closing import mark_paid, void
from portal.billing.service.credits import (
    capture,
    capture_many,
    charge_inbound,
    late_capture,
    refund,
    release,
    reserve,
)
from portal.billing.service.foreseeing import as_settled
from portal.billing.service.granting import grant
from portal.billing.service.invoicing import set_issuer, set_payer
from portal.billing.service.settling import placed, settled
from portal.billing.service.subscriptions import cancel, change_plan, subscribe, withdraw

__all__ = [
    "add_plan",
    "as_settled",
    "cancel",
    "capture",
    "capture_many",
    "change_plan",
    "charge_inbound",
    "edit_plan",
    "grant",
    "late_capture",
    "mark_paid",
    "placed",
    "refund",
    "release",
    "reserve",
    "seed_catalogue",
    "set_issuer",
    "set_payer",
    "settled",
    "subscribe",
    "void",
    "withdraw",
]
