"""By which thresholds health is judged; officers set others (H-7)."""

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, flash, g, url_for

from portal.compliance import queries
from portal.compliance import service as compliance
from portal.compliance.errors import BadThreshold, TooEarly
from portal.compliance.forms import ThresholdsForm
from portal.compliance.rules import health
from portal.compliance.rules.health import Window
from portal.compliance.views.blueprint import bp
from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.web import page, see_other


@bp.get("/organizations/<uuid:organization_id>/thresholds")
@requires(Permission.VIEW_ORGANIZATION)
def thresholds(organization_id: UUID) -> Response:
    """Show by which thresholds accounts are judged, and how they came to be (H-7)."""
    form = ThresholdsForm(formdata=None)
    form.show(queries.thresholds(organization_id, _today()), _today())
    return _thresholds_page(organization_id, form)


@bp.post("/organizations/<uuid:organization_id>/thresholds")
@requires(Permission.SET_THRESHOLDS)
def set_thresholds(organization_id: UUID) -> Response:
    """Judge accounts by other thresholds from a day on."""
    form = ThresholdsForm()
    if not form.validate_on_submit():
        return _thresholds_page(organization_id, form, 422)
    try:
        with unit_of_work():
            compliance.set_thresholds(
                organization_id,
                form.wanted(),
                reason=form.reason.data or "",
                today=_today(),
                actor=me().actor,
            )
    except TooEarly as error:
        form.refuse("holds_from", error)
        return _thresholds_page(organization_id, form, 422)
    except BadThreshold as error:
        form.refuse(error.field, error)
        return _thresholds_page(organization_id, form, 422)
    flash(f"Accounts are judged by this from {form.holds_from.data:%-d %B %Y} on.", "ok")
    return see_other(url_for("compliance.thresholds", organization_id=organization_id))


def _thresholds_page(organization_id: UUID, form: ThresholdsForm, status: int = 200) -> Response:
    today = _today()
    return page(
        "compliance/thresholds.html",
        None,
        status,
        by=(by := queries.thresholds(organization_id, today)),
        windows=[window.words(by) for window in Window],
        usual=health.thresholds_on(today),
        history=queries.health_policies(organization_id)[::-1],
        limits=health.LIMITS,
        form=form,
        today=today,
        may_set=me().may(Permission.SET_THRESHOLDS),
        organization=g.organization,
    )


def _today() -> date:
    """Return the day of the organization."""
    return clock.utcnow().astimezone(ZoneInfo(g.organization.timezone)).date()
