"""Officers take lists in, see how long they count, and take them out again (SPEC S-2)."""

import csv
import io
from typing import Final
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.contacts.rules.numbers import read
from portal.core.access import Permission, me, requires
from portal.core.cells import safe
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.formats import plural
from portal.core.typed import line
from portal.core.web import page, see_other, takes
from portal.dnc import queries
from portal.dnc import service as dnc
from portal.dnc.forms import SOURCES, ListFileForm
from portal.dnc.rules.days import FRESH_DAYS, NOTICE_DAYS, days_left
from portal.dnc.rules.verdict import list_name
from portal.dnc.service import loading
from portal.dnc.values import KIND_WORDS, STATE_WORDS, ImportState, ListImportRef, OnList
from portal.dnc.views.blueprint import bp, today

_HERE: Final = "/organizations/<uuid:organization_id>/do-not-call"
_ONE: Final = f"{_HERE}/imports/<uuid:import_id>"
_REJECTS_SHOWN: Final = 100
_NAMES: Final = dict(SOURCES)


@bp.get(_HERE)
@requires(Permission.LOAD_CALL_LISTS)
@takes("phone")
def lists(organization_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.organization)
    """Show what is in use and for how long, ask for a file, and look a number up."""
    form = ListFileForm(formdata=None)
    form.as_of.data = today()
    return _lists_page(form)


@bp.post(_HERE)
@requires(Permission.LOAD_CALL_LISTS)
def upload_list(organization_id: UUID) -> Response:
    """Keep a file and read it for its dry run."""
    form = ListFileForm()
    if not form.validate_on_submit():
        return _lists_page(form, 422)
    file = form.file.data
    try:
        with unit_of_work():
            import_ = dnc.receive(
                organization_id,
                file.filename or "",
                file.stream,
                source=form.source.data,
                kind=form.file_kind,
                as_of=form.as_of.data,
                today=today(),
                area_code=form.area_code.data or "",
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse_where_it_says(error, "file")
        return _lists_page(form, 422)
    _work_on(import_)
    return see_other(_url("list_import", import_))


@bp.get(_ONE)
@requires(Permission.LOAD_CALL_LISTS)
def list_import(organization_id: UUID, import_id: UUID) -> Response:
    """Show an import where it stands: progress, dry run or result."""
    return _standing(queries.import_or_404(organization_id, import_id))


@bp.get(f"{_ONE}/progress")
@requires(Permission.LOAD_CALL_LISTS)
def list_progress(organization_id: UUID, import_id: UUID) -> Response:
    """Show how far a pass got; once it is over, the whole page says so."""
    import_ = queries.import_or_404(organization_id, import_id)
    if not import_.is_moving:
        return see_other(_url("list_import", import_))
    return _standing(import_)


@bp.post(f"{_ONE}/start")
@requires(Permission.LOAD_CALL_LISTS)
def start_list(organization_id: UUID, import_id: UUID) -> Response:
    """Load the list the dry run was shown of."""
    with unit_of_work():
        import_ = dnc.confirm(organization_id, import_id, actor=me().actor)
    _work_on(import_)
    return see_other(_url("list_import", import_))


@bp.post(f"{_ONE}/cancel")
@requires(Permission.LOAD_CALL_LISTS)
def cancel_list(organization_id: UUID, import_id: UUID) -> Response:
    """Leave a list out; what is in use stays in use."""
    with unit_of_work():
        dnc.cancel(organization_id, import_id, actor=me().actor)
    flash("Not loaded. The lists in use stay as they are.", "ok")
    return see_other(url_for("dnc.lists", organization_id=organization_id))


@bp.get(f"{_ONE}/rejects")
@requires(Permission.LOAD_CALL_LISTS)
def list_rejects(organization_id: UUID, import_id: UUID) -> Response:
    """Send the lines that were not taken as a CSV, with the reason."""
    import_ = queries.import_or_404(organization_id, import_id)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("file", "line", "text", "reason"))
    for one in queries.rejects(organization_id, import_id):
        writer.writerow((safe(one.part), one.line, safe(one.text), safe(one.reason)))
    response = Response(text.getvalue(), mimetype="text/csv")
    stem = "".join(c if c.isalnum() and c.isascii() else "-" for c in import_.file_name[:60])
    response.headers["Content-Disposition"] = f'attachment; filename="{stem}-rejected.csv"'
    return response


@bp.post(f"{_HERE}/removal")
@requires(Permission.LOAD_CALL_LISTS)
def remove_list(organization_id: UUID) -> Response:
    """Take a list, or one area code of it, out of use."""
    source, area_code = (
        line(request.form.get("source", ""), 2),
        line(request.form.get("area_code", ""), 3),
    )
    with unit_of_work():
        numbers = dnc.remove_list(organization_id, source, area_code, actor=me().actor)
    flash(f"Out of use: {plural(numbers, 'number')} of {list_name(source)}.", "ok")
    return see_other(url_for("dnc.lists", organization_id=organization_id))


def _work_on(import_: ListImportRef) -> None:
    """Do a small file at once, while the person waits."""
    if import_.size > dnc.INLINE_BYTES:
        return
    run = loading.start_run(import_.id)
    while run.more():
        with unit_of_work():
            run.step()


def _url(verb: str, import_: ListImportRef) -> str:
    return url_for(f"dnc.{verb}", organization_id=import_.organization_id, import_id=import_.id)


def _looked_up() -> tuple[str, tuple[OnList, ...] | None, str]:
    """Return the number asked for, the lists it stands on, or why it can't be looked up."""
    asked = request.args.get("phone", "")[:40]
    if not asked:
        return "", None, ""
    number = read(asked)
    if number.e164 is None:
        return asked, None, number.why
    found = queries.read_lists(g.organization.id).listed([number.e164])
    return asked, found.get(number.e164, ()), ""


def _lists_page(form: ListFileForm, status: int = 200) -> Response:
    asked, found, fault = _looked_up()
    return page(
        "dnc/lists.html",
        None,
        status,
        organization=g.organization,
        form=form,
        sources=queries.sources(g.organization.id, today()),
        imports=queries.imports(g.organization.id),
        names=_NAMES,
        kinds=KIND_WORDS,
        states=STATE_WORDS,
        asked=asked,
        found=found,
        fault=fault,
        today=today(),
        days_left=days_left,
        fresh_days=FRESH_DAYS,
        notice_days=NOTICE_DAYS,
        list_name=list_name,
    )


def _standing(import_: ListImportRef) -> Response:
    shown = queries.rejects(import_.organization_id, import_.id, _REJECTS_SHOWN)
    in_use = {
        area.area_code: area
        for area in queries.lists(import_.organization_id)
        if area.source == import_.source
    }
    return page(
        "dnc/list_import.html",
        "dnc/_list_import.html",
        organization=g.organization,
        import_=import_,
        in_use=in_use,
        rejects=shown,
        name=_NAMES[import_.source],
        kind=KIND_WORDS[import_.kind],
        state=STATE_WORDS[import_.state],
        is_done=import_.state is ImportState.DONE,
        urls={
            verb: _url(
                f"list_{verb}" if verb in ("progress", "rejects") else f"{verb}_list", import_
            )
            for verb in ("progress", "rejects", "start", "cancel")
        },
    )
