"""An appeal on its way: handed in, returned, approved, sent, withdrawn; who waits is told (A-5)."""

from typing import Final
from uuid import UUID

from portal.appeals import queries
from portal.appeals.errors import BadPart, MovedMeanwhile
from portal.appeals.models import AppealCase
from portal.appeals.rules.states import Move, Party
from portal.appeals.service import cases, certificates, checking, reviewing
from portal.appeals.service.knowing import account_of
from portal.appeals.service.telling import notify, tell
from portal.appeals.values import STATE_LABELS, CaseRef, Happening
from portal.core.audit import Actor
from portal.core.edits import change_as_seen
from portal.people import queries as people
from portal.people.values import UserRef
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_NEEDS_ALL: Final = frozenset({Move.HAND_IN, Move.APPROVE, Move.SUBMIT})
_TITLES: Final = {
    Move.HAND_IN: "An appeal waits for your review",
    Move.RETURN: "Your appeal was returned",
    Move.APPROVE: "Your appeal is approved",
    Move.SUBMIT: "Your appeal is with the carrier",
    Move.WITHDRAW: "The appeal was withdrawn",
    Move.ASK_INFORMATION: "The carrier asks about your appeal",
    Move.ANSWER: "The carrier's question is answered",
    Move.REINSTATE: "The carrier granted your appeal",
    Move.DENY: "The carrier denied your appeal",
}


def advance(
    case: CaseRef, move: Move, by: frozenset[Party], *, actor: Actor, reason: str = ""
) -> CaseRef:
    """Make a move, where nothing required is missing, and tell whom it concerns.

    Raises NotReady where a required part is missing (A-4), NotThatWay where an officer approves
    what they wrote though another could, and as `cases.move` does.
    """
    if move in _NEEDS_ALL:
        checking.need_ready(case)
    if move is Move.APPROVE:
        reason = reviewing.remark(case, actor)
    now = cases.move(case, move, by, actor=actor, reason=reason)
    if move is Move.HAND_IN:
        certificates.ask_for_all(now, actor=actor)
    _notify(now, move, reason, actor)
    return now


def assign(case: CaseRef, user_id: UUID | None, *, actor: Actor) -> CaseRef:
    """Give a case to somebody who works on it, or to nobody. Raises BadPart, MovedMeanwhile."""
    chosen = None
    if user_id is not None:
        chosen = next((one for one in assignable(case) if one.id == user_id), None)
        if chosen is None:
            raise BadPart("assignee", "Choose one of the list.")
    if user_id == case.assignee_id:
        return case
    given = {"assignee_id": user_id, "assignee": chosen.name if chosen else ""}
    is_ours = change_as_seen(AppealCase, case.tenant, case.id, case.edits, given)
    now = queries.case_or_404(case.tenant, case.id)
    if not is_ours:
        raise MovedMeanwhile(STATE_LABELS[now.state])
    tell(now, Happening.ASSIGNED, actor=actor, text=now.assignee or "Nobody")
    if chosen is not None and chosen.id != actor.id:
        _to([chosen.id], now, "An appeal is yours now", f"Given to you by {actor.label}.")
    return now


def assignable(case: CaseRef) -> list[UserRef]:
    """Return who may work on a case: the account's people, the leads over it, officers; by name."""
    found = [*accounts.people_of(account_of(case)), *people.officers(case.organization_id)]
    by_id = {user.id: user for user in found}
    return sorted(by_id.values(), key=lambda user: (user.name, str(user.id)))


def _notify(case: CaseRef, move: Move, reason: str, actor: Actor) -> None:
    account = account_of(case)
    told = _whom(case, account, move)
    text = f"{actor.label}: {reason}" if reason else f"By {actor.label}."
    _to([user for user in told if user != actor.id], case, _TITLES[move], text, account=account)


def _whom(case: CaseRef, account: AccountRef, move: Move) -> list[UUID]:
    if move is Move.HAND_IN:
        officers = [officer.id for officer in people.officers(case.organization_id)]
        return officers or accounts.watchers(account)
    wrote = [id_ for id_ in (case.created_by_id, case.assignee_id) if id_ is not None]
    return [*wrote, *accounts.watchers(account)]


def _to(
    users: list[UUID],
    case: CaseRef,
    title: str,
    text: str,
    *,
    account: AccountRef | None = None,
) -> None:
    notify(
        case,
        account or account_of(case),
        users,
        title=title,
        text=text,
        key=f"appeal:{case.id}:{case.edits}:{title[:40]}",
    )
