"""Files of texts: asked for, watched, downloaded (M-3, M-4)."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Response, g, url_for

from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.web import page, see_other
from portal.exports import queries as exports
from portal.exports import views as files
from portal.exports.errors import ExportRefused
from portal.exports.values import ExportRef, FileKind, Subject
from portal.messaging.forms.exporting import ExportForm
from portal.messaging.service import exporting
from portal.messaging.views.blueprint import bp
from portal.texting_accounts import queries as accounts


@bp.get("/accounts/<uuid:account_id>/text-files")
@requires(Permission.VIEW_CONVERSATIONS)
def text_files(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """List the account's files of texts, with the form for one more."""
    today = accounts.today(g.account, clock.utcnow())
    form = ExportForm(
        formdata=None,
        first=today - timedelta(days=29),
        last=today,
        nonce=secrets.token_hex(16),
    )
    return _list(form)


@bp.post("/accounts/<uuid:account_id>/text-files")
@requires(Permission.VIEW_CONVERSATIONS)
def ask_text_file(account_id: UUID) -> Response:
    """Ask for a file of all texts of some days."""
    form = ExportForm()
    if not form.validate_on_submit():
        return _list(form, 422)
    try:
        with unit_of_work():
            export_id = exporting.ask(
                g.account,
                form.first.data,
                form.last.data,
                kind=FileKind(form.kind.data),
                nonce=form.nonce.data or "",
                actor=me().actor,
            )
    except ExportRefused as error:
        form.refuse("last", error)
        return _list(form, 422)
    return see_other(url_for("messaging.text_file", account_id=account_id, export_id=export_id))


@bp.get("/accounts/<uuid:account_id>/text-files/<uuid:export_id>")
@requires(Permission.VIEW_CONVERSATIONS)
def text_file(account_id: UUID, export_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show how far a file is."""
    return files.show(Subject.TEXTS, export_id, _places)


@bp.get("/accounts/<uuid:account_id>/text-files/<uuid:export_id>/download")
@requires(Permission.VIEW_CONVERSATIONS)
def download_text_file(account_id: UUID, export_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Send a file."""
    return files.send(Subject.TEXTS, export_id, _places)


def _list(form: ExportForm, status: int = 200) -> Response:
    return page(
        "messaging/text_files.html",
        None,
        status,
        form=form,
        exports=exports.exports(g.account.tenant, Subject.TEXTS),
        url_of=lambda export: _places(export).file,
    )


def _places(export: ExportRef) -> files.Places:
    where: dict[str, Any] = {"account_id": export.account_id}
    return files.Places(
        title="File of texts",
        lead=f"All texts of {g.account.name}, {export.days}.",
        file=url_for("messaging.text_file", export_id=export.id, **where),
        download=url_for("messaging.download_text_file", export_id=export.id, **where),
        ask=url_for("messaging.text_files", **where),
        ask_label="Files of texts",
        warning="It holds what people wrote and their numbers: keep it where only those see it who may.",
    )
