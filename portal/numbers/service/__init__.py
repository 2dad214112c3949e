"""What can be done with numbers: search, order, carry out, settle, and pace."""

from portal.numbers.service.buying import (
    carry_out,
    is_available,
    make_default,
    place_order,
    retry_order,
    search,
    settle,
)
from portal.numbers.service.pacing import hold_back, room, take_slots

__all__ = [
    "carry_out",
    "hold_back",
    "is_available",
    "make_default",
    "place_order",
    "retry_order",
    "room",
    "search",
    "settle",
    "take_slots",
]
