"""The wizard that off-boards somebody: choose, decide, look at the summary, do it (SPEC 1)."""

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for

from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import page, see_other
from portal.leaving import queries, rules, service
from portal.leaving.errors import CannotLeave, NotTyped
from portal.leaving.forms import Decisions, TypedPart
from portal.leaving.values import Held

bp = Blueprint("leaving", __name__)
_BASE = "/organizations/<uuid:organization_id>/leaving"


@bp.get(_BASE)
@requires(Permission.MANAGE_MEMBERS)
def choose(organization_id: UUID) -> Response:
    """List the people of the lead's teams, each with the way on or why there is none."""
    return page("leaving/choose.html", people=queries.people_of(me(), organization_id))


@bp.get(f"{_BASE}/<uuid:user_id>")
@requires(Permission.MANAGE_MEMBERS)
def decide(organization_id: UUID, user_id: UUID) -> Response:
    """Show what somebody holds and ask what becomes of each; of who has left, what was done."""
    held = _held(organization_id, user_id)
    if held.is_gone:
        left = queries.left(organization_id, user_id)
        return page("leaving/left.html", person=held.person, left=left)
    return _decide_page(held, _decisions(organization_id, held, is_sent=False))


@bp.post(f"{_BASE}/<uuid:user_id>/summary")
@requires(Permission.MANAGE_MEMBERS)
def summary(organization_id: UUID, user_id: UUID) -> Response:
    """Show exactly what will happen; nothing changes yet."""
    held = _held(organization_id, user_id)
    if held.is_gone:
        return _to(organization_id, user_id)
    decisions = _decisions(organization_id, held, is_sent=True)
    if "change" in request.form:
        return _decide_page(held, decisions)
    if not decisions.validate():
        return _decide_page(held, decisions, status=422)
    return _summary_page(organization_id, held, decisions, decisions.typed(None))


@bp.post(f"{_BASE}/<uuid:user_id>/do")
@requires(Permission.MANAGE_MEMBERS)
def off_board(organization_id: UUID, user_id: UUID) -> Response:
    """Do it; the same form sent again changes nothing more."""
    held = _held(organization_id, user_id)
    if held.is_gone:
        return _to(organization_id, user_id)
    decisions = _decisions(organization_id, held, is_sent=True)
    if not decisions.validate():
        return _decide_page(held, decisions, status=422)
    typed = decisions.typed(request.form)
    if [part for part in typed.values() if not part.validate()]:
        return _summary_page(organization_id, held, decisions, typed, status=422)
    try:
        with unit_of_work():
            done = service.off_board(
                me(),
                organization_id,
                user_id,
                decisions.choices(),
                seen=decisions.head.seen.data or "",
                typed={id_: part.typed.data or "" for id_, part in typed.items()},
            )
    except NotTyped as error:
        typed[error.account_id].typed.errors = [error.message]
        return _summary_page(organization_id, held, decisions, typed, status=422)
    except DomainError as error:
        held = _held(organization_id, user_id)
        fresh = _decisions(organization_id, held, is_sent=True)
        flash(error.message, "bad")
        return _decide_page(held, fresh, status=error.status)
    if done:
        flash(f"{held.person.name} is off-boarded and can’t sign in any more.", "ok")
    return _to(organization_id, user_id)


def _held(organization_id: UUID, user_id: UUID) -> Held:
    """Return what somebody of the lead's teams holds. Raises NotFound, CannotLeave."""
    row = queries.leaver(me(), organization_id, user_id)
    if (why := queries.why_not(me(), organization_id, row)) is not None:
        raise CannotLeave(
            why,
            fix_url=url_for("leaving.choose", organization_id=organization_id),
            fix_label="Choose somebody else",
        )
    return queries.held_by(me(), organization_id, row)


def _decisions(organization_id: UUID, held: Held, *, is_sent: bool) -> Decisions:
    able = queries.receivers(me(), organization_id, held.person)
    return Decisions(held, able, request.form if is_sent else None)


def _decide_page(held: Held, decisions: Decisions, status: int = 200) -> Response:
    return page("leaving/decide.html", None, status, held=held, decisions=decisions)


def _summary_page(
    organization_id: UUID,
    held: Held,
    decisions: Decisions,
    typed: Mapping[UUID, TypedPart],
    status: int = 200,
) -> Response:
    zone = service.organization_zone(organization_id)
    return page(
        "leaving/summary.html",
        None,
        status,
        held=held,
        headings=rules.plan(held, decisions.choices(), zone),
        kept=[*decisions.kept(), ("seen", rules.seen(held))],
        typed=typed,
    )


def _to(organization_id: UUID, user_id: UUID) -> Response:
    return see_other(url_for("leaving.decide", organization_id=organization_id, user_id=user_id))
