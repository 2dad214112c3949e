"""What a text of several parts comes to."""

from collections.abc import Iterable
from typing import Final

from portal.messaging.values import State

# What did not arrive comes first, then what may not, what is still to go, and what is on its way.
_BY_TROUBLE: Final = (
    State.REJECTED,
    State.FAILED,
    State.UNDELIVERED,
    State.BLOCKED,
    State.CANCELED,
    State.EXPIRED,
    State.UNCONFIRMED,
    State.UNKNOWN,
    State.HELD,
    State.QUEUED,
    State.CLAIMED,
    State.SUBMITTING,
    State.ACCEPTED,
    State.SENT,
    State.DELIVERED,
)


def worst(states: Iterable[State]) -> State:
    """Return where a text of these parts stands: it has arrived once every part has."""
    return min(states, key=_BY_TROUBLE.index)
