"""What is done to a case: handed in, returned, approved, sent, withdrawn, given to somebody (A-5)."""

from typing import Final
from uuid import UUID

from flask import Response, flash

from portal.appeals.errors import BadPart, MovedMeanwhile
from portal.appeals.forms import AssigneeForm, MoveForm
from portal.appeals.rules import states
from portal.appeals.rules.states import Move
from portal.appeals.service import checking, handling, parts, sending, submitting
from portal.appeals.values import CaseRef
from portal.appeals.views import after
from portal.appeals.views.blueprint import bp
from portal.appeals.views.cases import ONE
from portal.appeals.views.showing import BUTTONS, Slots, case_of, case_page, my_parties, url_of
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotFound
from portal.core.web import see_other

_DONE: Final = {
    Move.HAND_IN: "Handed in. Who reviews it is told.",
    Move.RETURN: "Returned, with your reason.",
    Move.APPROVE: "Approved. It can be sent now.",
    Move.SUBMIT: "Submitted. The PDF and ZIP are frozen; how they go out stands here.",
    Move.WITHDRAW: "Withdrawn.",
}


@bp.post(f"{ONE}/moves/<string:step>")
@requires(Permission.WRITE_APPEALS)
def move(account_id: UUID, case_id: UUID, step: str) -> Response:  # noqa: ARG001 (g.account)
    """Make one step of a case; who may make it is asked of the one table of moves."""
    case, form, wanted = case_of(case_id), MoveForm(), _named(step)
    if not form.validate_on_submit():
        return case_page(case, Slots(move=form, tried=wanted), 422)
    by, who = my_parties(case), me().actor
    try:
        if form.edits.data != case.edits:
            raise MovedMeanwhile(case.state_label)
        packed = None
        found = checking.look_again(case) if wanted is Move.HAND_IN else {}
        if wanted is Move.SUBMIT and states.may(wanted, case.state, by):
            checking.need_ready(case)
            packed = submitting.pack(case, actor=who)  # seconds, so outside the unit of work
        with unit_of_work():
            now = handling.advance(case, wanted, by, actor=who, reason=form.reason.data or "")
            for number, tally in found.items():
                parts.keep_tally(now, number, tally)
            if packed is not None:
                submitting.freeze(now, packed, actor=who)
                sending.request(now, actor=who)
    except BadInput as error:
        form.refuse("reason", error)
        return case_page(case, Slots(move=form, tried=wanted), 422)
    except DomainError as error:
        form.form_errors = [error.message]
        return case_page(case_of(case_id), Slots(move=form, tried=wanted), error.status)
    flash(_DONE[wanted], "ok")
    return see_other(after.here(case) if wanted is Move.SUBMIT else url_of(case))


@bp.post(f"{ONE}/assignee")
@requires(Permission.SEND_APPEALS)
def assign(account_id: UUID, case_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Give a case to somebody."""
    case, form = case_of(case_id), AssigneeForm()
    if not form.validate_on_submit():
        raise BadPart("assignee", "Choose who works on it from the list.")
    if form.edits.data != case.edits:
        raise MovedMeanwhile(case.state_label)
    with unit_of_work():
        now: CaseRef = handling.assign(case, form.chosen, actor=me().actor)
    flash(f"{now.assignee} works on it." if now.assignee else "Nobody works on it.", "ok")
    return see_other(url_of(case))


def _named(name: str) -> Move:
    try:
        step = Move(name)
    except ValueError as error:
        raise NotFound("There is no such step.") from error
    if step not in BUTTONS:
        raise NotFound("There is no such step.")
    return step
