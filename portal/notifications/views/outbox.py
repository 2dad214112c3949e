"""The outbox: what became of each mail, and what it says where there is no mail server (M-1)."""

from typing import Final
from uuid import UUID

from flask import Response, g, request, url_for

from portal.core.access import Role, open_to_all
from portal.core.desk import FRAMING
from portal.core.errors import BadInput, NotFound
from portal.core.settings import settings
from portal.core.web import page, takes
from portal.mail import queries as mails
from portal.mail.values import MailRef, Opened
from portal.notifications.views.blueprint import bp
from portal.people import queries as people

A_PAGE: Final = 50
FRAMED: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)


@bp.get("/outbox")
@open_to_all
@takes("before")
def outbox() -> Response:
    """List the installation's mails, newest first, with what became of each."""
    _check_may_list()
    before = _before(request.args.get("before"))
    rows = mails.latest(A_PAGE + 1, before)
    more = len(rows) > A_PAGE
    return page(
        "notifications/outbox.html",
        mails=rows[:A_PAGE],
        may_read=_may_read(),
        has_server=settings().smtp_url is not None,
        next_url=url_for(".outbox", before=rows[A_PAGE - 1].id) if more else None,
        first_url=url_for(".outbox") if before else None,
    )


@bp.get("/outbox/<uuid:mail_id>")
@open_to_all
def outbox_mail(mail_id: UUID) -> Response:
    """Show one kept mail: its text, with its links, and its HTML in a frame."""
    response = page("notifications/outbox_mail.html", opened=_opened(mail_id))
    response.headers["Content-Security-Policy"] = FRAMING
    return response


@bp.get("/outbox/<uuid:mail_id>/html")
@open_to_all
def outbox_html(mail_id: UUID) -> Response:
    """Give a kept mail's HTML, boxed in: nothing of it runs, and nothing is fetched for it."""
    response = Response(_opened(mail_id).html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = FRAMED
    return response


@bp.get("/outbox/<uuid:mail_id>/files/<int:position>")
@open_to_all
def outbox_file(mail_id: UUID, position: int) -> Response:
    """Give a file that goes with a kept mail."""
    _opened(mail_id)
    file = mails.file(mail_id, position)
    if file is None:
        raise NotFound("We can't find that file.")
    response = Response(file.content, mimetype=file.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=file.name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _is_admin() -> bool:
    person = g.get("me")
    return person is not None and person.role is Role.ADMIN


def _may_read() -> bool:
    """Say whether mails may be read here: they hold links that sign people in.

    Everybody may while the demo runs, an administrator in the sandbox, nobody in earnest.
    """
    if settings().smtp_url is not None or not settings().is_sandbox:
        return False
    return _is_admin() or bool(people.demo_logins())


def _check_may_list() -> None:
    if not (_is_admin() or _may_read()):
        raise NotFound("We can't find that page.")


def _opened(mail_id: UUID) -> Opened:
    opened = mails.opened(mail_id) if _may_read() else None
    if opened is None:
        raise NotFound("We can't find that mail.")
    return opened


def _before(raw: str | None) -> MailRef | None:
    if not raw:
        return None
    try:
        found = mails.mail(UUID(raw))
    except ValueError:
        found = None
    if found is None:
        raise BadInput("before: this page mark is damaged. Start from the newest mail.")
    return found
