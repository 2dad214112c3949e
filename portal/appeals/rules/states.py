"""Which moves an appeal makes, and who may make them (A-5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from portal.appeals.values import State
from portal.compliance.rules import business_days

TO_REVIEW: Final = 1  # business days an officer has


class Party(StrEnum):
    """As what somebody acts on a case."""

    WRITER = "writer"  # an agent or lead who works in the account
    OFFICER = "officer"
    LEAD = "lead"
    LEAD_INSTEAD = "lead_instead"  # after the officer's clock, or where there is no officer
    SYSTEM = "system"


class Move(StrEnum):
    """What somebody does to a case."""

    HAND_IN = "hand_in"
    RETURN = "return"
    APPROVE = "approve"
    SUBMIT = "submit"
    ASK_INFORMATION = "ask_information"  # the carrier does
    ANSWER = "answer"  # what it asked
    REINSTATE = "reinstate"
    DENY = "deny"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Way:
    """From which states a move leads where, who may make it, and whether it needs words."""

    before: frozenset[State]
    after: State
    parties: frozenset[Party]
    label: str
    needs_reason: bool = False


_REVIEWERS: Final = frozenset({Party.OFFICER, Party.LEAD_INSTEAD})
_TELLERS: Final = frozenset({Party.OFFICER, Party.LEAD})
_WITH_CARRIER: Final = frozenset({State.SUBMITTED, State.INFORMATION_REQUESTED})

MOVES: Final[Mapping[Move, Way]] = {
    Move.HAND_IN: Way(
        frozenset({State.DRAFT, State.RETURNED}),
        State.IN_REVIEW,
        frozenset({Party.WRITER, Party.OFFICER, Party.LEAD}),
        "Hand in for review",
    ),
    Move.RETURN: Way(
        frozenset({State.IN_REVIEW, State.APPROVED}),
        State.RETURNED,
        _REVIEWERS,
        "Return",
        needs_reason=True,
    ),
    Move.APPROVE: Way(frozenset({State.IN_REVIEW}), State.APPROVED, _REVIEWERS, "Approve"),
    Move.SUBMIT: Way(
        frozenset({State.APPROVED}), State.SUBMITTED, _TELLERS, "Submit to the carrier"
    ),
    Move.ASK_INFORMATION: Way(
        frozenset({State.SUBMITTED}),
        State.INFORMATION_REQUESTED,
        _TELLERS,
        "The carrier asks for information",
        needs_reason=True,
    ),
    Move.ANSWER: Way(
        frozenset({State.INFORMATION_REQUESTED}),
        State.SUBMITTED,
        _TELLERS,
        "The answer went out",
        needs_reason=True,
    ),
    Move.REINSTATE: Way(
        _WITH_CARRIER,
        State.REINSTATED,
        _TELLERS | {Party.SYSTEM},
        "The carrier reinstated the account",
        needs_reason=True,
    ),
    Move.DENY: Way(
        _WITH_CARRIER, State.DENIED, _TELLERS, "The carrier denied it", needs_reason=True
    ),
    Move.WITHDRAW: Way(
        frozenset(State) - {State.REINSTATED, State.DENIED, State.WITHDRAWN},
        State.WITHDRAWN,
        _TELLERS | {Party.SYSTEM},
        "Withdraw",
        needs_reason=True,
    ),
}


def parties_of(
    *, may_write: bool, may_review: bool, may_send: bool, is_leads_turn: bool
) -> frozenset[Party]:
    """Return as what somebody acts on a case: they may be several at once."""
    found = {Party.WRITER} if may_write else set()
    if may_review:
        found.add(Party.OFFICER)
    elif may_send:
        found.add(Party.LEAD)
        if is_leads_turn:
            found.add(Party.LEAD_INSTEAD)
    return frozenset(found)


def may(move: Move, state: State, parties: frozenset[Party]) -> bool:
    """Say whether somebody who acts as these may make a move from a state."""
    way = MOVES[move]
    return state in way.before and not parties.isdisjoint(way.parties)


def moves_for(state: State, parties: frozenset[Party]) -> list[Move]:
    """Return the moves these may make now."""
    return [move for move in Move if may(move, state, parties)]


def is_leads_turn(due_at: datetime | None, now: datetime, *, has_officer: bool) -> bool:
    """Say whether a lead may decide instead of an officer: none is there, or the clock ran out."""
    return not has_officer or (due_at is not None and now >= due_at)


def review_due(handed_in: datetime, zone: str) -> datetime:
    """Return when the officer's time is over: as the next business day ends, in the account's zone."""
    return business_days.lapses(handed_in, zone, TO_REVIEW)
