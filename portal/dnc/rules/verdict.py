"""Whether a do-not-call list stands in the way of a text (SPEC S-2; 47 CFR 64.1200(c)(2))."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from portal.compliance.rules.places import STATE_NAMES
from portal.dnc.values import NATIONAL, CallFacts, ExemptionRef, OnList, Refusal

LISTED: Final = "dnc_listed"
UNCHECKED: Final = "dnc_unchecked"
CODES: Final = frozenset({LISTED, UNCHECKED})
CITATION: Final = "47 CFR 64.1200(c)(2)"


def judge(facts: CallFacts, *, is_written: bool, rests_on_inquiry: bool) -> Refusal | None:
    """Return why a text may not go as far as do-not-call lists are asked, or None.

    `is_written`: the person agreed in writing. `rests_on_inquiry`: nothing but their own text
    allows this one.
    """
    if is_written or facts.exemptions:
        return None
    if facts.listed:
        return Refusal(
            LISTED,
            f"This number is on {names(facts.listed)}. Texting it needs consent in writing or a "
            "business relationship.",
        )
    if not rests_on_inquiry or not facts.is_unread or facts.check is not None:
        return None
    why = "No do-not-call list is imported that covers this number"
    if facts.stale_of is not None:
        why = (
            f"The do-not-call list for this number is of {written(facts.stale_of)}, too old to use"
        )
    return Refusal(
        UNCHECKED,
        f"{why}, and this text rests on the person's own text alone. Check the number by hand and "
        "confirm it.",
    )


def still_counts(exemption: ExemptionRef, refused_on: date | None) -> bool:
    """Say whether an exemption outlived an opt-out: one ends it at once (64.1200(f)(5)(i))."""
    if exemption.ended_at is not None:
        return False
    return refused_on is None or exemption.happened_on > refused_on


def names(listed: Sequence[OnList]) -> str:
    """Return the lists a number stands on, in words with their days."""
    return " and ".join(f"{list_name(one.source)} of {written(one.as_of)}" for one in listed)


def list_name(source: str) -> str:
    """Return what a list is called inside a sentence."""
    if source == NATIONAL:
        return "the national do-not-call list"
    return f"the do-not-call list of {STATE_NAMES.get(source, source)}"


def written(day: date) -> str:
    """Return a day as sentences have it."""
    return f"{day.day} {day:%b %Y}"
