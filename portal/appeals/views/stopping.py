"""Stopping what opt-outs and errors come from with one click, and letting it go on (H-8)."""

from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.appeals.service import stopping
from portal.appeals.views.blueprint import bp
from portal.compliance.forms import GoOnForm
from portal.compliance.rules.causes import Dimension, Trouble
from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.formats import plural
from portal.core.web import page, see_other
from portal.messaging.queries import stops
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.rules import policy_on, told_again

_HERE = "/accounts/<uuid:account_id>/traffic-stops"
_LONGEST = 240


@bp.get(_HERE)
@requires(Permission.VIEW_CREDITS)
def traffic_stops(account_id: UUID) -> Response:
    """Show what of an account's traffic is stopped, by whom and why, and what was."""
    del account_id  # loaded as g.account
    return _page(GoOnForm(formdata=None), None)


@bp.post(_HERE)
@requires(Permission.STOP_TRAFFIC)
def stop_cause(account_id: UUID) -> Response:
    """Stop one cause, whatever that means for it."""
    dimension, trouble, value = _asked()
    try:
        with unit_of_work():
            done = stopping.stop(g.account, dimension, value, trouble, me())
    except DomainError as error:
        flash(error.message, "bad")
    else:
        flash(done, "ok")
    return see_other(url_for("appeals.traffic_stops", account_id=account_id))


@bp.post(f"{_HERE}/<uuid:stop_id>/lift")
@requires(Permission.LIFT_BULK_PAUSE)
def lift_stop(account_id: UUID, stop_id: UUID) -> Response:
    """Let stopped traffic go on, with a reason; the account begins slowly."""
    stops.stop_or_404(g.account.tenant, stop_id)
    form = GoOnForm()
    if not form.validate_on_submit():
        return _page(form, stop_id, 422)
    with unit_of_work():
        freed = stopping.lift(g.account, stop_id, reason=form.reason.data or "", actor=me().actor)
    flash(f"It goes on: {plural(freed, 'text')} that waited, through every gate.", "ok")
    return see_other(url_for("appeals.traffic_stops", account_id=account_id))


def _page(form: GoOnForm, lifting: UUID | None, status: int = 200) -> Response:
    return page(
        "appeals/stops.html",
        None,
        status,
        rows=stops.past_stops(g.account.tenant),
        form=form,
        lifting=lifting,
        begins_again=told_again(policy_on(accounts.today(g.account, utcnow()))),
        may_lift=me().may(Permission.LIFT_BULK_PAUSE),
    )


def _asked() -> tuple[Dimension, Trouble, str]:
    """Return what is to be stopped. Raises BadInput."""
    value = request.form.get("value", "")
    if not value or len(value) > _LONGEST or "\0" in value:
        raise BadInput("value: reload the page and click again.")
    try:
        return (
            Dimension(request.form.get("dimension", "")),
            Trouble(request.form.get("trouble", "")),
            value,
        )
    except ValueError:
        raise BadInput("dimension, trouble: reload the page and click again.") from None
