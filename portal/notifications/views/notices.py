"""The bell and its list (M-1)."""

from contextlib import suppress
from typing import Final
from uuid import UUID

from flask import Flask, Response, flash, g, request, url_for

from portal.core.access import me, signed_in
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.core.web import page, see_other, takes, wants_partial
from portal.notifications import queries
from portal.notifications import service as notifications
from portal.notifications.values import NoticeRef
from portal.notifications.views.blueprint import bp
from portal.people import rules as people_rules

A_PAGE: Final = 50


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
