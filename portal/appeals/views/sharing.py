"""One appeal for an auditor or counsel without a login: the links of proofs, another page (C-12)."""

from typing import Final
from uuid import UUID

from flask import Response, g, url_for

from portal.appeals import queries
from portal.appeals.service import files
from portal.appeals.values import CaseRef, FileKind, Happening
from portal.appeals.views.blueprint import bp
from portal.appeals.views.cases import BOXED, ONE
from portal.appeals.views.showing import STATE_LOOKS, case_of, lines, url_of
from portal.core.access import Permission, me, open_to_all, requires
from portal.core.db import unit_of_work
from portal.core.errors import NotFound
from portal.core.settings import settings
from portal.core.unlisted import unlisted
from portal.core.web import page
from portal.proofs.forms import LinkForm
from portal.proofs.service import sharing
from portal.proofs.values import LinkRef
from portal.proofs.views.public import note_visit
from portal.texting_accounts import queries as accounts

_INSIDE: Final = frozenset({FileKind.NOTE})  # what is said among us stays among us


@bp.route(f"{ONE}/link", methods=["GET", "POST"])
@requires(Permission.SHARE_PROOF)
def share(account_id: UUID, case_id: UUID) -> Response:
    """Ask who is to see the appeal and for how long; make the link and show it, this once."""
    case, form = case_of(case_id), LinkForm()
    if not form.is_submitted() or not form.validate():
        shown = form if form.is_submitted() else LinkForm(formdata=None)
        return page(
            "proofs/link_new.html",
            None,
            422 if form.is_submitted() else 200,
            form=shown,
            what=f"The appeal of {g.account.name}, round {case.round}",
            back_url=url_of(case),
            action=url_for(".share", account_id=account_id, case_id=case_id),
        )
    with unit_of_work():
        link, token = sharing.share(
            case.tenant,
            shared_with=form.shared_with.data or "",
            days=int(form.days.data),
            case_id=case.id,
            actor=me().actor,
        )
    address = f"{settings().public_url}/shared/{token}"
    return page("proofs/link_made.html", link=link, address=address)


@bp.get("/shared/<string:token>/appeal")
@open_to_all
@unlisted
def shared(token: str) -> Response:
    """Show the appeal a link opens: its parts, what was sent, what came back."""
    link, case = _opened(token, "page")
    template = queries.template(case.organization_id, case.kind, case.template_version)
    parts = {part.number: part for part in queries.parts(case)}
    kept = queries.files(case)
    return page(
        "appeals/shared.html",
        link=link,
        token=token,
        case=case,
        look=STATE_LOOKS[case.state],
        account_name=accounts.get_or_404(case.tenant).name,
        parts=[(asked, parts[asked.number]) for asked in template.parts],
        files=[file for file in kept if file.kind not in _INSIDE],
        replies=queries.replies(case),
        history=lines(case, kept, without=frozenset({Happening.COMMENT})),
    )


@bp.get("/shared/<string:token>/appeal/<uuid:attachment_id>")
@open_to_all
@unlisted
def shared_file(token: str, attachment_id: UUID) -> Response:
    """Send a file of the appeal a link opens, as a download."""
    link = sharing.opened(token)
    case = _case(link)
    file = queries.file_or_404(case, attachment_id)
    if file.kind in _INSIDE:
        raise NotFound(sharing.NOT_HERE)
    content = files.content_of(file)
    note_visit(link, f"file {file.name}"[:40])
    response = Response(content, content_type=file.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=file.name)
    response.headers["Content-Security-Policy"] = BOXED
    return response


def address(case: CaseRef) -> str:
    """Return where a link to an appeal is made."""
    return url_for("appeals.share", account_id=case.account_id, case_id=case.id)


def _opened(token: str, what: str) -> tuple[LinkRef, CaseRef]:
    """Return the link of a token and its appeal, with this visit written down. Raises NotFound."""
    link = sharing.opened(token)
    case = _case(link)
    note_visit(link, what)
    return link, case


def _case(link: LinkRef) -> CaseRef:
    if link.case_id is None:
        raise NotFound(sharing.NOT_HERE)
    return queries.case_or_404(link.tenant, link.case_id)
