"""Everything about an account: asked for, watched, downloaded."""

import secrets
from uuid import UUID

from flask import Blueprint, Response, flash, g, send_file, url_for

from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import page, see_other
from portal.dossiers import queries
from portal.dossiers.errors import DossierRefused
from portal.dossiers.forms import DossierForm
from portal.dossiers.service import asking

bp = Blueprint("dossiers", __name__)
_ACCOUNT = "/accounts/<uuid:account_id>"


@bp.get(f"{_ACCOUNT}/dossiers")
@requires(Permission.EXPORT_DOSSIERS)
def index(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """List what was asked for about the account, with the form to ask for it."""
    return _list(DossierForm(formdata=None, nonce=secrets.token_hex(16)))


@bp.post(f"{_ACCOUNT}/dossiers")
@requires(Permission.EXPORT_DOSSIERS)
def ask(account_id: UUID) -> Response:
    """Ask for everything about the account."""
    form = DossierForm()
    if not form.validate_on_submit():
        return _list(form, 422)
    moving = queries.moving(g.account.tenant)
    try:
        with unit_of_work():
            dossier_id = asking.ask(
                g.account, form.wanted(), nonce=form.nonce.data or "", actor=me().actor
            )
    except DossierRefused as error:
        form.refuse("last", error)
        return _list(form, 422)
    if dossier_id == moving:
        flash("One is being made already: here it is. Ask again once it is ready.", "info")
    return see_other(url_for("dossiers.dossier", account_id=account_id, dossier_id=dossier_id))


@bp.get(f"{_ACCOUNT}/dossiers/<uuid:dossier_id>")
@requires(Permission.EXPORT_DOSSIERS)
def dossier(account_id: UUID, dossier_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show how far a dossier is, and the file once it is ready."""
    found = queries.dossier_or_404(g.account.tenant, dossier_id)
    return page("dossiers/dossier.html", "dossiers/_dossier.html", dossier=found)


@bp.get(f"{_ACCOUNT}/dossiers/<uuid:dossier_id>/account.zip")
@requires(Permission.EXPORT_DOSSIERS)
def download(account_id: UUID, dossier_id: UUID) -> Response:
    """Send a dossier; that it left is written down (M-4)."""
    found = queries.dossier_or_404(g.account.tenant, dossier_id)
    try:
        path = asking.open_dossier(found)
    except DomainError as error:
        flash(error.message, "warn")
        return see_other(url_for("dossiers.dossier", account_id=account_id, dossier_id=dossier_id))
    with unit_of_work():
        asking.note_download(found, actor=me().actor)
    return send_file(
        path, mimetype="application/zip", as_attachment=True, download_name=found.file_name
    )


def _list(form: DossierForm, status: int = 200) -> Response:
    found = queries.dossiers(g.account.tenant)
    return page("dossiers/index.html", None, status, form=form, dossiers=found)
