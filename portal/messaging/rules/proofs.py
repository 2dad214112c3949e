"""What a proof that the carrier has a text does to what is known of that text (I1, I10).

A state only rises, and a name the carrier gave us outlasts a guess, with all that was
guessed along with it. So any order and any number of repeats of the same proofs end the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from portal.messaging.values import ACCEPTED_FAMILY, State

# Final states are ordered too, so that contradicting callbacks end the same in any order.
RANK: Final[Mapping[State, int]] = MappingProxyType(
    {
        State.ACCEPTED: 1,
        State.SENT: 2,
        State.FAILED: 3,
        State.UNDELIVERED: 4,
        State.DELIVERED: 5,
    }
)


class Source(StrEnum):
    """Where evidence comes from; a list's is the weakest, being matched by content."""

    HTTP = "http"
    CALLBACK = "callback"
    LIST = "list"


class Effect(StrEnum):
    """What a piece of evidence did."""

    APPLIED = "applied"
    KNOWN = "known"
    DOUBLE = "double"
    NO_ROW = "no_row"
    TAKEN = "sid_taken"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One proof that the carrier has a text, and how far it has got."""

    message_id: UUID
    sid: str
    source: Source
    state: State = State.ACCEPTED
    error_code: int | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one text: how far it has got, and its name at the carrier."""

    state: State
    sid: str | None = None
    sid_source: str | None = None
    error_code: int | None = None

    @property
    def is_proven(self) -> bool:
        """Say whether the carrier is known to have the text."""
        return self.state in ACCEPTED_FAMILY


def merge(known: Known, proof: Evidence) -> tuple[Effect, Known]:
    """Return what a proof about this text does, and what is known with it.

    TAKEN: a guess that contradicts a name. DOUBLE: two names that are both the carrier's own.
    Neither changes what is known.
    """
    is_guess, was_guess = proof.source is Source.LIST, known.sid_source == Source.LIST
    is_other = known.sid not in (None, proof.sid)
    if is_other and is_guess:
        return Effect.TAKEN, known
    if is_other and not was_guess:
        return Effect.DOUBLE, known
    is_named = known.sid == proof.sid and (is_guess or not was_guess)
    is_higher = is_other or not known.is_proven or height(proof) > height(known)
    if is_named and not is_higher:
        return Effect.KNOWN, known
    higher = proof if is_higher else known
    return Effect.APPLIED, Known(
        higher.state,
        proof.sid,
        known.sid_source if is_named else proof.source,
        higher.error_code,
    )


def height(of: Evidence | Known) -> tuple[int, int]:
    """Return how far a text has got; of two like states the one with the higher code counts."""
    return RANK[of.state], of.error_code or 0
