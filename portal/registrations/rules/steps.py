"""Which steps a registration takes, when to look again, and when an answer can be expected."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from portal.compliance.rules.business_days import due_on
from portal.core.steps import milestones as how_far
from portal.registrations.values import Expected, Kind, State, Step

_BRAND: Final = (
    Step.PRIMARY,
    Step.PROFILE,
    Step.ADDRESS,
    Step.BUSINESS,
    Step.REPRESENTATIVE,
    Step.ADDRESS_DOCUMENT,
    Step.ATTACH_PROFILE,
    Step.SUBMIT_PROFILE,
    Step.A2P_PROFILE,
    Step.A2P_INFORMATION,
    Step.ATTACH_A2P,
    Step.SUBMIT_A2P,
    Step.BRAND,
    Step.AWAIT_BRAND,
)
_CAMPAIGN: Final = (Step.CAMPAIGN, Step.AWAIT_CAMPAIGN)
_LAST: Final = (Step.NUMBERS, Step.WATCH)
STEPS: Final = {
    Kind.A2P: (*_BRAND, *_CAMPAIGN, *_LAST),
    Kind.TOLL_FREE: (Step.VERIFICATION, Step.AWAIT_VERIFICATION, Step.WATCH),
}
# What is sent in again where a review ended badly.
_AGAIN: Final = {
    Step.AWAIT_BRAND: (Step.SUBMIT_PROFILE, Step.SUBMIT_A2P, Step.RESUBMIT_BRAND),
    Step.AWAIT_CAMPAIGN: (Step.RESUBMIT_CAMPAIGN,),
    Step.AWAIT_VERIFICATION: (Step.RESUBMIT_VERIFICATION,),
}
REVIEWS: Final = frozenset(_AGAIN)
_ANEW: Final = (Step.WITHDRAW_CAMPAIGN, Step.CAMPAIGN)  # of a campaign that is taken no second time
# Steps that make something which must not be made twice.
MAKING: Final = frozenset(
    {
        Step.PROFILE,
        Step.ADDRESS,
        Step.BUSINESS,
        Step.REPRESENTATIVE,
        Step.ADDRESS_DOCUMENT,
        Step.A2P_PROFILE,
        Step.A2P_INFORMATION,
        Step.BRAND,
        Step.CAMPAIGN,
        Step.VERIFICATION,
    }
)
STEP_WORDS: Final = {
    **dict.fromkeys(
        (*_BRAND[:-2], Step.UPDATE_PARTS), "The business and its contact are told to the carrier"
    ),
    Step.BRAND: "The brand is registered",
    Step.RESUBMIT_BRAND: "The brand is sent in again",
    Step.AWAIT_BRAND: "The brand is reviewed",
    Step.CAMPAIGN: "The campaign is registered",
    Step.RESUBMIT_CAMPAIGN: "The campaign is sent in again",
    Step.WITHDRAW_CAMPAIGN: "The old campaign is taken back",
    Step.AWAIT_CAMPAIGN: "The campaign is reviewed",
    Step.NUMBERS: "The numbers join the campaign",
    Step.VERIFICATION: "The number is sent in",
    Step.RESUBMIT_VERIFICATION: "The number is sent in again",
    Step.AWAIT_VERIFICATION: "The number is reviewed",
    Step.WATCH: "Done",
}
_AWAITED: Final = {
    State.DRAFT: "Its registration is a draft that was not sent in yet.",
    State.SUBMITTING: "Its registration is being sent in.",
    State.IN_REVIEW: "It is with the carriers.",
    State.REGISTERED: "The registration is approved; the number has still to join it.",
    State.REJECTED: "The carriers rejected its registration.",
    State.SUSPENDED: "The carriers suspended its registration.",
}
# Business days a review takes (FACTS 1.10).
_DAYS: Final = {Step.AWAIT_BRAND: 5, Step.AWAIT_CAMPAIGN: 15, Step.AWAIT_VERIFICATION: 5}
LOOKED_AT_LEAST_EVERY: Final = timedelta(hours=1)  # while the carriers review it
WATCH_EVERY: Final = timedelta(days=1)
_MILESTONES: Final = {
    Kind.A2P: (
        ("Business", frozenset({*_BRAND[:-2], Step.UPDATE_PARTS})),
        ("Brand", frozenset({Step.BRAND, Step.RESUBMIT_BRAND, Step.AWAIT_BRAND})),
        ("Campaign", frozenset({*_CAMPAIGN, Step.RESUBMIT_CAMPAIGN, Step.WITHDRAW_CAMPAIGN})),
        ("Numbers", frozenset({Step.NUMBERS})),
    ),
    Kind.TOLL_FREE: (
        ("Sent in", frozenset({Step.VERIFICATION, Step.RESUBMIT_VERIFICATION, Step.UPDATE_PARTS})),
        ("Reviewed", frozenset({Step.AWAIT_VERIFICATION})),
    ),
}


def again(
    todo: Sequence[Step], *, has_parts: bool, needs_new_campaign: bool = False
) -> tuple[Step, ...]:
    """Return the steps of a registration that is sent in again, from where it stood.

    What was told already is brought up to date; what was reviewed is sent in anew; nothing is
    made a second time but a campaign the carriers are done with: that one is taken back first.
    """
    first = (Step.UPDATE_PARTS,) if has_parts else ()
    if not todo:
        return first
    between = _ANEW if needs_new_campaign else _AGAIN.get(todo[0], ())
    return (*first, *between, *todo)


def is_of_holding(begun_at: datetime, held_since: datetime | None) -> bool:
    """Say whether a request is about the number as it is held now.

    One that was given back and bought again is another number to the carriers.
    """
    return held_since is None or begun_at >= held_since


def state_at(step: Step) -> State:
    """Return the state of a registration whose next step this is."""
    if step is Step.WATCH:
        return State.REGISTERED
    return State.IN_REVIEW if step in REVIEWS else State.SUBMITTING


def expected(todo: Sequence[Step], since: date, today: date) -> Expected | None:
    """Return by when the carriers should have answered everything that is still open (N-5).

    The days count from when the step they are at began; None where nothing is to be answered.
    """
    days = sum(_DAYS.get(step, 0) for step in todo)
    day = due_on(since, days)
    return Expected(day, is_late=day < today) if days else None


def awaited(state: State | None, answer: Expected | None) -> str:
    """Return what a number waits for that can't send yet, and until when (N-5).

    Without a state nothing was begun.
    """
    if answer is not None and answer.is_late:
        return f"The carriers take longer than usual: expected by {answer.words}."
    if answer is not None:
        return f"The carriers' answer is expected by {answer.words}."
    return _AWAITED[state] if state else "Its registration has not begun."


def milestones(kind: Kind, todo: Sequence[Step], state: State) -> list[tuple[str, str]]:
    """Return how far it came: each part with "done", "current" or "todo"."""
    left = STEPS[kind] if state is State.DRAFT and not todo else todo
    return how_far(_MILESTONES[kind], left, is_begun=state is not State.DRAFT)
