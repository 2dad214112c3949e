"""What may be done with plans, subscriptions and credits."""

from portal.billing.service.catalogue import add_plan, edit_plan, seed_catalogue
from portal.billing.service.credits import (
    capture,
    capture_many,
    charge_inbound,
    expire_lots,
    grant,
    late_capture,
    refund,
    release,
    reserve,
)
from portal.billing.service.subscriptions import subscribe

__all__ = [
    "add_plan",
    "capture",
    "capture_many",
    "charge_inbound",
    "edit_plan",
    "expire_lots",
    "grant",
    "late_capture",
    "refund",
    "release",
    "reserve",
    "seed_catalogue",
    "subscribe",
]
