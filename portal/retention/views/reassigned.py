"""Numbers that changed hands: the question as a file, the answer as a file (C-13)."""

from uuid import UUID

from flask import Response, flash, g, url_for

from portal.core import audit
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.formats import plural
from portal.core.web import page, see_other
from portal.retention import queries
from portal.retention.errors import AnswerRefused
from portal.retention.forms import AnswerForm
from portal.retention.service import reassigned as checking
from portal.retention.views.blueprint import bp


@bp.get("/organizations/<uuid:organization_id>/reassigned-numbers")
@requires(Permission.MANAGE_RETENTION)
def reassigned(organization_id: UUID) -> Response:
    """Explain the round trip and list the answers of before."""
    return _page(organization_id, AnswerForm(formdata=None))


@bp.post("/organizations/<uuid:organization_id>/reassigned-numbers/question.csv")
@requires(Permission.MANAGE_RETENTION)
def question(organization_id: UUID) -> Response:
    """Send every number with the date of its consent, and write down that it was taken."""
    lines = list(checking.question(organization_id))
    with unit_of_work():
        audit.record(
            "retention:reassigned:export",
            actor=me().actor,
            organization_id=organization_id,
            numbers=len(lines) - 1,
        )
    response = Response("".join(lines), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=numbers-to-check.csv"
    return response


@bp.post("/organizations/<uuid:organization_id>/reassigned-numbers")
@requires(Permission.MANAGE_RETENTION)
def take_answer(organization_id: UUID) -> Response:
    """Take the answer in; each hit ends a consent."""
    form = AnswerForm()
    if not form.validate_on_submit():
        return _page(organization_id, form, 422)
    content = form.file.data.stream.read(checking.MOST_BYTES + 1)
    try:
        if len(content) > checking.MOST_BYTES:
            raise AnswerRefused("The file is larger than 20 MB. Ask in several parts.")
        with unit_of_work():
            checking.take_answer(
                organization_id, content, form.file.data.filename or "answer", actor=me().actor
            )
    except DomainError as error:
        form.refuse("file", error)
        return _page(organization_id, form, 422)
    hits = queries.reassigned_checks(organization_id)[0].hits
    flash(f"{plural(hits, 'consent')} ended.", "ok")
    return see_other(url_for("retention.reassigned", organization_id=organization_id))


def _page(organization_id: UUID, form: AnswerForm, status: int = 200) -> Response:
    return page(
        "retention/reassigned.html",
        None,
        status,
        form=form,
        checks=queries.reassigned_checks(organization_id),
        organization=g.organization,
    )
