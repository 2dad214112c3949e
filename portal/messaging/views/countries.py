"""Countries outside country code 1: switched on for each account by a team lead (S-2)."""

from uuid import UUID

from flask import Response, flash, g, url_for

from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.web import page, see_other
from portal.messaging import queries
from portal.messaging.forms.countries import NAMES, CountryForm
from portal.messaging.service import limits
from portal.messaging.views.blueprint import bp


@bp.get("/accounts/<uuid:account_id>/countries")
@requires(Permission.VIEW_ACCOUNT)
def countries(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """List the countries this account may text."""
    return _show(CountryForm(formdata=None))


@bp.post("/accounts/<uuid:account_id>/countries")
@requires(Permission.EDIT_LIMITS)
def allow_country(account_id: UUID) -> Response:
    """Switch a country on, or change how much may go there in a day."""
    form = CountryForm()
    if not form.validate_on_submit():
        return _show(form, 422)
    code, limit = form.country_code.data, form.daily_limit.data
    with unit_of_work():
        limits.allow_country(g.account, code, daily_limit=limit, actor=me().actor)
    flash(f"{NAMES[code]} is switched on, up to {limit:,} texts a day.", "ok")
    return see_other(url_for("messaging.countries", account_id=account_id))


@bp.post("/accounts/<uuid:account_id>/countries/<int:country_code>/removal")
@requires(Permission.EDIT_LIMITS)
def forbid_country(account_id: UUID, country_code: int) -> Response:
    """Switch a country off; what waits for it is blocked when its turn comes."""
    if country_code in queries.allowed_countries(g.account.tenant):
        with unit_of_work():
            limits.forbid_country(g.account, country_code, actor=me().actor)
        flash(f"{NAMES.get(country_code, 'The country')} is switched off.", "ok")
    return see_other(url_for("messaging.countries", account_id=account_id))


def _show(form: CountryForm, status: int = 200) -> Response:
    allowed = queries.allowed_countries(g.account.tenant)
    return page(
        "messaging/countries.html",
        None,
        status,
        form=form,
        rows=[(code, NAMES.get(code, "Unknown country"), limit) for code, limit in allowed.items()],
        may_edit=me().may(Permission.EDIT_LIMITS),
    )
