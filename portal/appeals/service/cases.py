"""An appeal is opened, handed in, returned, approved and decided; every move is told (A-5)."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from portal.appeals import queries
from portal.appeals.errors import MovedMeanwhile, NothingToAppeal, NotThatWay
from portal.appeals.models import AppealCase, AppealPart
from portal.appeals.rules import states, waiting
from portal.appeals.rules.states import MOVES, Move, Party
from portal.appeals.service.telling import tell
from portal.appeals.values import STATE_LABELS, CaseRef, Happening, Kind, State
from portal.core import clock
from portal.core.audit import Actor
from portal.core.db import db, is_sqlite
from portal.core.reasons import reason_of
from portal.core.tenancy import owned
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef, Cause, RestrictionKind, RestrictionRef

_NO_MOVE: Final = "An appeal that is “{state}” can't be moved that way, or it is not yours to move."


def suspension(account: AccountRef) -> RestrictionRef | None:
    """Return the suspension that holds on an account now, or None."""
    return holding(account, RestrictionKind.SUSPENSION)


def holding(account: AccountRef, kind: RestrictionKind) -> RestrictionRef | None:
    """Return the restriction of a kind that holds on an account now, or None."""
    for one in accounts.restrictions(account.tenant, limit=10):  # what holds comes first
        if one.kind is kind and one.lifted_at is None:
            return one
    return None


def kind_for(cause: Cause | None) -> Kind:
    """Return the template that answers a carrier's reason (A-2)."""
    return Kind.SIMILAR if cause in (Cause.SIMILAR, Cause.PROVISIONING) else Kind.SUSPENSION


def open_case(account: AccountRef, kind: Kind, *, actor: Actor) -> CaseRef:
    """Open the appeal of the suspension that holds; one that is open already is returned.

    After a denial it is the next round, with the one before named (A-6). Raises NothingToAppeal.
    """
    now = suspension(account)
    if now is None:
        raise NothingToAppeal
    before = queries.denied(account.tenant, now.id)
    template = queries.template(account.organization_id, kind)
    row = {
        "id": uuid4(),
        "organization_id": account.organization_id,
        "account_id": account.id,
        "restriction_id": now.id,
        "round": len(before) + 1,
        "previous_id": before[0].id if before else None,
        "kind": kind,
        "template_version": template.version,
        "state": State.DRAFT,
        "assignee_id": actor.id,
        "assignee": actor.label[:200] if actor.id else "",
        "carrier_ticket": "",
        "created_at": clock.utcnow(),
        "created_by_id": actor.id,
        "created_by": actor.label[:200],
        "edits": 0,
    }
    insert = (sqlite if is_sqlite() else postgresql).insert(AppealCase).values(row)
    made = db.session.scalar(insert.on_conflict_do_nothing().returning(AppealCase.id))
    if made is None:  # somebody opened it at the same time, or before
        known = queries.open_case(account.tenant, now.id)
        if known is None:
            raise NothingToAppeal
        return known
    db.session.add_all(
        AppealPart(
            case_id=made,
            number=part.number,
            organization_id=account.organization_id,
            account_id=account.id,
            slot=part.slot,
        )
        for part in template.parts
    )
    db.session.flush()  # whoever fills them in reads them
    case = queries.case_or_404(account.tenant, made)
    tell(case, Happening.MOVED, actor=actor, state=State.DRAFT)
    return case


def has_officer(organization_id: UUID) -> bool:
    """Say whether anybody reviews appeals for an organization (A-5)."""
    return bool(people.officers(organization_id))


def parties(
    case: CaseRef, *, may_write: bool, may_review: bool, may_send: bool
) -> frozenset[Party]:
    """Return as what somebody with these permissions acts on a case at this moment."""
    turn = states.is_leads_turn(
        case.due_at, clock.utcnow(), has_officer=has_officer(case.organization_id)
    )
    return states.parties_of(
        may_write=may_write, may_review=may_review, may_send=may_send, is_leads_turn=turn
    )


def move(
    case: CaseRef,
    move_: Move,
    by: frozenset[Party],
    *,
    actor: Actor,
    reason: str = "",
    values: Mapping[str, Any] | None = None,
) -> CaseRef:
    """Make one move of the table, if the case still is as it was seen; return it as it is now.

    `values` are columns to set with it, instead of what the move itself sets. Raises NotThatWay, BadInput where the reason is missing, or MovedMeanwhile.
    """
    if not states.may(move_, case.state, by):
        raise NotThatWay(_NO_MOVE.format(state=case.state_label))
    way = MOVES[move_]
    said = reason_of(reason) if way.needs_reason else reason.strip()
    moved = db.session.scalar(
        update(AppealCase)
        .where(
            owned(case.tenant, AppealCase),
            AppealCase.id == case.id,
            AppealCase.state == case.state,
            AppealCase.edits == case.edits,
        )
        .values(
            state=way.after, edits=case.edits + 1, **{**_times(case, way.after), **(values or {})}
        )
        .returning(AppealCase.id)
        .execution_options(synchronize_session=False)
    )
    now = queries.case_or_404(case.tenant, case.id)
    if moved is None:
        raise MovedMeanwhile(STATE_LABELS[now.state])
    tell(now, Happening.MOVED, actor=actor, text=said, state=way.after)
    return now


def _times(case: CaseRef, after: State) -> dict[str, Any]:
    """Return which moments a new state sets; what it waits for is due by `due_at`."""
    at = clock.utcnow()
    times: dict[str, Any] = {"due_at": None}
    if after is State.IN_REVIEW:
        account = accounts.get_or_404(case.tenant)
        times |= {
            "handed_in_at": at,
            "due_at": states.review_due(at, account.timezone),
        }
    elif after is State.APPROVED:
        times["due_at"] = case.due_at  # the same clock: sending is the officer's, too
    elif after is State.SUBMITTED:
        account = accounts.get_or_404(case.tenant)
        days = queries.settings_of(case.organization_id).answer_days
        times |= {
            "submitted_at": case.submitted_at or at,
            "due_at": waiting.expected_by(at, account.timezone, days),  # the carrier's answer
        }
    elif after in (State.REINSTATED, State.DENIED, State.WITHDRAWN):
        times["decided_at"] = at
    return times
