"""What happens to a case once it was sent on: sending, replies, answers, comments (A-5, A-6)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, cast
from uuid import UUID

from flask import Response, flash, g, url_for
from werkzeug.datastructures import FileStorage

from portal.appeals import queries
from portal.appeals.errors import BadReply, FileRefused, MovedMeanwhile
from portal.appeals.forms import (
    AnswerForm,
    ByHandForm,
    CommentForm,
    ReplyForm,
    SettingsForm,
    TicketForm,
)
from portal.appeals.rules.states import Move
from portal.appeals.rules.states import may as may_move
from portal.appeals.service import comments, files, policy, replies, sending, tickets
from portal.appeals.service.files import Checked
from portal.appeals.values import FROZEN, CaseRef, FileRef, ReplyKind
from portal.appeals.views import sharing
from portal.appeals.views.blueprint import bp
from portal.appeals.views.cases import ONE
from portal.appeals.views.showing import STATE_LOOKS, case_of, lines, my_parties, url_of
from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.base_form import BaseForm
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.web import page, see_other
from portal.texting_accounts import queries as accounts

_KEPT: Final = {
    ReplyKind.INFORMATION: "Kept. Who answers is told.",
    ReplyKind.REINSTATED: "Kept. The suspension is lifted, and people are told.",
    ReplyKind.DENIED: "Kept. The next round is open, with what was written before.",
    ReplyKind.WITHDRAWN: "Kept. The appeal is over.",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """Forms with what was just typed, instead of fresh ones."""

    reply: ReplyForm | None = None
    answer: AnswerForm | None = None
    comment: CommentForm | None = None
    by_hand: tuple[int, ByHandForm] | None = None
    ticket: TicketForm | None = None


@bp.get(f"{ONE}/carrier")
@requires(Permission.VIEW_CONSENT)
def carrier(account_id: UUID, case_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show what went to the carrier and came back, and what was said among us."""
    return _page(case_of(case_id))


@bp.post(f"{ONE}/replies")
@requires(Permission.SEND_APPEALS)
def keep_reply(account_id: UUID, case_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Keep what the carrier answered, and do what follows."""
    case, form = case_of(case_id), ReplyForm()
    if not form.validate_on_submit():
        return _page(case, Typed(reply=form), 422)
    try:
        _as_seen(case, form)
        attached = _checked(form.reply_file.data)  # before the unit of work: it may take seconds
        kind = form.reply.kind
        carried = replies.carried_by(case) if kind is ReplyKind.DENIED else ()
        with unit_of_work():
            now = replies.record(
                case,
                form.reply,
                my_parties(case),
                actor=me().actor,
                attached=attached,
                carried=carried,
            )
    except DomainError as error:
        return _refused(case_id, form, error, Typed(reply=form))
    flash(_KEPT[kind], "ok")
    return see_other(here(case) if now.id == case.id else url_of(now))


@bp.post(f"{ONE}/answers")
@requires(Permission.SEND_APPEALS)
def answer(account_id: UUID, case_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Send the carrier what it asked for."""
    case, form = case_of(case_id), AnswerForm()
    if not form.validate_on_submit():
        return _page(case, Typed(answer=form), 422)
    try:
        _as_seen(case, form)
        attached = _checked(form.answer_file.data)
        with unit_of_work():
            sending.answer(
                case,
                form.words.data or "",
                my_parties(case),
                actor=me().actor,
                attached=attached,
            )
    except DomainError as error:
        return _refused(case_id, form, error, Typed(answer=form))
    flash("The answer is on its way.", "ok")
    return see_other(here(case))


@bp.post(f"{ONE}/comments")
@requires(Permission.WRITE_APPEALS)
def comment(account_id: UUID, case_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Keep a comment, and tell whom it names."""
    case, form = case_of(case_id), CommentForm()
    if not form.validate_on_submit():
        return _page(case, Typed(comment=form), 422)
    try:
        attached = _checked(form.comment_file.data)
        with unit_of_work():
            told = comments.comment(
                case, form.comment.data or "", actor=me().actor, attached=attached
            )
    except DomainError as error:
        return _refused(case_id, form, error, Typed(comment=form))
    names = ", ".join(one.name for one in told)
    flash(f"Kept. {names} gets a notice." if names else "Kept.", "ok")
    return see_other(here(case))


@bp.post(f"{ONE}/sendings/<int:number>/by-hand")
@requires(Permission.SEND_APPEALS)
def sent_by_hand(account_id: UUID, case_id: UUID, number: int) -> Response:  # noqa: ARG001
    """Keep that a person sent it."""
    case, form = case_of(case_id), ByHandForm()
    one = queries.sending_or_404(case, number)
    if not form.validate_on_submit():
        return _page(case, Typed(by_hand=(number, form)), 422)
    try:
        with unit_of_work():
            sending.mark_by_hand(
                one,
                form.sent_on.data,
                form.note.data or "",
                actor=me().actor,
                ticket=form.ticket.data or "",
            )
    except DomainError as error:
        return _refused(case_id, form, error, Typed(by_hand=(number, form)))
    flash("Kept that it was sent by hand.", "ok")
    return see_other(here(case))


@bp.post(f"{ONE}/sendings/<int:number>/again")
@requires(Permission.SEND_APPEALS)
def send_again(account_id: UUID, case_id: UUID, number: int) -> Response:  # noqa: ARG001
    """Try to send what was given up because its files could not be read or made."""
    case = case_of(case_id)
    one = queries.sending_or_404(case, number)
    with unit_of_work():
        sending.again(one, actor=me().actor)
    flash("It is tried again.", "ok")
    return see_other(here(case))


@bp.post(f"{ONE}/ticket")
@requires(Permission.SEND_APPEALS)
def name_ticket(account_id: UUID, case_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Keep the carrier's own number of the case, which every later letter names."""
    case, form = case_of(case_id), TicketForm()
    if not form.validate_on_submit():
        return _page(case, Typed(ticket=form), 422)
    try:
        if form.seen.data != case.carrier_ticket:
            raise MovedMeanwhile(case.state_label)
        with unit_of_work():
            now = tickets.name_ticket(case, form.ticket.data or "", actor=me().actor)
    except DomainError as error:
        return _refused(case_id, form, error, Typed(ticket=form))
    flash(
        f"Kept: ticket {now.carrier_ticket}." if now.carrier_ticket else "No ticket any more.", "ok"
    )
    return see_other(here(case))


@bp.route("/organizations/<uuid:organization_id>/appeals/settings", methods=["GET", "POST"])
@requires(Permission.REVIEW_APPEALS)
def settings(organization_id: UUID) -> Response:
    """Say where appeals go, and how long what is waited for may take."""
    now, form = queries.settings_of(organization_id), SettingsForm()
    if not form.is_submitted():
        return _settings(SettingsForm(formdata=None, obj=now))
    if not form.validate():
        return _settings(form, 422)
    try:
        with unit_of_work():
            policy.change(organization_id, form.wanted, actor=me().actor)
    except DomainError as error:
        _show(form, error)
        return _settings(form, error.status)
    flash("Saved.", "ok")
    return see_other(url_for(".settings", organization_id=organization_id))


def _settings(form: SettingsForm, status: int = 200) -> Response:
    now = queries.settings_of(g.organization.id)
    address = sending.support_address(g.organization.id)
    return page("appeals/settings.html", None, status, form=form, now=now, address=address)


def _page(case: CaseRef, typed: Typed | None = None, status: int = 200) -> Response:
    typed = typed or Typed()
    today = accounts.today(g.account, clock.utcnow())
    kept = queries.files(case)
    by = my_parties(case)
    may_send = me().may(Permission.SEND_APPEALS)
    kinds = [kind for kind, move in replies.MOVES.items() if may_move(move, case.state, by)]
    reply = typed.reply or ReplyForm(formdata=None, edits=case.edits, received_on=today)
    reply.kind.choices = [one for one in reply.kind.choices if not one[0] or one[0] in kinds]
    sendings = queries.sendings(case)
    by_hand = {
        one.number: ByHandForm(formdata=None, sent_on=today).at(one.number)
        for one in sendings
        if one.waits_for_a_person and may_send
    }
    not_done: BaseForm | None = None
    if typed.by_hand is not None:
        number, refused = typed.by_hand
        if number in by_hand:
            by_hand[number] = refused.at(number)
        else:
            not_done = refused
    if typed.reply is not None and not kinds:
        not_done = typed.reply
    may_answer = may_move(Move.ANSWER, case.state, by)
    if typed.answer is not None and not may_answer:
        not_done = typed.answer
    return page(
        "appeals/carrier.html",
        None,
        status,
        case=case,
        look=STATE_LOOKS[case.state],
        not_done=not_done,
        sendings=sendings,
        replies=queries.replies(case),
        files=_by_what(kept),
        frozen=[file for file in kept if file.kind in FROZEN and file.about_id is None],
        reply_form=reply
        if may_send and (typed.reply or kinds != [ReplyKind.WITHDRAWN]) and kinds
        else None,
        answer_form=(typed.answer or AnswerForm(formdata=None, edits=case.edits))
        if may_answer
        else None,
        comment_form=(typed.comment or CommentForm(formdata=None))
        if me().may(Permission.WRITE_APPEALS)
        else None,
        by_hand_forms=by_hand,
        may_send=may_send,
        ticket_form=(
            typed.ticket
            or TicketForm(formdata=None, seen=case.carrier_ticket, ticket=case.carrier_ticket)
        )
        if may_send
        else None,
        readers=comments.readers(case),
        address=sending.support_address(case.organization_id),
        is_overdue=case.due_at is not None and case.due_at <= clock.utcnow(),
        share_url=sharing.address(case) if me().may(Permission.SHARE_PROOF) else None,
        history=lines(case, kept),
        earlier=[file for file in kept if file.kind == "earlier"],
        notes=[file for file in kept if file.kind == "note"],
    )


def _by_what(kept: Sequence[FileRef]) -> dict[UUID | None, list[FileRef]]:
    """Return files by the reply, answer or comment they came with."""
    found: dict[UUID | None, list[FileRef]] = defaultdict(list)
    for file in kept:
        found[file.about_id].append(file)
    return found


def here(case: CaseRef) -> str:
    """Return the address of what went to the carrier and came back."""
    return url_for("appeals.carrier", account_id=case.account_id, case_id=case.id)


def _as_seen(case: CaseRef, form: ReplyForm | AnswerForm) -> None:
    if form.edits.data != case.edits:
        raise MovedMeanwhile(case.state_label)


def _checked(sent: FileStorage | None) -> list[Checked]:
    if not sent or not sent.filename:
        return []
    return [files.check(cast("BinaryIO", sent.stream), sent.filename)]


def _show(form: BaseForm, error: DomainError) -> None:
    """Show a refusal beside the field it names, else above the form."""
    if isinstance(error, BadReply) and error.field in form:
        form.refuse(error.field, error)
    elif isinstance(error, FileRefused):
        form.refuse(next(field.name for field in form if field.type == "FileField"), error)
    else:
        form.form_errors = [error.message]


def _refused(case_id: UUID, form: BaseForm, error: DomainError, typed: Typed) -> Response:
    _show(form, error)
    return _page(case_of(case_id), typed, 422 if isinstance(error, BadInput) else error.status)
