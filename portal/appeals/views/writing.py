"""Writing a case: its parts, their files, what the portal shows, the traffic, the numbers (A-3)."""

from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g

from portal.appeals import queries
from portal.appeals.errors import BadPart, FileRefused
from portal.appeals.forms import AsideForm, NumbersForm, PartForm, ShownForm
from portal.appeals.rules.named_numbers import MOST_CHARACTERS, Named, named_in
from portal.appeals.service import ceasing, certificates, checking, files, knowing, parts
from portal.appeals.service.files import Checked
from portal.appeals.values import FileKind, Slot
from portal.appeals.views.blueprint import bp
from portal.appeals.views.cases import ONE
from portal.appeals.views.showing import Slots, case_of, case_page, known, prefix, url_of
from portal.contacts.rules.files import decoded
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError, NotFound
from portal.core.formats import plural
from portal.core.web import see_other

_PART: Final = f"{ONE}/parts/<int:number>"
_MOST_BYTES: Final = 4 * MOST_CHARACTERS
_UNREAD_SHOWN: Final = 5


@bp.post(_PART)
@requires(Permission.WRITE_APPEALS)
def write_part(account_id: UUID, case_id: UUID, number: int) -> Response:  # noqa: ARG001 (g.account)
    """Keep what was written in a part, and a file with it."""
    case, form = case_of(case_id), PartForm(prefix=prefix(number))
    queries.part_or_404(case, number)
    if not form.validate_on_submit():
        return case_page(case, Slots(part={number: form}), 422)
    try:
        checked = _checked(form.file.data)  # before the unit of work: it may take seconds
        with unit_of_work():
            parts.write_part(
                case,
                number,
                text=form.text.data or "",
                link=form.link.data or "",
                edits=form.edits.data,
                actor=me().actor,
            )
            if checked is not None:
                parts.attach(case, number, checked, actor=me().actor)
    except BadPart as error:
        form.show(error)
    except FileRefused as error:
        form.refuse("file", error)
    except DomainError as error:
        form.form_errors = [error.message]
    else:
        flash(f"Part {number} is saved.", "ok")
        return see_other(url_of(case, number))
    return case_page(case_of(case_id), Slots(part={number: form}), 422)


@bp.post(f"{_PART}/not-applicable")
@requires(Permission.WRITE_APPEALS)
def set_part_aside(account_id: UUID, case_id: UUID, number: int) -> Response:  # noqa: ARG001
    """Say why a part does not apply."""
    case, form = case_of(case_id), AsideForm(prefix=prefix(number, "aside"))
    queries.part_or_404(case, number)
    if not form.validate_on_submit():
        return case_page(case, Slots(aside={number: form}), 422)
    try:
        with unit_of_work():
            parts.set_aside(
                case, number, because=form.because.data, edits=form.edits.data, actor=me().actor
            )
    except DomainError as error:
        form.refuse("because", error)
        return case_page(case_of(case_id), Slots(aside={number: form}), 422)
    flash(f"Part {number} does not apply.", "ok")
    return see_other(url_of(case, number))


@bp.post(f"{_PART}/shown")
@requires(Permission.WRITE_APPEALS)
def show_in_part(account_id: UUID, case_id: UUID, number: int) -> Response:  # noqa: ARG001
    """Show in a part what the portal knows: a plan's first text, or a form's screenshot."""
    case, form = case_of(case_id), ShownForm(prefix=prefix(number))
    part = queries.part_or_404(case, number)
    asked = form.parsed() if form.validate_on_submit() else None
    if asked is None or (part.slot, asked[0]) not in {
        (Slot.FIRST_TEXT, "plan"),
        (Slot.CHECKBOX, "form"),
    }:
        raise NotFound("We can't find that. Choose one of the list.")
    what, id_, which = asked
    found = known()
    text = part.text
    if what == "plan":
        plan = knowing.plan_named(found, id_)
        text, checked = plan.body, knowing.phone_picture(g.account, plan.body, plan.changed_at)
    else:
        checked = knowing.form_picture(*knowing.picture_named(found, id_, which))
    with unit_of_work():
        if text != part.text:
            parts.write_part(
                case, number, text=text, link=part.link, edits=part.edits, actor=me().actor
            )
        parts.attach(case, number, checked, actor=me().actor, kind=FileKind.MADE)
    flash(f"Added to part {number}.", "ok")
    return see_other(url_of(case, number))


@bp.post(f"{_PART}/stop")
@requires(Permission.WRITE_APPEALS)
def stop_traffic(account_id: UUID, case_id: UUID, number: int) -> Response:  # noqa: ARG001
    """Stop bulk and plan texts of the account, which is what this part confirms."""
    case = case_of(case_id)
    if queries.part_or_404(case, number).slot is not Slot.CEASED:
        raise NotFound("This part confirms nothing.")
    with unit_of_work():
        ceasing.stop_traffic(case, number, actor=me().actor)
    flash("Bulk and plan texts are stopped, and that is confirmed with your name.", "ok")
    return see_other(url_of(case, number))


@bp.post(f"{_PART}/numbers")
@requires(Permission.WRITE_APPEALS)
def name_numbers(account_id: UUID, case_id: UUID, number: int) -> Response:  # noqa: ARG001
    """Keep the numbers the carrier named, and look for the proof of each."""
    case, form = case_of(case_id), NumbersForm(prefix=prefix(number))
    if queries.part_or_404(case, number).slot is not Slot.PROOF:
        raise NotFound("This part names no numbers.")
    if not form.validate_on_submit():
        return case_page(case, Slots(numbers={number: form}), 422)
    typed = "\n".join([form.named.data or "", _read(form.list.data)])
    named = named_in(typed, own=knowing.senders(g.account))
    if not named.e164s and (form.named.data or form.list.data):
        form.named.errors = ["There is no phone number in this. Write each with its area code."]
        return case_page(case, Slots(numbers={number: form}), 422)
    tally = checking.tally(case, named.e164s)  # before the unit of work: it reads a lot
    try:
        with unit_of_work():
            parts.name_numbers(case, number, named.e164s, actor=me().actor, tally=tally)
            certificates.ask(case, named.e164s, actor=me().actor)
    except DomainError as error:
        form.refuse("named", error)
        return case_page(case_of(case_id), Slots(numbers={number: form}), 422)
    _say(named)
    return see_other(url_of(case, number))


@bp.post(f"{ONE}/files/<uuid:attachment_id>/remove")
@requires(Permission.WRITE_APPEALS)
def remove_file(account_id: UUID, case_id: UUID, attachment_id: UUID) -> Response:  # noqa: ARG001
    """Take a file out of a part again."""
    case = case_of(case_id)
    number = queries.file_or_404(case, attachment_id).part
    with unit_of_work():
        parts.remove_file(case, attachment_id, actor=me().actor)
    return see_other(url_of(case, number))


def _checked(sent: Any) -> Checked | None:
    return files.check(sent.stream, sent.filename or "") if sent and sent.filename else None


def _read(sent: Any) -> str:
    """Return a list that was uploaded as text; what is no text has no numbers in it."""
    if not sent or not sent.filename:
        return ""
    return decoded(sent.stream.read(_MOST_BYTES))


def _say(named: Named) -> None:
    """Tell what was read, and what was not."""
    said = [f"{plural(len(named.e164s), 'number')} kept."]
    if named.unread_count:
        some = ", ".join(
            f"line {one.line} “{one.written}” ({one.why.rstrip('.').lower()})"
            for one in named.unread[:_UNREAD_SHOWN]
        )
        said.append(f"Not read as a phone number: {some}.")
    if named.left_out:
        said.append(f"Left out, as nobody texts them: {plural(len(named.left_out), 'number')}.")
    if named.is_cut:
        said.append("There were more than are taken at once: the rest was not read.")
    flash(" ".join(said), "bad" if named.unread_count or named.is_cut else "ok")
