"""What may be done with plans, subscriptions and credits."""

from portal.billing.service.catalogue import add_plan, edit_plan, seed_catalogue
from portal.billing.service.credits import (
    capture,
    capture_many,
    charge_inbound,
    late_capture,
    refund,
    release,
    reserve,
    settle_due,
)
from portal.billing.service.granting import grant
from portal.billing.service.subscriptions import cancel, change_plan, subscribe, withdraw

__all__ = [
    "add_plan",
    "cancel",
    "capture",
    "capture_many",
    "change_plan",
    "charge_inbound",
    "edit_plan",
    "grant",
    "late_capture",
    "refund",
    "release",
    "reserve",
    "seed_catalogue",
    "settle_due",
    "subscribe",
    "withdraw",
]
