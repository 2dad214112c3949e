"""Pages of the checker: which pages were checked, and each report (C-9)."""

from uuid import UUID

from flask import Blueprint, Response, flash, g, request, send_file, url_for

from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError, NotFound
from portal.core.web import page, see_other
from portal.site_checks import queries, service
from portal.site_checks.forms import PageForm

bp = Blueprint("site_checks", __name__)
_HERE = "/accounts/<uuid:account_id>/page-checks"


@bp.get(_HERE)
@requires(Permission.VIEW_CONSENT)
def index(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """List the account's pages with what the newest check of each found."""
    return _index(PageForm(formdata=None))


@bp.post(_HERE)
@requires(Permission.RECORD_CONSENT)
def ask(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Ask for a check of a page."""
    form = PageForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    try:
        with unit_of_work():
            check_id = service.ask(g.account.tenant, form.url.data or "", actor=me().actor)
    except DomainError as error:
        form.refuse("url", error)
        return _index(form, error.status)
    return see_other(_report_url(check_id))


@bp.get(f"{_HERE}/<uuid:check_id>")
@requires(Permission.VIEW_CONSENT)
def report(account_id: UUID, check_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show one check: progress while a worker is at it, then the ten points."""
    check = queries.check_or_404(g.account.tenant, check_id)
    return page(
        "site_checks/report.html",
        "site_checks/_report.html",
        check=check,
        site=queries.page_or_404(g.account.tenant, check.page_id),
        history=queries.checks_of(g.account.tenant, check.page_id),
        may_ask=me().may(Permission.RECORD_CONSENT),
    )


@bp.get(f"{_HERE}/<uuid:check_id>/snapshot")
@requires(Permission.VIEW_CONSENT)
def snapshot(account_id: UUID, check_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Send the page as it was served, as a file: a stranger's page never opens within ours."""
    check = queries.check_or_404(g.account.tenant, check_id)
    if check.snapshot is None:
        raise NotFound("This check has no snapshot: the page could not be read.")
    path = service.path_of(check.snapshot)
    if not path.is_file():
        raise NotFound("The snapshot's file is missing. Restore the evidence folder from a backup.")
    response = send_file(
        path,
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=f"page-{check.snapshot.sha256[:12]}.html",
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@bp.post(f"{_HERE}/pages/<uuid:page_id>/again")
@requires(Permission.RECORD_CONSENT)
def ask_again(account_id: UUID, page_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Check a page again now."""
    known = queries.page_or_404(g.account.tenant, page_id)
    with unit_of_work():
        check_id = service.ask_again(g.account.tenant, known, actor=me().actor)
    return see_other(_report_url(check_id))


@bp.post(f"{_HERE}/pages/<uuid:page_id>/watch")
@requires(Permission.RECORD_CONSENT)
def watch(account_id: UUID, page_id: UUID) -> Response:
    """Check a page every week, or no longer."""
    known = queries.page_or_404(g.account.tenant, page_id)
    is_watched = request.form.get("is_watched") == "yes"
    with unit_of_work():
        service.watch(g.account.tenant, known, is_watched=is_watched, actor=me().actor)
    flash("It is checked every week." if is_watched else "It is not checked by itself now.", "ok")
    return see_other(url_for("site_checks.index", account_id=account_id))


def _index(form: PageForm, status: int = 200) -> Response:
    return page(
        "site_checks/index.html",
        None,
        status,
        form=form,
        sites=queries.pages(g.account.tenant),
        may_ask=me().may(Permission.RECORD_CONSENT),
    )


def _report_url(check_id: UUID) -> str:
    return url_for("site_checks.report", account_id=g.account.id, check_id=check_id)
