"""Whether plans' texts over a daily limit wait or go: the organization's choice (S-5)."""

from uuid import UUID

from flask import Response, flash, g, url_for

from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import page, see_other
from portal.messaging.forms.plan_limits import PlanLimitsForm
from portal.messaging.queries import plan_limits as reads
from portal.messaging.service import plan_limits as service
from portal.messaging.views.blueprint import bp

_HERE = "/organizations/<uuid:organization_id>/plan-limits"


@bp.get(_HERE)
@requires(Permission.VIEW_ORGANIZATION)
def plan_limits(organization_id: UUID) -> Response:
    """Show what becomes of plans' texts over a daily limit, and who chose so."""
    return _page(organization_id)


@bp.post(_HERE)
@requires(Permission.SET_PLAN_LIMITS)
def set_plan_limits(organization_id: UUID) -> Response:
    """Let them go, or have them wait again, from now on."""
    form = PlanLimitsForm()
    if not form.validate_on_submit():
        return _page(organization_id, form, 422)
    lets_go = form.over.data == "go"
    try:
        with unit_of_work():
            service.set_policy(
                organization_id, lets_go=lets_go, reason=form.reason.data or "", actor=me().actor
            )
    except DomainError as error:
        form.refuse("reason", error)
        return _page(organization_id, form, 422)
    flash(
        "From now on plan texts over a daily limit go the same day, with a warning."
        if lets_go
        else "From now on plan texts over a daily limit wait for the next day with room.",
        "ok",
    )
    return see_other(url_for("messaging.plan_limits", organization_id=organization_id))


def _page(organization_id: UUID, form: PlanLimitsForm | None = None, status: int = 200) -> Response:
    history = reads.policies(organization_id)
    lets_go = bool(history) and history[0].lets_go
    return page(
        "messaging/plan_limits.html",
        None,
        status,
        lets_go=lets_go,
        history=history,
        form=form or PlanLimitsForm(formdata=None, data={"over": "go" if lets_go else "hold"}),
        may_set=me().may(Permission.SET_PLAN_LIMITS),
        organization=g.organization,
    )
