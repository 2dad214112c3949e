"""Import of opt-outs of another tool: upload, match columns, dry run, import, result (Q-7)."""

from collections.abc import Sequence
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.consent import queries as consent_queries
from portal.consent import service as consent
from portal.consent.values import OldOptOuts
from portal.contacts import queries as contacts
from portal.contacts.errors import FileRefused
from portal.contacts.rules import files
from portal.contacts.rules.walking import page_mark, steps
from portal.contacts.service import exporting, importing
from portal.contacts.values import ConsentSource, ImportKind, ImportRef, ImportState, Weight
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.web import page, see_other, takes
from portal.messaging.forms.opting_out import ListForm, NoneForm
from portal.messaging.service.optout_import import FIELDS, OptOutHandler
from portal.messaging.views.blueprint import bp

PER_PAGE = 50


@bp.get("/accounts/<uuid:account_id>/opt-outs/imports")
@requires(Permission.RECORD_CONSENT)
def opt_out_imports(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Ask for a file, and list what was imported before."""
    return _upload_page(ListForm(formdata=None))


@bp.post("/accounts/<uuid:account_id>/opt-outs/imports")
@requires(Permission.RECORD_CONSENT)
def upload_opt_outs(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Keep an uploaded file and go on to its columns."""
    form = ListForm()
    if not form.validate_on_submit():
        return _upload_page(form, 422)
    file = form.file.data
    try:
        with unit_of_work():
            import_ = importing.receive(
                g.account.tenant, OptOutHandler(), file.filename, file.stream, actor=me().actor
            )
    except FileRefused as error:
        form.refuse("file", error)
        return _upload_page(form, 422)
    return see_other(_url("opt_out_import", import_))


@bp.get("/accounts/<uuid:account_id>/opt-outs/imports/<uuid:import_id>")
@requires(Permission.RECORD_CONSENT)
@takes("weight", "after")
def opt_out_import(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show an import where it stands: columns, progress, dry run or result."""
    import_ = _import(import_id)
    if import_.state is ImportState.UPLOADED:
        return _match_page(import_, import_.mapping)
    return _standing(import_)


@bp.get("/accounts/<uuid:account_id>/opt-outs/imports/<uuid:import_id>/progress")
@requires(Permission.RECORD_CONSENT)
def opt_out_progress(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show how far a run got; once it is over, the whole page says so."""
    import_ = _import(import_id)
    if not import_.is_moving:
        return see_other(_url("opt_out_import", import_))
    return _standing(import_)


@bp.get("/accounts/<uuid:account_id>/opt-outs/imports/<uuid:import_id>/columns")
@requires(Permission.RECORD_CONSENT)
def opt_out_columns(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Match the columns again, before anything is imported."""
    import_ = _import(import_id)
    if import_.state not in {ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED}:
        return see_other(_url("opt_out_import", import_))
    return _match_page(import_, import_.mapping)


@bp.post("/accounts/<uuid:account_id>/opt-outs/imports/<uuid:import_id>/columns")
@requires(Permission.RECORD_CONSENT)
def match_opt_outs(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Settle the columns and do the dry run; the tool is named with the file."""
    import_, mapping = _import(import_id), request.form.getlist("columns")
    try:
        with unit_of_work():
            importing.match_columns(
                g.account.tenant,
                import_id,
                OptOutHandler(),
                mapping,
                consent_source=ConsentSource.RECORDED,
                consent_note=request.form.get("tool", "")[:100],
                actor=me().actor,
            )
    except BadInput as error:
        return _match_page(import_, mapping, 422, error.message)
    if import_.total_rows <= importing.INLINE_ROWS:
        run = importing.start_run(import_.id, OptOutHandler())
        while run.more():
            with unit_of_work():
                run.step()
    return see_other(_url("opt_out_import", import_))


@bp.post("/accounts/<uuid:account_id>/opt-outs/imports/<uuid:import_id>/start")
@requires(Permission.RECORD_CONSENT)
def start_opt_outs(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Start the import the dry run was shown of."""
    import_ = _import(import_id)
    with unit_of_work():
        importing.confirm(g.account.tenant, import_id, actor=me().actor)
    return see_other(_url("opt_out_import", import_))


@bp.get("/accounts/<uuid:account_id>/opt-outs/imports/<uuid:import_id>/rejects")
@requires(Permission.RECORD_CONSENT)
def opt_out_rejects(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Send the rejected rows as a CSV, with line and reason."""
    import_ = _import(import_id)
    stem = "".join(c if c.isalnum() and c.isascii() else "-" for c in import_.file_name[:60])
    response = Response("".join(exporting.rejects(import_)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{stem}-rejected.csv"'
    return response


def _weight() -> Weight | None:
    text = request.args.get("weight", "")
    if not text:
        return None
    try:
        return Weight(text)
    except ValueError:
        raise BadInput(f"weight: choose one of {', '.join(Weight)}.") from None


def _import(import_id: UUID) -> ImportRef:
    return contacts.import_or_404(g.account.tenant, import_id, ImportKind.OPT_OUTS)


def _url(verb: str, import_: ImportRef) -> str:
    return url_for(f"messaging.{verb}", account_id=import_.account_id, import_id=import_.id)


@bp.post("/accounts/<uuid:account_id>/opt-outs/none")
@requires(Permission.EDIT_LIMITS)
def no_old_opt_outs(account_id: UUID) -> Response:
    """Take a lead's word that there are no opt-outs of an old tool; it is logged (Q-7)."""
    form = NoneForm()
    if not form.validate_on_submit():
        return _upload_page(ListForm(formdata=None), 422, none_form=form)
    try:
        with unit_of_work():
            consent.answer_old_opt_outs(
                g.account.tenant, OldOptOuts.NONE, note=form.note.data or "", actor=me().actor
            )
    except DomainError as error:
        form.refuse("note", error)
        return _upload_page(ListForm(formdata=None), 422, none_form=form)
    flash("Noted: there are no opt-outs to bring over. Bulk texts may go.", "ok")
    return see_other(url_for("messaging.opt_out_imports", account_id=account_id))


def _upload_page(
    form: ListForm, status: int = 200, *, none_form: NoneForm | None = None
) -> Response:
    return page(
        "messaging/opt_out_import_upload.html",
        None,
        status,
        form=form,
        none_form=none_form or NoneForm(formdata=None),
        answer=consent_queries.old_opt_outs(g.account.tenant),
        may_say_none=me().may(Permission.EDIT_LIMITS),
        imports=contacts.imports(g.account.tenant, ImportKind.OPT_OUTS),
        import_url=lambda import_: _url("opt_out_import", import_),
        action=url_for("messaging.upload_opt_outs", account_id=g.account.id),
        steps=steps("upload"),
    )


def _match_page(
    import_: ImportRef, mapping: Sequence[str], status: int = 200, problem: str = ""
) -> Response:
    width = len(import_.columns)
    return page(
        "messaging/opt_out_import_columns.html",
        None,
        status,
        import_=import_,
        mapping=[*mapping, *[""] * width][:width],
        fields=FIELDS,
        separator=files.separator_name(import_.delimiter),
        problem=problem,
        action=_url("match_opt_outs", import_),
        steps=steps("columns"),
    )


def _standing(import_: ImportRef, status: int = 200) -> Response:
    weight, after = _weight(), page_mark(request.args.get("after", "")[:20])
    found = contacts.findings(import_, weight, after, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    more = f"{shown[-1].line}.{shown[-1].position}" if len(found) > PER_PAGE else None
    here = _url("opt_out_import", import_)
    return page(
        "messaging/opt_out_import.html",
        "messaging/_opt_out_import.html",
        status,
        import_=import_,
        findings=shown,
        weight=weight or "",
        is_first=after == (0, -1),
        next_url=f"{here}?weight={weight or ''}&after={more}" if more else None,
        urls={
            "show": here,
            "progress": _url("opt_out_progress", import_),
            "columns": _url("opt_out_columns", import_),
            "start": _url("start_opt_outs", import_),
            "rejects": _url("opt_out_rejects", import_),
        },
        steps=steps("result" if import_.state is ImportState.DONE else "check"),
    )
