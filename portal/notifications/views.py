"""The bell's list, and the outbox of mails in set-ups without SMTP."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from re import fullmatch
from uuid import UUID

from flask import Blueprint, Flask, Response, flash, g, request, url_for

from portal.core.access import Role, me, open_to_all, signed_in
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.core.settings import settings
from portal.core.web import page, see_other, takes, wants_partial
from portal.notifications import queries
from portal.notifications import service as notifications
from portal.notifications.values import NoticeRef
from portal.people import queries as people
from portal.people import rules as people_rules

bp = Blueprint("notifications", __name__)
A_PAGE = 50
MAILS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of the outbox."""

    name: str
    to: str
    subject: str
    at: datetime
    body: str


def init_app(app: Flask) -> None:
    """Give the layout the bell."""
    app.context_processor(_bell)


@bp.get("/notices")
@signed_in
@takes("before")
def index() -> Response:
    """List what the person was told, newest first."""
    before = _before(request.args.get("before"))
    rows = queries.latest(me().user_id, A_PAGE + 1, before)
    more = len(rows) > A_PAGE
    return page(
        "notifications/index.html",
        notices=rows[:A_PAGE],
        unread_count=queries.unread_count(me().user_id),  # the shell's is left out for htmx
        next_url=url_for(".index", before=rows[A_PAGE - 1].id) if more else None,
        first_url=url_for(".index") if before else None,
    )


@bp.post("/notices/<uuid:notice_id>/open")
@signed_in
def open_notice(notice_id: UUID) -> Response:
    """Mark a notice read and go where it leads."""
    notice = queries.notice(me().user_id, notice_id)
    if notice is None:
        raise NotFound("We can't find that notice.")
    with unit_of_work():
        notifications.mark_read(me().user_id, [notice_id])
    safe = notice.url if people_rules.is_safe_next(notice.url) else None
    return see_other(safe or url_for(".index"))


@bp.post("/notices/read")
@signed_in
def read_all() -> Response:
    """Mark every notice read."""
    with unit_of_work():
        notifications.mark_all_read(me().user_id)
    flash("Every notice is marked as read.", "ok")
    return see_other(url_for(".index"))


@bp.get("/outbox")
@open_to_all
def outbox() -> Response:
    """List the mails kept instead of sent; only in set-ups without SMTP."""
    _check_outbox()
    return page("notifications/outbox.html", mails=[_mail(path) for path in _files()])


@bp.get("/outbox/<string:name>")
@open_to_all
def outbox_mail(name: str) -> Response:
    """Show one mail with its links."""
    _check_outbox()
    path = settings().outbox_dir / name
    if not fullmatch(r"[0-9T]+-[0-9a-f]+\.eml", name) or not path.is_file():
        raise NotFound("We can't find that mail.")
    return page("notifications/outbox_mail.html", mail=_mail(path))


def _check_outbox() -> None:
    """Let everybody in while the demo runs, else administrators only: mails hold links."""
    person = g.get("me")
    is_admin = person is not None and person.role is Role.ADMIN
    if settings().smtp_url or not (settings().is_sandbox and (is_admin or people.demo_logins())):
        raise NotFound("We can't find that page.")


def _bell() -> dict[str, object]:
    person = g.get("me")
    if person is None or wants_partial():
        return {}
    return {
        "unread_count": queries.unread_count(person.user_id),
        "notices_url": url_for("notifications.index"),
    }


def _before(raw: str | None) -> NoticeRef | None:
    if not raw:
        return None
    with suppress(ValueError):
        if (found := queries.notice(me().user_id, UUID(raw))) is not None:
            return found
    raise BadInput("before: this page mark is damaged. Start from the newest notice.")


def _files() -> list[Path]:
    folder = settings().outbox_dir
    return sorted(folder.glob("*.eml"), reverse=True)[:MAILS_SHOWN] if folder.is_dir() else []


def _mail(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    stamp = datetime.strptime(path.name.partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    return Mail(
        name=path.name,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        at=stamp,
        body=str(body.get_content()) if body is not None else "",
    )
