"""Where files of texts are seen: by people of the account, by the carrier, by whom a link was sent.

Whoever asks gets what we wrote ourselves or checked, under a policy that lets it do nothing.
"""

from typing import Final
from uuid import UUID

from flask import Blueprint, Response, g

from portal.core import audit, clock
from portal.core.access import Permission, me, open_to_all, requires
from portal.core.db import unit_of_work
from portal.core.errors import NotFound
from portal.media import queries
from portal.media import service as media
from portal.media.values import FileRef

bp = Blueprint("media", __name__)

# A browser shows a picture or a film by itself; nothing else of the file may act or load.
_BOXED: Final = (
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
)
_OVER: Final = "There is no file here, or no longer: links to files end. Ask for a new one."


@bp.get("/accounts/<uuid:account_id>/media/<uuid:file_id>")
@requires(Permission.READ_TALKS)
def whole(account_id: UUID, file_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show a file as it left or came; a look of somebody who reads along is logged (SPEC 1, S-4)."""
    file = queries.file_or_404(g.account.tenant, file_id)
    if not me().may(Permission.SEND_TEXTS):
        with unit_of_work():
            audit.record(
                "media:file:view",
                actor=me().actor,
                organization_id=file.organization_id,
                account_id=file.account_id,
                subject_id=file.id,
            )
    return _answer(file)


@bp.get("/accounts/<uuid:account_id>/media/<uuid:file_id>/picture")
@requires(Permission.READ_TALKS)
def picture(account_id: UUID, file_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the small picture of a file."""
    file = queries.file_or_404(g.account.tenant, file_id)
    content = media.picture_of(file)
    is_jpeg = content.startswith(b"\xff\xd8\xff")
    return _boxed(content, "image/jpeg" if is_jpeg else "image/png", "inline", file.name)


@bp.get("/media/<string:token>")
@open_to_all
def for_carrier(token: str) -> Response:
    """Hand a file to the carrier, for the text and the time its link was made for (S15)."""
    with unit_of_work():
        file = media.fetch(token)
    if file is None:
        raise NotFound(_OVER)
    return _answer(file)


@bp.get("/m/<string:token>")
@open_to_all
def for_person(token: str) -> Response:
    """Show a file to whom a link was texted, because no picture reaches them (R-3)."""
    file = queries.file_of_page(token, clock.utcnow())
    if file is None:
        raise NotFound(_OVER)
    return _answer(file)


def _answer(file: FileRef) -> Response:
    shows_itself = file.media_type.startswith(("image/", "video/"))
    how = "inline" if shows_itself else "attachment"
    return _boxed(media.content_of(file), file.media_type, how, file.name)


def _boxed(content: bytes, media_type: str, how: str, name: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers.set("Content-Disposition", how, filename=name)
    response.headers["Content-Security-Policy"] = _BOXED
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
