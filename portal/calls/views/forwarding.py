"""Where a number's calls go, for the people of its account (N-8)."""

from uuid import UUID

from flask import Blueprint, Response, flash, g, url_for

from portal.calls import queries, rules
from portal.calls import service as calls
from portal.calls.errors import PhoneRefused, TooManyCodes, WrongCode
from portal.calls.forms import CodeForm, PhoneForm
from portal.calls.values import STATE_WORDS, Shown
from portal.core import phone
from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.steps import Trouble
from portal.core.web import page, see_other
from portal.numbers import queries as numbers
from portal.numbers import service as number_service
from portal.numbers.errors import CarrierTrouble

bp = Blueprint(
    "calls", __name__, url_prefix="/accounts/<uuid:account_id>/numbers/<uuid:sender_id>/calls"
)


@bp.get("")
@requires(Permission.VIEW_ACCOUNT)
def show(account_id: UUID, sender_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show where a number's calls go, and the last of them."""
    return _page(sender_id)


@bp.post("")
@requires(Permission.SET_UP_NUMBER)
def ask(account_id: UUID, sender_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Call a phone with a code; calls go there once the code is entered."""
    form = PhoneForm()
    if not form.validate_on_submit():
        return _page(sender_id, form=form, status=422)
    try:
        with unit_of_work():
            call = calls.ask(
                g.account,
                sender_id,
                form.phone.data,
                Shown(form.shown.data),
                actor=me().actor,
            )
    except (PhoneRefused, TooManyCodes) as error:
        form.refuse("phone", error)
        return _page(sender_id, form=form, status=error.status)
    if call is None:
        flash("Saved. Calls still go to the verified phone.", "ok")
        return see_other(_url(sender_id))
    try:
        calls.place(call)
    except CarrierTrouble as error:
        with unit_of_work():
            calls.take_back(call)
        return _page(sender_id, form=form, trouble=error.trouble, status=error.status)
    flash("The phone is being called. Enter the code it is told.", "ok")
    return see_other(_url(sender_id))


@bp.post("/code")
@requires(Permission.SET_UP_NUMBER)
def confirm(account_id: UUID, sender_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Take the code; a wrong one uses up a try."""
    form = CodeForm()
    if not form.validate_on_submit():
        return _page(sender_id, code_form=form, status=422)
    try:
        with unit_of_work():
            is_right = calls.confirm(g.account, sender_id, form.code.data, actor=me().actor)
        error: DomainError = WrongCode("That is not the code that was said. Try again.")
    except WrongCode as too_late:
        is_right, error = False, too_late
    if not is_right:
        form.refuse("code", error)
        return _page(sender_id, code_form=form, status=error.status)
    flash("Calls to this number go to your phone from now on.", "ok")
    return see_other(_url(sender_id))


@bp.post("/stop")
@requires(Permission.SET_UP_NUMBER)
def stop(account_id: UUID, sender_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Forward no more calls."""
    with unit_of_work():
        calls.stop(g.account.tenant, sender_id, actor=me().actor)
    flash("Calls are no longer forwarded.", "ok")
    return see_other(_url(sender_id))


def _url(sender_id: UUID) -> str:
    return url_for(".show", account_id=g.account.id, sender_id=sender_id)


def _page(
    sender_id: UUID,
    *,
    form: PhoneForm | None = None,
    code_form: CodeForm | None = None,
    trouble: Trouble | None = None,
    status: int = 200,
) -> Response:
    sender = numbers.get_or_404(g.account.tenant, sender_id)
    where = queries.forwarding(g.account.tenant, sender_id)
    is_pending = where.pending_until is not None and where.pending_until > utcnow()
    return page(
        "calls/show.html",
        status=status,
        sender=sender,
        where=where,
        is_pending=is_pending,
        form=form
        or PhoneForm(
            formdata=None,
            phone=phone.show(where.phone) if where.phone else None,
            shown=where.shown.value,
        ),
        code_form=code_form or CodeForm(formdata=None),
        trouble=trouble,
        stop=number_service.stop_of(g.account, number_service.check_unrestricted),
        calls=queries.recent(g.account.tenant, sender_id),
        state_words=STATE_WORDS,
        heard=" ".join(rules.told_words(g.organization.name)),
        may_set_up=me().may(Permission.SET_UP_NUMBER),
    )
