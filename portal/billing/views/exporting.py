"""Files of long statements: asked for, watched, downloaded (B-13, M-3)."""

from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, flash, g, url_for

from portal.billing import queries
from portal.billing.forms import StatementFileForm
from portal.billing.values import StatementFilter
from portal.billing.views.blueprint import bp
from portal.billing.views.books import read_asked
from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.web import see_other
from portal.exports import service as exporting
from portal.exports import views as files
from portal.exports.errors import ExportRefused
from portal.exports.values import ExportRef, FileKind, Subject, Wanted


@bp.post("/accounts/<uuid:account_id>/statement/files")
@requires(Permission.VIEW_CREDITS)
def ask_statement_file(account_id: UUID) -> Response:
    """Ask for a file of the entries that are shown."""
    asked, wanted = read_asked()
    back = see_other(asked.url("billing.statement"))
    form = StatementFileForm()
    if not form.validate_on_submit():
        flash("Reload the page and ask for the file again.", "warn")
        return back
    file = _file_of(wanted, FileKind(form.file.data))
    try:
        with unit_of_work():
            export_id = exporting.ask(
                g.account,
                file,
                queries.statement_count(g.account.tenant, wanted),
                nonce=form.nonce.data or "",
                actor=me().actor,
            )
    except ExportRefused as error:
        flash(error.message, "warn")
        return back
    return see_other(url_for("billing.statement_file", account_id=account_id, export_id=export_id))


@bp.get("/accounts/<uuid:account_id>/statement/files/<uuid:export_id>")
@requires(Permission.VIEW_CREDITS)
def statement_file(account_id: UUID, export_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show how far a file is."""
    return files.show(Subject.STATEMENT, export_id, _places)


@bp.get("/accounts/<uuid:account_id>/statement/files/<uuid:export_id>/download")
@requires(Permission.VIEW_CREDITS)
def download_statement_file(account_id: UUID, export_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Send a file."""
    return files.send(Subject.STATEMENT, export_id, _places)


def _file_of(wanted: StatementFilter, kind: FileKind) -> Wanted:
    """Return the file of these entries: from the first one on and to today where no day is named."""
    zone = me().timezone
    now = clock.utcnow()
    begins = wanted.starts_at or queries.statement_begin(g.account.tenant) or now
    last = wanted.ends_at - timedelta(microseconds=1) if wanted.ends_at else max(now, begins)
    first_day, last_day = (at.astimezone(ZoneInfo(zone)).date() for at in (begins, last))
    narrowed = wanted.kind.value if wanted.kind else ""
    return Wanted(Subject.STATEMENT, kind, first_day, last_day, zone, narrowed)


def _places(export: ExportRef) -> files.Places:
    where: dict[str, Any] = {"account_id": export.account_id}
    return files.Places(
        title="File of the statement",
        lead=f"Credit entries of {g.account.name}, {export.days}.",
        file=url_for("billing.statement_file", export_id=export.id, **where),
        download=url_for("billing.download_statement_file", export_id=export.id, **where),
        ask=url_for("billing.statement", **where),
        ask_label="Credit statement",
        warning="It names the texts that each credit paid for.",
    )
