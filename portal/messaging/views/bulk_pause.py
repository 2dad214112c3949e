"""Letting bulk and plan texts of an account go on, once somebody has found the cause (H-8)."""

from uuid import UUID

from flask import Response, flash, g, url_for

from portal.compliance.forms import GoOnForm
from portal.compliance.views.restrictions import restriction_page
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import see_other
from portal.messaging.service import bulk_pause
from portal.messaging.views.blueprint import bp


@bp.post("/accounts/<uuid:account_id>/restriction/go-on")
@requires(Permission.LIFT_BULK_PAUSE)
def lift_bulk_pause(account_id: UUID) -> Response:
    """Let them go on, with a reason; the account begins slowly."""
    form = GoOnForm()
    if not form.validate_on_submit():
        return restriction_page(going_on=form)
    try:
        with unit_of_work():
            after = bulk_pause.lift(g.account, form.reason.data or "", actor=me().actor)
    except DomainError as error:
        flash(error.message, "bad")
    else:
        flash(
            f"Bulk and plan texts go on, to {after.recipients_a_day:,} people a day at first. "
            "Owner, leads and officers are told.",
            "ok",
        )
    return see_other(url_for("compliance.restriction", account_id=account_id))
