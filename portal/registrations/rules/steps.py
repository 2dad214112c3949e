"""Which steps a registration takes, when to look again, and when an answer can be expected."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from portal.compliance.rules.business_days import due_on
from portal.core.steps import milestones as how_far
from portal.registrations.values import Kind, State, Step

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
    Step.AWAIT_CAMPAIGN: "The campaign is reviewed",
    Step.NUMBERS: "The numbers join the campaign",
    Step.VERIFICATION: "The number is sent in",
    Step.RESUBMIT_VERIFICATION: "The number is sent in again",
    Step.AWAIT_VERIFICATION: "The number is reviewed",
    Step.WATCH: "Done",
}
# Business days a review takes (FACTS 1.10).
_DAYS: Final = {Step.AWAIT_BRAND: 5, Step.AWAIT_CAMPAIGN: 15, Step.AWAIT_VERIFICATION: 5}
LOOKED_AT_LEAST_EVERY: Final = timedelta(hours=1)  # while the carriers review it
WATCH_EVERY: Final = timedelta(days=1)
_MILESTONES: Final = {
    Kind.A2P: (
        ("Business", frozenset({*_BRAND[:-2], Step.UPDATE_PARTS})),
        ("Brand", frozenset({Step.BRAND, Step.RESUBMIT_BRAND, Step.AWAIT_BRAND})),
        ("Campaign", frozenset({*_CAMPAIGN, Step.RESUBMIT_CAMPAIGN})),
        ("Numbers", frozenset({Step.NUMBERS})),
    ),
    Kind.TOLL_FREE: (
        ("Sent in", frozenset({Step.VERIFICATION, Step.RESUBMIT_VERIFICATION, Step.UPDATE_PARTS})),
        ("Reviewed", frozenset({Step.AWAIT_VERIFICATION})),
    ),
}


def again(todo: Sequence[Step], *, has_parts: bool) -> tuple[Step, ...]:
    """Return the steps of a registration that is sent in again, from where it stood.

    What was told already is brought up to date; what was reviewed is sent in anew; nothing is
    made a second time.
    """
    first = (Step.UPDATE_PARTS,) if has_parts else ()
    if not todo:
        return first
    return (*first, *_AGAIN.get(todo[0], ()), *todo)


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


def expected_on(todo: Sequence[Step], today: date) -> date | None:
    """Return by when the carriers should have answered everything that is still open (N-5)."""
    days = sum(_DAYS.get(step, 0) for step in todo)
    return due_on(today, days) if days else None


def milestones(kind: Kind, todo: Sequence[Step], state: State) -> list[tuple[str, str]]:
    """Return how far it came: each part with "done", "current" or "todo"."""
    left = STEPS[kind] if state is State.DRAFT and not todo else todo
    return how_far(_MILESTONES[kind], left, is_begun=state is not State.DRAFT)
