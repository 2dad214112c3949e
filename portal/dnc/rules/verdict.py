"""Whether a do-not-call list stands in the way of a text (SPEC S-2; 47 CFR 64.1200(c)(2))."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from portal.compliance.rules.places import STATE_NAMES
from portal.core.formats import date_words
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
        why = f"The do-not-call list for this number is of {date_words(facts.stale_of)}, too old to use"
    return Refusal(
        UNCHECKED,
        f"{why}, and this text rests on the person's own text alone. Check the number by hand and "
        "confirm it.",
    )


def passed_by(facts: CallFacts, *, rests_on_inquiry: bool) -> dict[str, Any]:
    """Return what let a text pass the lists, to be stored with it; nothing where nothing had to.

    Consent in writing is no part of it: the text names its record.
    """
    if facts.listed and facts.exemptions:
        exempts = facts.exemptions[0]
        return {
            "lists": [[one.source, one.as_of.isoformat()] for one in facts.listed],
            "exemption": str(exempts.id),
            "relation": exempts.relation.value,
            "happened_on": exempts.happened_on.isoformat(),
            "last_day": exempts.last_day.isoformat(),
        }
    if rests_on_inquiry and facts.is_unread and facts.check is not None and not facts.exemptions:
        return {"check": str(facts.check.id), "checked_on": facts.check.checked_on.isoformat()}
    return {}


def words_of(stored: Mapping[str, Any]) -> str:
    """Return in words what `passed_by` stored with a text."""
    if "check" in stored:
        return f"Looked up by hand on {_day(stored['checked_on'])}, on no do-not-call list"
    if "exemption" not in stored:
        return ""
    on = names([OnList(source, date.fromisoformat(as_of)) for source, as_of in stored["lists"]])
    return (
        f"On {on}, exempt by a business relationship: {stored['relation']} of "
        f"{_day(stored['happened_on'])}, until {_day(stored['last_day'])}"
    )


def still_counts(exemption: ExemptionRef, refused_on: date | None) -> bool:
    """Say whether an exemption outlived an opt-out: one ends it at once (64.1200(f)(5)(i))."""
    if exemption.ended_at is not None:
        return False
    return refused_on is None or exemption.happened_on > refused_on


def names(listed: Sequence[OnList]) -> str:
    """Return the lists a number stands on, in words with their days."""
    return " and ".join(f"{list_name(one.source)} of {date_words(one.as_of)}" for one in listed)


def list_name(source: str) -> str:
    """Return what a list is called inside a sentence."""
    if source == NATIONAL:
        return "the national do-not-call list"
    return f"the do-not-call list of {STATE_NAMES.get(source, source)}"


def _day(iso: str) -> str:
    return date_words(date.fromisoformat(iso))
