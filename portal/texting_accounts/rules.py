"""How the limit of a new number grows with clean days (SPEC H-5)."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from typing import Final

from portal.texting_accounts.values import DAILY_RECIPIENTS


@dataclass(frozen=True, slots=True)
class RampPolicy:
    """What a new number may text a day after so many clean days; beyond the last it is free."""

    holds_from: date
    steps: tuple[tuple[int, int], ...]  # clean days, recipients a day
    done_after: int  # clean days
    least_people: int  # texted on a day, for it to count


# SPEC H-5 gives the start; the steps double it each few clean days, as carriers advise.
POLICIES: Final = (
    RampPolicy(
        date(2026, 1, 1),
        ((0, DAILY_RECIPIENTS), (3, 400), (7, 800), (14, 1_600), (21, 3_200)),
        done_after=30,
        least_people=100,
    ),
)


def policy_on(day: date) -> RampPolicy:
    """Return the policy that holds on a day; the first holds for all that was before it."""
    return POLICIES[max(bisect_right([each.holds_from for each in POLICIES], day) - 1, 0)]


def limit_after(clean_days: int, policy: RampPolicy) -> int | None:
    """Return how many people a number may text a day after so many clean days; None: any."""
    if clean_days >= policy.done_after:
        return None
    return [most for days, most in policy.steps if days <= clean_days][-1]


def clean_days_after(clean_days: int, policy: RampPolicy, *, people: int, is_bad: bool) -> int:
    """Return the clean days once one more day is judged.

    A bad day goes back to the beginning of the step before; one with few people says nothing.
    """
    if is_bad:
        begun = [days for days, _ in policy.steps if days <= clean_days]
        return begun[-2] if len(begun) > 1 else 0
    return clean_days + (people >= policy.least_people)


def days_to_next(clean_days: int, policy: RampPolicy) -> int:
    """Return how many clean days are missing until the limit grows."""
    ahead = [days for days, _ in policy.steps if days > clean_days]
    return (ahead[0] if ahead else policy.done_after) - clean_days
