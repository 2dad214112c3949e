"""The Media resource: lists, bytes and removal."""

import sqlite3

from flask import Blueprint, Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from portal.sandbox import formats
from portal.sandbox.auth import account_of, missing
from portal.sandbox.context import carrier
from portal.sandbox.paging import answer, sliced

bp = Blueprint("media", __name__)
_ROOT = "/Accounts/<account>/Messages/<message>/Media"


def _shape(medium: sqlite3.Row) -> dict[str, object]:
    return {
        "sid": medium["sid"],
        "account_sid": medium["account_sid"],
        "parent_sid": medium["message_sid"],
        "content_type": medium["content_type"],
        "date_created": formats.rfc2822(medium["created"]),
        "date_updated": formats.rfc2822(medium["created"]),
        "uri": f"/2010-04-01/Accounts/{medium['account_sid']}/Messages/"
        f"{medium['message_sid']}/Media/{medium['sid']}.json",
    }


def _find(account: str, message: str, sid: str) -> sqlite3.Row:
    medium = carrier().store.row(
        "SELECT * FROM media WHERE sid = ? AND message_sid = ? AND account_sid = ?",
        sid,
        message,
        account,
    )
    if medium is None:
        raise missing()
    return medium


@bp.get(f"{_ROOT}.json")
def index(account: str, message: str) -> Response:
    """List the attachments of a text."""
    rows = carrier().store.rows(
        "SELECT * FROM media WHERE message_sid = ? AND account_sid = ? ORDER BY rowid",
        message,
        account_of(account)["sid"],
    )
    return sliced("media_list", rows, _shape)


@bp.get(f"{_ROOT}/<sid>.json")
def fetch(account: str, message: str, sid: str) -> Response:
    """Describe one attachment."""
    return answer(_shape(_find(account_of(account)["sid"], message, sid)))


@bp.delete(f"{_ROOT}/<sid>.json")
def delete(account: str, message: str, sid: str) -> Response:
    """Forget one attachment."""
    medium = _find(account_of(account)["sid"], message, sid)
    with carrier().store.work() as db:
        db.execute("DELETE FROM media WHERE sid = ?", (medium["sid"],))
    return Response(status=204)


@bp.get(f"{_ROOT}/<sid>", endpoint="content")
def content(account: str, message: str, sid: str) -> AnyResponse:
    """Return the bytes of one attachment; public, as Twilio's are unless told otherwise."""
    medium = _find(account, message, sid)
    if medium["content"] is None:
        return redirect(medium["url"])
    sent = Response(medium["content"], mimetype=medium["content_type"])
    sent.headers["X-Content-Type-Options"] = "nosniff"
    return sent
