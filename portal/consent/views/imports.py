"""Import of old consents, step by step: upload, match columns, dry run, import, result (C-2)."""

from collections.abc import Sequence
from uuid import UUID

from flask import Response, g, request, url_for

from portal.consent import queries
from portal.consent.forms import UploadForm
from portal.consent.rules.reading import CONSENT_FIELDS
from portal.consent.service import archives, importing_consents
from portal.consent.service.importing_consents import ConsentHandler
from portal.consent.views.blueprint import PER_PAGE, argument, bp, choice
from portal.contacts import queries as contacts
from portal.contacts.errors import FileRefused
from portal.contacts.rules import files
from portal.contacts.rules.walking import RUNS_UNSEEN, page_mark, steps
from portal.contacts.service import exporting, importing
from portal.contacts.values import ConsentSource, ImportKind, ImportRef, ImportState, Weight
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.core.web import page, see_other, takes


@bp.get("/accounts/<uuid:account_id>/consent/imports")
@requires(Permission.RECORD_CONSENT)
def imports(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Ask for a file, and list what was imported before."""
    return _upload_page(UploadForm(formdata=None))


@bp.post("/accounts/<uuid:account_id>/consent/imports")
@requires(Permission.RECORD_CONSENT)
def upload(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Keep an uploaded file and go on to its columns."""
    form = UploadForm()
    if not form.validate_on_submit():
        return _upload_page(form, 422)
    file = form.file.data
    try:
        with unit_of_work():
            import_ = importing_consents.receive(
                g.account.tenant, file.filename, file.stream, actor=me().actor
            )
    except FileRefused as error:
        form.refuse("file", error)
        return _upload_page(form, 422)
    return see_other(_url("show_import", import_))


@bp.get("/accounts/<uuid:account_id>/consent/imports/<uuid:import_id>")
@requires(Permission.RECORD_CONSENT)
@takes("weight", "after")
def show_import(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show an import where it stands: columns, progress, dry run or result."""
    import_ = _import(import_id)
    if import_.state is ImportState.UPLOADED:
        return _match_page(import_, import_.mapping)
    return _standing(import_)


@bp.get("/accounts/<uuid:account_id>/consent/imports/<uuid:import_id>/progress")
@requires(Permission.RECORD_CONSENT)
def import_progress(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show how far a run got; once it is over, the whole page says so."""
    import_ = _import(import_id)
    if not import_.is_moving:
        return see_other(_url("show_import", import_))
    return _standing(import_)


@bp.get("/accounts/<uuid:account_id>/consent/imports/<uuid:import_id>/columns")
@requires(Permission.RECORD_CONSENT)
def import_columns(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Match the columns again, before anything is imported."""
    import_ = _import(import_id)
    if import_.state not in {ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED}:
        return see_other(_url("show_import", import_))
    return _match_page(import_, import_.mapping)


@bp.post("/accounts/<uuid:account_id>/consent/imports/<uuid:import_id>/columns")
@requires(Permission.RECORD_CONSENT)
def match_columns(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Settle the columns and do the dry run; the file itself says how each person agreed."""
    import_, mapping = _import(import_id), request.form.getlist("columns")
    archive = archives.of_import(import_.stored_name)
    takes_long = archive is not None and archive.count > archives.MOST_INLINE
    try:
        with unit_of_work():
            if takes_long and import_.total_rows <= importing.INLINE_ROWS:
                importing.ask(import_)
            importing.match_columns(
                g.account.tenant,
                import_id,
                ConsentHandler(),
                mapping,
                consent_source=ConsentSource.RECORDED,
                consent_note="Named in each row of the file",
                actor=me().actor,
            )
    except BadInput as error:
        return _match_page(import_, mapping, 422, error.message)
    if import_.total_rows <= importing.INLINE_ROWS and not takes_long:
        run = importing.start_run(import_.id, ConsentHandler())
        while run.more():
            with unit_of_work():
                run.step()
    return see_other(_url("show_import", import_))


@bp.post("/accounts/<uuid:account_id>/consent/imports/<uuid:import_id>/start")
@requires(Permission.RECORD_CONSENT)
def start_import(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Start the import the dry run was shown of."""
    import_ = _import(import_id)
    is_open = import_.state is ImportState.CHECKED
    if is_open and import_.runs and not request.form.get("runs_seen"):
        return _standing(import_, 422, runs_fault=RUNS_UNSEEN)
    with unit_of_work():
        importing.confirm(g.account.tenant, import_id, actor=me().actor)
    return see_other(_url("show_import", import_))


@bp.get("/accounts/<uuid:account_id>/consent/imports/<uuid:import_id>/rejects")
@requires(Permission.RECORD_CONSENT)
def import_rejects(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Send the rejected rows as a CSV, with line and reason."""
    import_ = _import(import_id)
    stem = "".join(c if c.isalnum() and c.isascii() else "-" for c in import_.file_name[:60])
    response = Response("".join(exporting.rejects(import_)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{stem}-rejected.csv"'
    return response


def _import(import_id: UUID) -> ImportRef:
    return contacts.import_or_404(g.account.tenant, import_id, ImportKind.CONSENTS)


def _url(verb: str, import_: ImportRef) -> str:
    return url_for(f"consent.{verb}", account_id=import_.account_id, import_id=import_.id)


def _upload_page(form: UploadForm, status: int = 200) -> Response:
    return page(
        "consent/import_upload.html",
        None,
        status,
        form=form,
        imports=contacts.imports(g.account.tenant, ImportKind.CONSENTS),
        import_url=lambda import_: _url("show_import", import_),
        action=url_for("consent.upload", account_id=g.account.id),
        steps=steps("upload"),
    )


def _match_page(
    import_: ImportRef, mapping: Sequence[str], status: int = 200, problem: str = ""
) -> Response:
    width = len(import_.columns)
    return page(
        "consent/import_columns.html",
        None,
        status,
        import_=import_,
        mapping=[*mapping, *[""] * width][:width],
        fields=CONSENT_FIELDS,
        separator=files.separator_name(import_.delimiter),
        problem=problem,
        action=_url("match_columns", import_),
        steps=steps("columns"),
    )


def _standing(import_: ImportRef, status: int = 200, runs_fault: str | None = None) -> Response:
    weight, after = choice("weight", Weight), page_mark(argument("after", 20))
    found = contacts.findings(import_, weight, after, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    more = f"{shown[-1].line}.{shown[-1].position}" if len(found) > PER_PAGE else None
    here = _url("show_import", import_)
    return page(
        "consent/import.html",
        "consent/_import.html",
        status,
        import_=import_,
        runs_fault=runs_fault,
        summary=None if import_.is_moving else queries.import_summary(import_),
        findings=shown,
        weight=weight or "",
        is_first=after == (0, -1),
        next_url=f"{here}?weight={weight or ''}&after={more}" if more else None,
        urls={
            "show": here,
            "progress": _url("import_progress", import_),
            "columns": _url("import_columns", import_),
            "start": _url("start_import", import_),
            "rejects": _url("import_rejects", import_),
        },
        steps=steps("result" if import_.state is ImportState.DONE else "check"),
    )
