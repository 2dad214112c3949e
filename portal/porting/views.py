"""Pages with which an account brings a number over, and everybody sees how it stands (N-3)."""

import json
import re
from dataclasses import replace
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, flash, g, request, url_for

from portal.core import posted
from portal.core.access import Permission, me, requires, signed_by_carrier
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotFound
from portal.core.steps import Trouble
from portal.core.web import page, see_other
from portal.numbers import service as numbers
from portal.numbers.errors import AccountRestricted, CarrierTrouble, SubscriptionNeeded
from portal.people import queries as people
from portal.porting import queries
from portal.porting import service as porting
from portal.porting.errors import (
    BillRefused,
    BroughtAlready,
    EditedMeanwhile,
    NotPortable,
    NotReady,
    NotSigned,
)
from portal.porting.forms import (
    FORMS,
    AuthorityForm,
    BeginForm,
    CarrierForm,
    CheckForm,
    LetterForm,
    PageForm,
)
from portal.porting.rules import letters, portability, preflight, steps
from portal.porting.service.submitting import today_for
from portal.porting.values import PAGE_WORDS, Checked, Page, PortInRef, Problem
from portal.webhook_checks import service as webhook_checks

bp = Blueprint("porting", __name__, url_prefix="/accounts/<uuid:account_id>/numbers/port-ins")
webhooks = Blueprint("porting_webhooks", __name__, url_prefix="/webhooks/twilio")
blueprints = (bp, webhooks)
_REQUEST: Final = re.compile(r"KW[0-9a-fA-F]{32}")
# A number whose leaving was called off or refused stays: nobody has to be told to dispute it.
_STAYS: Final = re.compile("cancel|reject|fail|expire", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")


@bp.get("")
@requires(Permission.VIEW_ACCOUNT)
def index(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the numbers that come from other carriers, and check others."""
    is_asked = "numbers" in request.args and me().may(Permission.SET_UP_NUMBER)
    form = CheckForm(formdata=request.args if is_asked else None)
    if not is_asked or numbers.stop_of(g.account) is not None:
        return _index_page(form)
    if not form.validate():
        return _index_page(form, status=422)
    try:
        found = porting.check(g.organization.id, portability.numbers_in(form.numbers.data))
    except CarrierTrouble as error:
        return _index_page(form, trouble=error.trouble, status=error.status)
    return _index_page(form, found=found)


@bp.post("")
@requires(Permission.SET_UP_NUMBER)
def begin(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Begin to bring a number over; it is checked once more, and again opens the first."""
    form = BeginForm()
    if not form.validate_on_submit():
        wrong = BadInput("e164: no number is named. Check it first, and bring it over from there.")
        wrong.fix_url = url_for(".index", account_id=g.account.id)
        wrong.fix_label = "Check a number"
        raise wrong
    try:
        [checked] = porting.check(g.organization.id, [form.e164.data])
        with unit_of_work():
            made = porting.begin(g.account, checked, actor=me().actor)
    except CarrierTrouble as error:
        asked = CheckForm(formdata=None, data={"numbers": form.e164.data})
        return _index_page(asked, trouble=error.trouble, status=error.status)
    except (BroughtAlready, NotPortable) as error:
        no = replace(checked, is_portable=False, sentence=error.message)
        return _index_page(CheckForm(formdata=None), found=[no], status=error.status)
    return see_other(_page_url(made, Page.CARRIER) if made.may_be_edited else _show_url(made))


@bp.get("/<uuid:port_in_id>")
@requires(Permission.VIEW_ACCOUNT)
def show(account_id: UUID, port_in_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show how far a number came, and what is to be done."""
    return _show_page(_port_in(port_in_id))


@bp.get("/<uuid:port_in_id>/pages/<string:name>")
@requires(Permission.SET_UP_NUMBER)
def edit(account_id: UUID, port_in_id: UUID, name: str) -> Response:  # noqa: ARG001
    """Show one page of the wizard, with what would get it turned down."""
    known, of = _port_in(port_in_id), _page_named(name)
    if not known.may_be_edited:
        return see_other(_show_url(known))
    if of is Page.LETTER:
        return _letter_page(known, _letter_form(known))
    said = {**known.details.to_json(), "edits": known.edits, "name": known.name}
    form = FORMS[of](formdata=None, data=said)
    if known.problems or "mend" in request.args:  # a fresh draft is not scolded
        form.show((*known.problems, *porting.problems_of(g.account, known)))
    return _edit_page(known, of, form)


@bp.post("/<uuid:port_in_id>/pages/carrier")
@requires(Permission.SET_UP_NUMBER)
def save_carrier(account_id: UUID, port_in_id: UUID) -> Response:  # noqa: ARG001
    """Keep what is known of the current carrier's account."""
    known, form = _port_in(port_in_id), CarrierForm()
    if not form.validate_on_submit() or not _saved(known, form):
        return _edit_page(known, Page.CARRIER, form, 422)
    return see_other(_page_url(known, Page.AUTHORITY))


@bp.post("/<uuid:port_in_id>/pages/authority")
@requires(Permission.SET_UP_NUMBER)
def save_authority(account_id: UUID, port_in_id: UUID) -> Response:  # noqa: ARG001
    """Keep who signs, and the bill."""
    known, form = _port_in(port_in_id), AuthorityForm()
    if not form.validate_on_submit():
        return _edit_page(known, Page.AUTHORITY, form, 422)
    file = form.bill.data
    try:
        bill = porting.check_bill(file.stream, file.filename or "") if file else None
    except BillRefused as error:
        form.refuse("bill", error)
        return _edit_page(known, Page.AUTHORITY, form, error.status)
    if not _saved(known, form):
        return _edit_page(known, Page.AUTHORITY, form, 422)
    if bill is not None:
        edits = form.edits.data
        with unit_of_work():
            porting.attach_bill(known.tenant, known.id, bill, edits=edits, actor=me().actor)
    return see_other(_page_url(known, Page.LETTER))


@bp.post("/<uuid:port_in_id>/submit")
@requires(Permission.SET_UP_NUMBER)
def submit(account_id: UUID, port_in_id: UUID) -> Response:  # noqa: ARG001
    """Sign the letter and send it in; a second click changes nothing."""
    known, form = _port_in(port_in_id), LetterForm()
    if not form.validate_on_submit():
        return _letter_page(known, form, status=422)
    day = form.on.data.isoformat() if form.on.data else ""
    if known.may_be_edited and not _saved(known, form, {"on": day}):
        return _letter_page(known, form, status=409)
    try:
        with unit_of_work():
            porting.submit(g.account, known.id, signature=form.signature.data, actor=me().actor)
    except (AccountRestricted, SubscriptionNeeded) as error:
        return _letter_page(_port_in(port_in_id), form, status=error.status, fault=error)
    except NotSigned as error:
        form.refuse("signature", error)
        return _letter_page(_port_in(port_in_id), form, status=422)
    except NotReady as error:
        form.show(error.problems)
        return _letter_page(_port_in(port_in_id), form, error.problems, error.status)
    flash("Sent in. You are told here and by a notice when something is to be done.", "ok")
    return see_other(_show_url(known))


@bp.post("/<uuid:port_in_id>/call-off")
@requires(Permission.SET_UP_NUMBER)
def call_off(account_id: UUID, port_in_id: UUID) -> Response:  # noqa: ARG001
    """Call a request off."""
    known = _port_in(port_in_id)
    with unit_of_work():
        porting.call_off(known.tenant, known.id, actor=me().actor)
    return see_other(_show_url(known))


@bp.post("/<uuid:port_in_id>/retry")
@requires(Permission.SET_UP_NUMBER)
def retry(account_id: UUID, port_in_id: UUID) -> Response:  # noqa: ARG001
    """Go on at once with what waits."""
    known = _port_in(port_in_id)
    with unit_of_work():
        porting.try_now(known.tenant, known.id, actor=me().actor)
    return see_other(_show_url(known))


@webhooks.post("/porting")
@signed_by_carrier
@posted.answers
def news() -> Response:
    """Hear of a request, or of a number that leaves; both are looked at, nothing is believed."""
    came = posted.read_json()
    webhook_checks.believe_news(came)
    request_sid, e164, status = _subject(came.body or b"")
    with unit_of_work():
        if request_sid:
            porting.hear(request_sid)
        elif not _STAYS.search(status):
            numbers.hear_port_out(e164)
    return Response(status=204)


def _subject(body: bytes) -> tuple[str, str, str]:
    """Return the request that news is about, or the number that leaves, and what is said of it.

    Raises WebhookRefused.
    """
    try:
        said = json.loads(body)
        sid = said.get("port_in_request_sid") or said.get("portInRequestSid") or ""
        e164 = said.get("phone_number") or said.get("phoneNumber") or ""
        status = str(said.get("status") or "")
    except (ValueError, AttributeError) as error:
        raise posted.refused(400, "The body is not a JSON object.") from error
    if isinstance(sid, str) and _REQUEST.fullmatch(sid):
        return sid, "", status
    if not sid and isinstance(e164, str) and _NUMBER.fullmatch(e164):
        return "", e164, status
    raise posted.refused(400, "It names no request and no number.")


def _port_in(port_in_id: UUID) -> PortInRef:
    return queries.get_or_404(g.account.tenant, port_in_id)


def _page_named(name: str) -> Page:
    try:
        return Page(name)
    except ValueError as error:
        raise NotFound("We can't find that page.") from error


def _saved(known: PortInRef, form: PageForm, changes: dict[str, str] | None = None) -> bool:
    """Keep a page; say no, with the reason in the form, where somebody else was quicker."""
    try:
        with unit_of_work():
            kept = porting.save(
                known.tenant,
                known.id,
                form.changes() if changes is None else changes,
                edits=form.edits.data,
                actor=me().actor,
            )
    except EditedMeanwhile as error:
        form.form_errors = [error.message]
        form.edits.data = _port_in(known.id).edits
        return False
    form.edits.data = kept.edits  # should the page be shown again
    return True


def _index_page(
    form: CheckForm,
    *,
    found: list[Checked] | None = None,
    trouble: Trouble | None = None,
    status: int = 200,
) -> Response:
    return page(
        "porting/index.html",
        status=status,
        form=form,
        found=found,
        trouble=trouble,
        again_url=url_for(".index", account_id=g.account.id, numbers=form.numbers.data),
        port_ins=queries.of_account(g.account.tenant),
        stop=numbers.stop_of(g.account),
        may_set_up=me().may(Permission.SET_UP_NUMBER),
        most=portability.MOST_AT_ONCE,
    )


def _show_page(known: PortInRef) -> Response:
    return page(
        "porting/show.html",
        "porting/_status.html",
        port_in=known,
        milestones=[
            {"label": label, "state": state, "url": None}
            for label, state in steps.milestones(known.state, known.todo)
        ],
        timeline=queries.timeline(known),
        way=numbers.way_past(g.account, known.trouble),
        stop=numbers.stop_of(g.account) if known.may_be_edited else None,
        page_words=PAGE_WORDS,
        may_set_up=me().may(Permission.SET_UP_NUMBER),
    )


def _edit_page(known: PortInRef, of: Page, form: PageForm, status: int = 200) -> Response:
    return page(
        "porting/edit.html",
        status=status,
        port_in=known,
        here=of,
        form=form,
        steps=_steps(known, of),
        titles=PAGE_WORDS,
        back_url=_show_url(known) if of is Page.CARRIER else _page_url(known, Page.CARRIER),
    )


def _letter_form(known: PortInRef) -> LetterForm:
    first = preflight.earliest(today_for(g.account))
    form = LetterForm(formdata=None, data={"edits": known.edits, "on": known.details.day or first})
    form.show(problem for problem in known.problems if problem.page is Page.LETTER)
    return form


def _letter_page(
    known: PortInRef,
    form: LetterForm,
    stops: tuple[Problem, ...] = (),
    status: int = 200,
    fault: DomainError | None = None,
) -> Response:
    organization = people.organization_settings(g.organization.id)
    found = stops or porting.problems_of(g.account, known)
    return page(
        "porting/letter.html",
        status=status,
        port_in=known,
        form=form,
        stop=fault or numbers.stop_of(g.account),
        steps=_steps(known, Page.LETTER),
        stops=[problem for problem in found if problem.page is not Page.LETTER],
        labels=_labels(),
        letter=letters.letter(known.e164, known.details, organization.name, form.on.data),
        days=preflight.LEAD_DAYS,
        back_url=_page_url(known, Page.AUTHORITY),
    )


def _labels() -> dict[str, str]:
    """Return what the wizard calls each field."""
    return {
        field.short_name: field.label.text
        for form in (*FORMS.values(), LetterForm)
        for field in form(formdata=None)
    }


def _steps(known: PortInRef, here: Page) -> list[dict[str, str | None]]:
    order = list(Page)
    return [
        {
            "label": PAGE_WORDS[of],
            "state": "current" if of is here else "done" if at < order.index(here) else "todo",
            "url": _page_url(known, of) if of is not here else None,
        }
        for at, of in enumerate(order)
    ]


def _page_url(known: PortInRef, of: Page) -> str:
    return url_for(".edit", account_id=known.account_id, port_in_id=known.id, name=of.value)


def _show_url(known: PortInRef) -> str:
    return url_for(".show", account_id=known.account_id, port_in_id=known.id)
