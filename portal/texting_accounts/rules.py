"""How the limit of a new number, or of an account that begins again, grows with clean days (H-5, H-8)."""

from bisect import bisect_right
from collections.abc import Sequence
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
    least_people: int  # texted on a day, for it to count; never more than half of what it may text
    # After a pause (H-8): of the days before on which anybody was texted, so many, and of these the
    # busiest. The start is a share of what these had on average, in percent.
    again_days: int = 30
    again_busiest: int = 7
    again_percent: int = 50
    again_least: int = 20


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


def start_again(people: Sequence[int], policy: RampPolicy) -> int:
    """Return how many people a day an account begins again with after a pause (H-8).

    `people` are those texted on each of its last days, however many: half of its usual busy day,
    so that an account of few people is slowed, too. Never more than a new number may; as many as
    that where it never texted anybody.
    """
    most = policy.steps[0][1]
    busiest = sorted((each for each in people if each > 0), reverse=True)[: policy.again_busiest]
    if not busiest:
        return most
    share = sum(busiest) * policy.again_percent // (100 * len(busiest))
    return min(max(share, policy.again_least), most)


def told_again(policy: RampPolicy) -> str:
    """Return how an account begins again, in words for who is about to let it."""
    return (
        f"The account begins with {policy.again_percent} % of the people a day it texted before on "
        f"its {policy.again_busiest} busiest of {policy.again_days} days, from {policy.again_least} "
        f"to {policy.steps[0][1]}, and may text more with clean days."
    )


def limit_after(clean_days: int, policy: RampPolicy, start: int | None = None) -> int | None:
    """Return how many people may be texted a day after so many clean days; None: any.

    The steps are those of a new number; from another `start` on they grow as fast.
    """
    if clean_days >= policy.done_after:
        return None
    most = [most for days, most in policy.steps if days <= clean_days][-1]
    return most if start is None else most * start // policy.steps[0][1]


def clean_days_after(
    clean_days: int, policy: RampPolicy, *, people: int, is_bad: bool, start: int | None = None
) -> int:
    """Return the clean days once one more day is judged.

    A bad day goes back to the beginning of the step before; one with few people says nothing: few
    for what may be texted on such a day.
    """
    if is_bad:
        begun = [days for days, _ in policy.steps if days <= clean_days]
        return begun[-2] if len(begun) > 1 else 0
    limit = limit_after(clean_days, policy, start)
    least = policy.least_people if limit is None else min(policy.least_people, limit // 2)
    return clean_days + (people >= least)


def days_to_next(clean_days: int, policy: RampPolicy) -> int:
    """Return how many clean days are missing until the limit grows."""
    ahead = [days for days, _ in policy.steps if days > clean_days]
    return (ahead[0] if ahead else policy.done_after) - clean_days
