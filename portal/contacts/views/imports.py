"""Import, step by step: upload, match columns, dry run, import, result (K-1, K-7)."""

from collections.abc import Sequence
from uuid import UUID

from flask import Response, g, request, url_for

from portal.contacts import queries
from portal.contacts.errors import FileRefused, SourceRefused
from portal.contacts.forms import MappingForm, UploadForm
from portal.contacts.rules import files
from portal.contacts.rules.mapping import CONTACT_FIELDS
from portal.contacts.rules.walking import RUNS_UNSEEN, page_mark, steps
from portal.contacts.service import exporting, importing
from portal.contacts.service.contact_import import ContactHandler
from portal.contacts.values import (
    ConsentSource,
    ImportKind,
    ImportRef,
    ImportState,
    Weight,
)
from portal.contacts.views.blueprint import bp, has
from portal.contacts.views.bulk import csv_file
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.web import page, see_other, takes

PER_PAGE = 50


@bp.get("/accounts/<uuid:account_id>/contacts/imports")
@requires(Permission.IMPORT_CONTACTS)
def imports(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Ask for a file, and list what was imported before."""
    return _upload_page(UploadForm(formdata=None))


@bp.post("/accounts/<uuid:account_id>/contacts/imports")
@requires(Permission.IMPORT_CONTACTS)
def upload(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Keep an uploaded file and go on to its columns."""
    form = UploadForm()
    if not form.validate_on_submit():
        return _upload_page(form, 422)
    try:
        with unit_of_work():
            import_ = importing.receive(
                g.account.tenant,
                ContactHandler(),
                form.file.data.filename,
                form.file.data.stream,
                actor=me().actor,
            )
    except FileRefused as error:
        form.refuse("file", error)
        return _upload_page(form, 422)
    return see_other(_url("show_import", import_))


@bp.get("/accounts/<uuid:account_id>/contacts/imports/<uuid:import_id>")
@requires(Permission.IMPORT_CONTACTS)
@takes("weight", "after")
def show_import(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show an import where it stands: columns, progress, dry run or result."""
    import_ = _import(import_id)
    if import_.state is ImportState.UPLOADED:
        return _match_page(import_, MappingForm(formdata=None), import_.mapping)
    return _standing(import_)


@bp.get("/accounts/<uuid:account_id>/contacts/imports/<uuid:import_id>/progress")
@requires(Permission.IMPORT_CONTACTS)
def progress(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show how far a run got; once it is over, the whole page says so."""
    import_ = _import(import_id)
    if not import_.is_moving:
        return see_other(_url("show_import", import_))
    return _standing(import_)


@bp.get("/accounts/<uuid:account_id>/contacts/imports/<uuid:import_id>/columns")
@requires(Permission.IMPORT_CONTACTS)
def columns(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Match the columns again, before anything is imported."""
    import_ = _import(import_id)
    if import_.state not in {ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED}:
        return see_other(_url("show_import", import_))
    form = MappingForm(
        formdata=None,
        data={
            "consent_source": import_.consent_source.value if import_.consent_source else None,
            "consent_note": import_.consent_note,
            "tags": import_.options.get("tags", ""),
            "lead_source": import_.options.get("lead_source", ""),
        },
    )
    return _match_page(import_, form, import_.mapping)


@bp.post("/accounts/<uuid:account_id>/contacts/imports/<uuid:import_id>/columns")
@requires(Permission.IMPORT_CONTACTS)
def match(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Settle columns and source of consent, and do the dry run."""
    import_, form, mapping = _import(import_id), MappingForm(), request.form.getlist("columns")
    if not form.validate_on_submit():
        return _match_page(import_, form, mapping, 422)
    source = ConsentSource(form.consent_source.data)
    try:
        with unit_of_work():
            importing.match_columns(
                g.account.tenant,
                import_id,
                ContactHandler(),
                mapping,
                consent_source=source,
                consent_note=form.consent_note.data or "",
                options={"tags": form.tags.data, "lead_source": form.lead_source.data},
                actor=me().actor,
            )
    except DomainError as error:
        if isinstance(error, SourceRefused):
            with unit_of_work():
                importing.note_refusal(g.account.tenant, import_id, source, actor=me().actor)
        form.refuse("consent_source" if isinstance(error, SourceRefused) else "tags", error)
        return _match_page(import_, form, mapping, 422, error)
    _check_small(import_)
    return see_other(_url("show_import", import_))


@bp.post("/accounts/<uuid:account_id>/contacts/imports/<uuid:import_id>/start")
@requires(Permission.IMPORT_CONTACTS)
def start(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Start the import the dry run was shown of."""
    import_ = _import(import_id)
    is_open = import_.state is ImportState.CHECKED
    if is_open and import_.runs and not request.form.get("runs_seen"):
        return _standing(import_, 422, runs_fault=RUNS_UNSEEN)
    with unit_of_work():
        importing.confirm(g.account.tenant, import_id, actor=me().actor)
    return see_other(_url("show_import", import_))


@bp.get("/accounts/<uuid:account_id>/contacts/imports/<uuid:import_id>/rejects")
@requires(Permission.IMPORT_CONTACTS)
def rejects(account_id: UUID, import_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Send the rejected rows as a CSV, with line and reason (K-1)."""
    import_ = _import(import_id)
    stem = "".join(c if c.isalnum() else "-" for c in import_.file_name.rsplit(".", 1)[0])[:60]
    safe = stem.encode("ascii", "ignore").decode() or "import"
    return csv_file(exporting.rejects(import_), f"{safe}-rejected.csv")


def _import(import_id: UUID) -> ImportRef:
    return queries.import_or_404(g.account.tenant, import_id, ImportKind.CONTACTS)


def _url(verb: str, import_: ImportRef) -> str:
    return url_for(f"contacts.{verb}", account_id=import_.account_id, import_id=import_.id)


def _check_small(import_: ImportRef) -> None:
    """Do the dry run of a small file at once; a large one has a job."""
    if import_.total_rows > importing.INLINE_ROWS:
        return
    run = importing.start_run(import_.id, ContactHandler())
    while run.more():
        with unit_of_work():
            run.step()


def _upload_page(form: UploadForm, status: int = 200) -> Response:
    return page(
        "contacts/import_upload.html",
        None,
        status,
        form=form,
        imports=queries.imports(g.account.tenant, ImportKind.CONTACTS),
        import_url=lambda import_: _url("show_import", import_),
        action=url_for("contacts.upload", account_id=g.account.id),
        steps=steps("upload"),
    )


def _match_page(
    import_: ImportRef,
    form: MappingForm,
    mapping: Sequence[str],
    status: int = 200,
    error: DomainError | None = None,
) -> Response:
    return page(
        "contacts/import_columns.html",
        None,
        status,
        import_=import_,
        form=form,
        mapping=[*mapping, *[""] * len(import_.columns)][: len(import_.columns)],
        fields=[field for field in CONTACT_FIELDS if field.name],
        separator=files.separator_name(import_.delimiter),
        problem=error if isinstance(error, BadInput) else None,
        action=_url("match", import_),
        steps=steps("columns"),
    )


def _standing(import_: ImportRef, status: int = 200, runs_fault: str | None = None) -> Response:
    weight = request.args.get("weight", "")
    if weight and weight not in set(Weight):
        raise BadInput(f"weight: choose one of {', '.join(Weight)}.")
    after = page_mark(request.args.get("after", ""))
    found = queries.findings(import_, Weight(weight) if weight else None, after, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    more = f"{shown[-1].line}.{shown[-1].position}" if len(found) > PER_PAGE else None
    return page(
        "contacts/import.html",
        "contacts/_import.html",
        status,
        import_=import_,
        runs_fault=runs_fault,
        findings=shown,
        weight=weight,
        is_first=after == (0, -1),
        next_url=url_for(
            "contacts.show_import",
            account_id=import_.account_id,
            import_id=import_.id,
            weight=weight or None,
            after=more,
        )
        if more
        else None,
        urls={
            verb: _url(verb, import_)
            for verb in ("show_import", "progress", "columns", "start", "rejects")
        },
        list_url=url_for("contacts.index", account_id=import_.account_id),
        consents_url=url_for("consent.imports", account_id=import_.account_id)
        if has("consent.imports")
        else None,
        steps=steps("result" if import_.state is ImportState.DONE else "check"),
    )
