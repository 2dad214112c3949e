"""How far a text is, as reports count it: many states, few stages (M-3)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from portal.messaging.values import State


class Stage(StrEnum):
    """Where a text stands in a report. What moves within a stage is not counted anew."""

    WAITING = "waiting"  # on its way to the carrier, or held
    ACCEPTED = "accepted"  # the carrier has it
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    CANCELED = "canceled"
    UNCONFIRMED = "unconfirmed"
    EXPIRED = "expired"


STAGES: Final[Mapping[State, Stage]] = {
    State.QUEUED: Stage.WAITING,
    State.HELD: Stage.WAITING,
    State.CLAIMED: Stage.WAITING,
    State.SUBMITTING: Stage.WAITING,
    State.UNKNOWN: Stage.WAITING,
    State.ACCEPTED: Stage.ACCEPTED,
    State.SENT: Stage.ACCEPTED,
    State.DELIVERED: Stage.DELIVERED,
    State.UNDELIVERED: Stage.UNDELIVERED,
    State.FAILED: Stage.FAILED,
    State.REJECTED: Stage.REJECTED,
    State.BLOCKED: Stage.BLOCKED,
    State.CANCELED: Stage.CANCELED,
    State.UNCONFIRMED: Stage.UNCONFIRMED,
    State.EXPIRED: Stage.EXPIRED,
}
LEFT: Final = frozenset({Stage.ACCEPTED, Stage.DELIVERED, Stage.UNDELIVERED, Stage.FAILED})
WENT_WRONG: Final = frozenset({Stage.UNDELIVERED, Stage.FAILED, Stage.REJECTED})
IN_VAIN: Final = frozenset({Stage.UNDELIVERED, Stage.FAILED})  # the carrier took it, for nothing
NO_ERROR: Final = 0


class Standing(NamedTuple):
    """What a text is counted as: its stage, and the carrier's code where it went wrong."""

    stage: Stage
    error_code: int


ON_ITS_WAY: Final = Standing(Stage.WAITING, NO_ERROR)


def standing(state: State, error_code: int | None) -> Standing:
    """Return what a text in this state is counted as."""
    stage = STAGES[state]
    return Standing(stage, error_code or NO_ERROR if stage in WENT_WRONG else NO_ERROR)


def outcome(stage: Stage) -> tuple[bool, bool, bool]:
    """Say whether a text counts as attempted, as delivered, as gone wrong (H-3)."""
    return stage in LEFT, stage is Stage.DELIVERED, stage in IN_VAIN
