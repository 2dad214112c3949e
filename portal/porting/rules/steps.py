"""Which steps bring a number over, and what they mean to people (N-3)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from portal.core.steps import milestones as how_far
from portal.porting.values import State, Step

_SEND: Final = (Step.UPLOAD, Step.ORDER, Step.AWAIT)
SET_UP: Final = (Step.ARRIVE, Step.JOIN)
FIRST: Final = (Step.ACCOUNT, Step.LISTEN, *_SEND, *SET_UP)
# A request that was turned down can't be changed at Twilio: it is called off and made anew.
AGAIN: Final = (Step.ACCOUNT, Step.WITHDRAW, *_SEND, *SET_UP)
CALL_OFF: Final = (Step.WITHDRAW,)
# What leads to a number that is not asked for yet: stopped accounts go no further (N-7).
BEFORE_ASKED: Final = frozenset({Step.ACCOUNT, Step.LISTEN, Step.UPLOAD, Step.ORDER})
LOOKED_AT_LEAST_EVERY: Final = timedelta(hours=1)  # while the other carrier has it
_STATES: Final = {
    Step.AWAIT: State.UNDERWAY,
    Step.ARRIVE: State.ARRIVING,
    Step.JOIN: State.ARRIVING,
}
_MILESTONES: Final = (
    ("Sent in", frozenset({Step.ACCOUNT, Step.LISTEN, Step.WITHDRAW, Step.UPLOAD, Step.ORDER})),
    ("Signed and moved", frozenset({Step.AWAIT})),
    ("Set up here", frozenset(SET_UP)),
)


def state_at(todo: Sequence[Step]) -> State:
    """Return the state of a port-in with these steps left."""
    if not todo:
        return State.DONE
    if tuple(todo) == CALL_OFF:
        return State.CANCELING
    return _STATES.get(todo[0], State.SENDING)


def milestones(state: State, todo: Sequence[Step]) -> list[tuple[str, str]]:
    """Return how far it came: each part with "done", "current" or "todo"."""
    is_begun = state not in (State.DRAFT, State.CANCELED)
    return how_far(_MILESTONES, todo if is_begun else FIRST, is_begun=is_begun)
