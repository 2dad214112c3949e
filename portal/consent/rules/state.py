"""What stands for one number in one account, and how each event changes it (Q-1, Q-2, I3).

Whether a number is opted out hangs on two times alone, its latest STOP and its latest own
opt-in, so it is the same in whatever order they arrive; a tie is a STOP.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from portal.consent.rules.strength import is_stronger
from portal.consent.values import TALK_ONLY, MessageKind, Strength


@dataclass(frozen=True, slots=True)
class State:
    """What stands; the consent is kept through an opt-out, so that START finds it again."""

    strength: Strength = Strength.NONE
    kinds: tuple[MessageKind, ...] = ()
    record_id: UUID | None = None
    given_at: datetime | None = None
    expires_at: datetime | None = None
    stopped_at: datetime | None = None
    started_at: datetime | None = None
    own_act_at: datetime | None = None
    not_valid_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A consent as far as it changes what stands."""

    record_id: UUID
    strength: Strength
    kinds: tuple[MessageKind, ...]
    given_at: datetime
    expires_at: datetime | None = None
    is_own_act: bool = False  # or entered by an officer with evidence


def is_opted_out(state: State) -> bool:
    """Say whether the latest STOP is at least as new as the latest own opt-in."""
    if state.stopped_at is None:
        return False
    return state.started_at is None or state.started_at <= state.stopped_at


def with_consent(state: State, grant: Grant, now: datetime) -> State:
    """Return what stands once a valid consent is recorded.

    After an opt-out only the person's own newer act counts, and then it alone: a consent that
    staff or a file brings is kept in the history and changes nothing (Q-2).
    """
    if is_opted_out(state):
        assert state.stopped_at is not None
        if not grant.is_own_act or grant.given_at <= state.stopped_at:
            return state
        return replace(
            _resting_on(state, grant),
            started_at=grant.given_at,
            own_act_at=_later(state.own_act_at, grant.given_at),
        )
    if grant.is_own_act:
        state = replace(
            state,
            started_at=_later(state.started_at, grant.given_at),
            own_act_at=_later(state.own_act_at, grant.given_at),
        )
    standing = current_strength(state, now)
    if is_stronger(grant.strength, standing):
        return _resting_on(state, grant)
    if grant.strength is standing and standing is not Strength.NONE:
        return _renewed(state, grant)
    return state


def with_not_valid(state: State, reason: str) -> State:
    """Return what stands once a bought or lent record came in: no more than before (C-7)."""
    return replace(state, not_valid_reason=reason)


def with_opt_out(state: State, at: datetime) -> State:
    """Return what stands after a STOP; an older one than the latest changes nothing."""
    return replace(state, stopped_at=_later(state.stopped_at, at))


def with_opt_out_now(state: State, now: datetime) -> State:
    """Return what stands after a STOP of which is known only that it came last.

    The number's lock has ordered it after all that stands; no clock that was put back undoes that.
    """
    before = (state.stopped_at, state.started_at, state.own_act_at)
    return replace(state, stopped_at=max([now, *(at for at in before if at is not None)]))


def restored_by_opt_in(state: State, at: datetime, record_id: UUID, now: datetime) -> State:
    """Return what stands after the person's own START (Q-1).

    The consent that stood before the opt-out stands again with its kinds; where none did, a
    conversation is all that was agreed. A START no newer than the latest STOP opens nothing (I3).
    """
    later = replace(
        state,
        started_at=_later(state.started_at, at),
        own_act_at=_later(state.own_act_at, at),
    )
    if is_opted_out(later):
        return state
    if current_strength(later, now) is not Strength.NONE:
        return later
    talk = Grant(record_id, Strength.EXPRESS, TALK_ONLY, at)
    return _resting_on(later, talk)


def ended(state: State) -> State:
    """Return what stands once the consent itself has ended: nothing."""
    return replace(
        state, strength=Strength.NONE, kinds=(), record_id=None, given_at=None, expires_at=None
    )


def current_strength(state: State, now: datetime) -> Strength:
    """Return the strength now: an inquiry is over after its 90 days."""
    if state.expires_at is not None and now >= state.expires_at:
        return Strength.NONE
    return state.strength


def _resting_on(state: State, grant: Grant) -> State:
    return replace(
        state,
        strength=grant.strength,
        kinds=grant.kinds,
        record_id=grant.record_id,
        given_at=grant.given_at,
        expires_at=grant.expires_at,
    )


def _renewed(state: State, grant: Grant) -> State:
    """Rest on the newer of two consents of one strength, with the kinds of both."""
    both = tuple(k for k in MessageKind if k in state.kinds or k in grant.kinds)
    if state.given_at is not None and grant.given_at < state.given_at:
        return replace(state, kinds=both)
    expires_at = grant.expires_at
    if state.expires_at is not None and expires_at is not None:
        expires_at = max(state.expires_at, expires_at)
    return replace(_resting_on(state, grant), kinds=both, expires_at=expires_at)


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
