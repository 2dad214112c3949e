"""Lifting a suspension by hand, once the carrier has (A-1, H-8)."""

from uuid import UUID

from flask import Response, flash, g, url_for

from portal.compliance import service as compliance
from portal.compliance.errors import NotSuspended
from portal.compliance.forms import LiftForm
from portal.compliance.views.restrictions import restriction_page
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.web import see_other
from portal.messaging.service import reinstating
from portal.messaging.views.blueprint import bp


@bp.post("/accounts/<uuid:account_id>/restriction/lift")
@requires(Permission.EDIT_LIMITS)
def lift_suspension(account_id: UUID) -> Response:
    """Lift a suspension once the carrier has; what waited goes again by itself, slowly."""
    form = LiftForm()
    if not form.validate_on_submit():
        return restriction_page(lifting=form)
    try:
        with unit_of_work():
            after = reinstating.lift(g.account, form.carrier_note.data or "", actor=me().actor)
    except NotSuspended as error:
        flash(error.message, "bad")
    else:
        goes_on = (
            f"Texts that waited go again, to {after.recipients_a_day:,} people a day at first."
        )
        flash(
            f"The suspension is lifted. {goes_on if after.is_active else compliance.STILL_PAUSED}",
            "ok",
        )
    return see_other(url_for("compliance.restriction", account_id=account_id))
