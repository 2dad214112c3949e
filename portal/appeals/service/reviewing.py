"""A second pair of eyes on what goes to the carrier, wherever there is one (A-5)."""

from typing import Final

from portal.appeals import queries
from portal.appeals.errors import NotThatWay
from portal.appeals.values import CaseRef, Happening, State
from portal.core import audit
from portal.core.audit import Actor
from portal.people import queries as people

OWN: Final = "by the person who wrote it"
_WHY: Final = {
    "alone": "no other officer is there",
    "late": "no officer looked in time",
    "none": "there is no officer",
}
_OTHERS: Final = (
    "You began this appeal or handed it in, so another officer approves it: {names}. You can still "
    "return it or withdraw it."
)


def barred(case: CaseRef, actor: Actor) -> str:
    """Say why an officer may not approve a case: it is theirs, and another could; else nothing.

    A lead who decides instead of the officers is not barred: nobody else's turn is left.
    """
    if not _is_own(case, actor):
        return ""
    officers = people.officers(case.organization_id)
    others = [one.name for one in officers if one.id != actor.id]
    if not others or len(others) == len(officers):
        return ""
    return _OTHERS.format(names=", ".join(others))


def remark(case: CaseRef, actor: Actor) -> str:
    """Return what is written beside an approval by who wrote the case, with an entry in the log.

    Nothing for anybody else. Raises NotThatWay where another officer could approve it.
    """
    why_not = barred(case, actor)
    if why_not:
        raise NotThatWay(why_not)
    if not _is_own(case, actor):
        return ""
    officers = [one.id for one in people.officers(case.organization_id)]
    why = "alone" if actor.id in officers else "late" if officers else "none"
    said = f"{OWN}, as {_WHY[why]}"
    audit.record(
        "appeals:case:approve_own",
        actor=actor,
        organization_id=case.organization_id,
        account_id=case.account_id,
        subject_id=case.id,
        remark=said,
    )
    return said


def _is_own(case: CaseRef, actor: Actor) -> bool:
    """Say whether somebody began a case, or handed it in for the review it waits for."""
    if actor.id is None or case.state is not State.IN_REVIEW:
        return False
    handed_in = next(
        one
        for one in queries.history(case)  # the newest first
        if one.kind is Happening.MOVED and one.state is State.IN_REVIEW
    )
    return actor.id in (case.created_by_id, handed_in.by_id)
