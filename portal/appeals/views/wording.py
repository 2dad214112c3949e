"""The templates of appeals, as officers word them (A-2)."""

from typing import Final
from uuid import UUID

from flask import Response, flash, url_for

from portal.appeals import queries
from portal.appeals.errors import BadTemplate
from portal.appeals.forms import WordingForm
from portal.appeals.rules.readiness import SHORT_TITLES
from portal.appeals.rules.templates import Template, first_version
from portal.appeals.service import wording
from portal.appeals.values import KIND_LABELS, Kind
from portal.appeals.views.blueprint import bp
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError, NotFound
from portal.core.web import page, see_other

_ONE: Final = "/organizations/<uuid:organization_id>/appeal-templates/<string:name>"


@bp.get(_ONE)
@requires(Permission.REVIEW_APPEALS)
def template(organization_id: UUID, name: str) -> Response:
    """Show a template's wording, and every version before."""
    kind = _named(name)
    now = queries.template(organization_id, kind)
    return _page(organization_id, now, _fresh(now))


@bp.post(_ONE)
@requires(Permission.REVIEW_APPEALS)
def change_template(organization_id: UUID, name: str) -> Response:
    """Make the next version of a template."""
    kind, form = _named(name), WordingForm()
    now = queries.template(organization_id, kind)
    if len(form.heading) != len(now.parts):
        form = _fresh(now)
        form.form_errors = ["Something was missing. Here is the wording as it is now."]
        return _page(organization_id, now, form, 422)
    if not form.validate_on_submit():
        return _page(organization_id, now, form, 422)
    headings = [entry.data for entry in form.heading]
    try:
        with unit_of_work():
            made = wording.change_template(
                organization_id,
                kind,
                headings,
                seen=form.seen,
                reason=form.reason.data,
                actor=me().actor,
            )
    except BadTemplate as error:
        number = int(error.field.removeprefix("heading_"))
        form.heading[number - 1].errors = [error.message]
        return _page(organization_id, now, form, 422)
    except DomainError as error:
        form.form_errors = [error.message]
        return _page(organization_id, now, form, error.status)
    flash(f"Version {made.version} holds for appeals begun from now on.", "ok")
    return see_other(url_for(".template", organization_id=organization_id, name=kind.value))


def _named(name: str) -> Kind:
    try:
        return Kind(name)
    except ValueError as error:
        raise NotFound("There is no such template.") from error


def _fresh(now: Template) -> WordingForm:
    return WordingForm(formdata=None, version=str(now.version), heading=list(now.headings))


def _page(organization_id: UUID, now: Template, form: WordingForm, status: int = 200) -> Response:
    return page(
        "appeals/template.html",
        None,
        status,
        wording=now,
        form=form,
        titles=SHORT_TITLES,
        labels=KIND_LABELS,
        versions=queries.wordings(organization_id, now.kind),
        first=first_version(now.kind),
    )
