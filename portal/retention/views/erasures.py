"""Requests to be forgotten: a report first, erasing second."""

from uuid import UUID

from flask import Response, flash, g, url_for

from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import page, see_other
from portal.retention import queries
from portal.retention.forms import ErasureForm
from portal.retention.service import erasing
from portal.retention.values import COUNT_WORDS, ErasureState
from portal.retention.views.blueprint import bp, counts_file


@bp.get("/organizations/<uuid:organization_id>/erasures")
@requires(Permission.MANAGE_RETENTION)
def erasures(organization_id: UUID) -> Response:
    """List requests, with the form for one."""
    return _list_page(organization_id, ErasureForm(formdata=None))


@bp.post("/organizations/<uuid:organization_id>/erasures")
@requires(Permission.MANAGE_RETENTION)
def request_erasure(organization_id: UUID) -> Response:
    """Take a request in and count what it would erase."""
    form = ErasureForm()
    if not form.validate_on_submit():
        return _list_page(organization_id, form, 422)
    try:
        with unit_of_work():
            erasure_id = erasing.report(
                organization_id,
                form.phone.data,
                reason=form.reason.data,
                evidence=form.evidence.data,
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse("phone", error)
        return _list_page(organization_id, form, 422)
    return see_other(
        url_for("retention.erasure", organization_id=organization_id, erasure_id=erasure_id)
    )


@bp.get("/organizations/<uuid:organization_id>/erasures/<uuid:erasure_id>")
@requires(Permission.MANAGE_RETENTION)
def erasure(organization_id: UUID, erasure_id: UUID) -> Response:
    """Show what would be erased, or was, and what stays and why."""
    found = queries.erasure_or_404(organization_id, erasure_id)
    is_held = found.e164 is not None and queries.held(organization_id).keeps(found.e164)
    return page(
        "retention/erasure.html",
        erasure=found,
        is_held=is_held,
        is_done=found.state is ErasureState.DONE,
        words=COUNT_WORDS,
        organization=g.organization,
    )


@bp.post("/organizations/<uuid:organization_id>/erasures/<uuid:erasure_id>")
@requires(Permission.MANAGE_RETENTION)
def erase(organization_id: UUID, erasure_id: UUID) -> Response:
    """Erase for good."""
    with unit_of_work():
        erasing.erase(organization_id, erasure_id, actor=me().actor)
    flash("Erased. The number is on the do-not-contact list.", "ok")
    return see_other(
        url_for("retention.erasure", organization_id=organization_id, erasure_id=erasure_id)
    )


@bp.get("/organizations/<uuid:organization_id>/erasures/<uuid:erasure_id>/report.csv")
@requires(Permission.MANAGE_RETENTION)
def erasure_report(organization_id: UUID, erasure_id: UUID) -> Response:
    """Send the report as a file."""
    found = queries.erasure_or_404(organization_id, erasure_id)
    return counts_file(found.report, f"erasure-{found.requested_at:%Y-%m-%d}.csv")


def _list_page(organization_id: UUID, form: ErasureForm, status: int = 200) -> Response:
    return page(
        "retention/erasures.html",
        None,
        status,
        form=form,
        erasures=queries.erasures(organization_id),
        organization=g.organization,
    )
