"""The link in each e-mail of a plan that turns them off, for whoever reads it (RFC 8058)."""

from typing import Final

from flask import Blueprint, Response, request

from portal.core.access import open_to_all
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.core.web import page
from portal.drips.service import mailing

# Mail programs post here by themselves: no cookie, no token of a form; the link is one.
links: Final = Blueprint("plan_links", __name__)


@links.route("/plan-mail/<string:token>", methods=["GET", "POST"])
@open_to_all
def unsubscribe(token: str) -> Response:
    """Turn a plan's e-mails off for one address; opening the page alone changes nothing."""
    organization_id, email = mailing.reader_of_link(token)
    is_done = request.method == "POST"
    if is_done:
        with unit_of_work():
            actor = Actor(None, "the reader", request.remote_addr)
            mailing.refuse(organization_id, email, actor=actor)
    return page("drips/unsubscribe.html", token=token, is_done=is_done)
