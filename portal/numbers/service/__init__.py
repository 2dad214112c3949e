"""What can be done with numbers: search, order, carry out, settle, and pace."""

from portal.numbers.service.adopting import adopt, note_joined
from portal.numbers.service.allowing import (
    check_allowed,
    check_unrestricted,
    stop_of,
    way_past,
)
from portal.numbers.service.buying import (
    carry_out,
    is_available,
    make_default,
    place_order,
    retry_order,
    search,
    settle,
)
from portal.numbers.service.opening import (
    keep_opened,
    open_account,
    take_charge_of_opening,
)
from portal.numbers.service.pacing import hold_back, room, take_slots
from portal.numbers.service.pointing import our_hooks, point_here
from portal.numbers.service.registering import note_campaign, note_toll_free
from portal.numbers.service.releasing import ask_release, hear_port_out, keep, take_away

__all__ = [
    "adopt",
    "ask_release",
    "carry_out",
    "check_allowed",
    "check_unrestricted",
    "hear_port_out",
    "hold_back",
    "is_available",
    "keep",
    "keep_opened",
    "make_default",
    "note_campaign",
    "note_joined",
    "note_toll_free",
    "open_account",
    "our_hooks",
    "place_order",
    "point_here",
    "retry_order",
    "room",
    "search",
    "settle",
    "stop_of",
    "take_away",
    "take_charge_of_opening",
    "take_slots",
    "way_past",
]
