"""Which steps a transfer takes, who does them, and when to try again (N-2)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from portal.core.steps import milestones as how_far
from portal.transfers.values import Path, Step

_BEFORE: Final = (Step.CONNECT, Step.PICK, Step.CHECK, Step.CONFIRM, Step.OPEN, Step.CARRY)
_AFTER: Final = (Step.POINT, Step.JOIN, Step.LAST_LOOK, Step.TEST, Step.CLEAN_UP)
_ARRIVE: Final = {Path.SAME_OWNER: Step.MOVE, Path.UNRELATED: Step.AWAIT}
# Without the old account's token nothing can be looked at there.
WITHOUT_TOKEN: Final = (
    Step.CONFIRM,
    Step.OPEN,
    Step.AWAIT,
    Step.POINT,
    Step.JOIN,
    Step.TEST,
    Step.CLEAN_UP,
)
WITH_TOKEN: Final = (Step.CONNECT,)  # what follows is known once it is
BY_PERSON: Final = frozenset({Step.PICK, Step.CONFIRM})
MAY_BE_SKIPPED: Final = frozenset({Step.LAST_LOOK, Step.TEST})
# Until the number is here, a restricted account may not go on (N-7).
BEFORE_ARRIVAL: Final = frozenset({Step.OPEN, Step.CARRY, Step.MOVE})
_WITH_OLD: Final = frozenset(
    {Step.CONNECT, Step.PICK, Step.CHECK, Step.CARRY, Step.MOVE, Step.LAST_LOOK}
)
STEP_WORDS: Final = {
    Step.CONNECT: "The old account is opened",
    Step.PICK: "A number is picked",
    Step.CHECK: "What the move changes is looked up",
    Step.CONFIRM: "Somebody agrees to it",
    Step.OPEN: "Your brokerage's account at Twilio is made ready",
    Step.CARRY: "Opt-outs are carried along",
    Step.MOVE: "The number is moved",
    Step.AWAIT: "Twilio's support moves the number",
    Step.POINT: "Its texts are pointed here",
    Step.JOIN: "It joins your sender pool",
    Step.LAST_LOOK: "Opt-outs that came meanwhile are carried along",
    Step.TEST: "A test text comes in",
    Step.CLEAN_UP: "The old account's token is deleted",
}
_MILESTONES: Final = (
    ("Connect", frozenset({Step.CONNECT})),
    ("Pick", frozenset({Step.PICK})),
    ("Check", frozenset({Step.CHECK, Step.CONFIRM})),
    ("Move", frozenset({Step.OPEN, Step.CARRY, Step.MOVE, Step.AWAIT, Step.POINT, Step.JOIN,
                        Step.LAST_LOOK})),
    ("Test", frozenset({Step.TEST})),
    ("Clean up", frozenset({Step.CLEAN_UP})),
)  # fmt: skip
LOOKED_AT_LEAST_EVERY: Final = timedelta(minutes=30)  # while Twilio's support has it
TEST_WITHIN: Final = timedelta(days=1)
IDLE_FOR: Final = timedelta(days=7)
SUPPORT_WITHIN: Final = timedelta(days=60)


def all_steps(path: Path) -> tuple[Step, ...]:
    """Return every step of a transfer whose old account was opened."""
    return (*_BEFORE, _ARRIVE[path], *_AFTER)


def after_connecting(path: Path) -> tuple[Step, ...]:
    """Return what is left once the old account is open."""
    return all_steps(path)[1:]


def may_pick(step: Step | None, path: Path | None) -> bool:
    """Say whether a number, or another one, may still be picked."""
    return path is not None and step in {Step.PICK, Step.CHECK, Step.CONFIRM}


def may_be_stopped(step: Step | None) -> bool:
    """Say whether a restriction of the account would still hold it up, now or soon (N-7)."""
    return step in {*_BEFORE, Step.MOVE}


def needs_token(todo: Sequence[Step]) -> bool:
    """Say whether the old account has still to be opened for something."""
    return bool(_WITH_OLD & set(todo))


def is_over(step: Step, since: datetime, now: datetime) -> bool:
    """Say whether a step that may be skipped has been waited for long enough."""
    return step in MAY_BE_SKIPPED and now - since >= TEST_WITHIN


def is_abandoned(step: Step, since: datetime, now: datetime, *, waits_for_person: bool) -> bool:
    """Say whether nobody went on for so long that the old account's token must not stay here."""
    if step is Step.AWAIT:
        return now - since >= SUPPORT_WITHIN
    return waits_for_person and now - since >= IDLE_FOR


def milestones(todo: Sequence[Step], *, is_seen: bool) -> list[tuple[str, str]]:
    """Return how far it came: each part with "done", "current" or "todo".

    In an account nobody can look into, there is nothing to connect or pick.
    """
    shown = _MILESTONES if is_seen else _MILESTONES[2:]
    is_first = bool(todo) and todo[0] is Step.CONNECT  # what follows is known once it is open
    left = frozenset().union(*(steps for _, steps in shown)) if is_first else todo
    return how_far(shown, left, is_begun=True)
