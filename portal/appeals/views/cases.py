"""An account's appeals: the list, beginning one, the case, its files (A-2, A-3)."""

from typing import Final
from uuid import UUID

from flask import Response, flash, g, url_for

from portal.appeals import queries
from portal.appeals.errors import NothingToAppeal
from portal.appeals.forms import BeginForm
from portal.appeals.service import cases, files, filling, knowing
from portal.appeals.service.files import Checked
from portal.appeals.views.blueprint import bp
from portal.appeals.views.showing import STATE_LOOKS, case_of, case_page, known, url_of
from portal.core import audit
from portal.core.access import Permission, Role, me, requires
from portal.core.db import unit_of_work
from portal.core.web import page, see_other

HERE: Final = "/accounts/<uuid:account_id>/appeals"
ONE: Final = f"{HERE}/<uuid:case_id>"
_MOST: Final = 100
# A browser shows a picture or a film by itself; nothing else of the file may act or load.
BOXED: Final = (
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
)


@bp.get(HERE)
@requires(Permission.VIEW_ACCOUNT)
def index(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the account's appeals, and begin one while it is suspended."""
    now = cases.suspension(g.account)
    found = queries.cases(g.account.tenant, limit=_MOST)
    may_begin = (
        now is not None
        and me().may(Permission.WRITE_APPEALS)
        and queries.open_case(g.account.tenant, now.id) is None
    )
    kind = cases.kind_for(now.cause if now else None)
    return page(
        "appeals/index.html",
        now=now,
        cases=found,
        looks=STATE_LOOKS,
        form=BeginForm(formdata=None, kind=kind.value) if may_begin else None,
    )


@bp.post(HERE)
@requires(Permission.WRITE_APPEALS)
def begin(account_id: UUID) -> Response:
    """Begin an appeal with what the portal knows, or open the one that was begun (A-3)."""
    form = BeginForm()
    if not form.validate_on_submit():
        flash(form.told(), "bad")
        return see_other(url_for(".index", account_id=account_id))
    now = cases.suspension(g.account)
    open_one = queries.open_case(g.account.tenant, now.id) if now else None
    if open_one is not None:
        return see_other(url_of(open_one))
    found = known()
    drawn = _drawn(found)  # before the unit of work: it takes a second
    try:
        with unit_of_work():
            case = cases.open_case(g.account, form.chosen, actor=me().actor)
            if case.edits == 0 and not any(
                part.edits or part.is_given for part in queries.parts(case)
            ):
                filling.fill(case, g.account, found, drawn, actor=me().actor)
    except NothingToAppeal as error:
        flash(error.message, "bad")
        return see_other(url_for(".index", account_id=account_id))
    flash("Begun with what the portal knows. Read each part before you hand it in.", "ok")
    return see_other(url_of(case))


def _drawn(found: knowing.Known) -> Checked | None:
    first = next(iter(found.plans), None)
    return knowing.phone_picture(g.account, first.body, first.changed_at) if first else None


@bp.get(ONE)
@requires(Permission.VIEW_CONSENT)
def show(account_id: UUID, case_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show a case."""
    return case_page(case_of(case_id))


@bp.get(f"{ONE}/files/<uuid:attachment_id>")
@requires(Permission.VIEW_CONSENT)
def file(account_id: UUID, case_id: UUID, attachment_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Hand out a file of a case; what is no picture or film is only ever a download."""
    case = case_of(case_id)
    found = queries.file_or_404(case, attachment_id)
    if me().role is Role.COMPLIANCE_OFFICER:
        with unit_of_work():
            audit.record(
                "appeals:file:view",
                actor=me().actor,
                organization_id=case.organization_id,
                account_id=case.account_id,
                subject_id=found.id,
            )
    shows_itself = found.media_type.startswith(("image/", "video/"))
    response = Response(files.content_of(found), content_type=found.media_type)
    response.headers.set(
        "Content-Disposition", "inline" if shows_itself else "attachment", filename=found.name
    )
    response.headers["Content-Security-Policy"] = BOXED
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
