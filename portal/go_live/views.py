"""The page an administrator goes live by, and the button that looks now (X-1)."""

import re
from typing import Any, Final
from uuid import uuid4

from flask import Blueprint, Response, flash, request, url_for

from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.core.settings import settings
from portal.core.web import page, see_other, wants_partial
from portal.go_live import queries, rules, service
from portal.go_live.values import STANDING_WORDS, TOPIC_WORDS, Check, Place, Standing

bp = Blueprint("go_live", __name__)
_HERE = "/admin/go-live"
_PLACES: Final = {
    Place.WEBHOOKS: ("webhook_checks.admin_index", "Carrier webhooks"),
    Place.OUTBOX: ("notifications.outbox", "Outbox"),
    Place.ORGANIZATIONS: ("people.admin_organizations", "Organizations"),
    Place.ORGANIZATION: ("people.admin_organization", "Its people"),
    Place.HOME: ("reports.home", "Home"),
}
_NONCE: Final = re.compile(r"[0-9a-f]{32}")


@bp.get(_HERE)
@requires(Permission.ADMINISTER)
def index() -> Response:
    """Show every check: how it stands, what is wrong, what mends it, when it was looked at."""
    return _page()


@bp.post(_HERE)
@requires(Permission.ADMINISTER)
def look() -> Response:
    """Ask a worker to look at the carrier, the address, the mail server and the log."""
    with unit_of_work():
        is_new = service.ask(actor=me().actor)
    if not is_new:
        flash("A look is under way already.", "ok")
    return _page() if wants_partial() else see_other(url_for(".index"))


@bp.post(f"{_HERE}/test-mail")
@requires(Permission.ADMINISTER)
def test_mail() -> Response:
    """Send the administrator a mail at their own address."""
    nonce = request.form.get("nonce", "")
    if not _NONCE.fullmatch(nonce):
        raise BadInput("This page was open too long. Go back, reload it and try again.")
    with unit_of_work():
        is_new = service.send_test_mail(me().email, nonce, user_id=me().user_id, actor=me().actor)
    flash(f"A test mail {'goes' if is_new else 'went'} to {me().email}.", "ok")
    return _page() if wants_partial() else see_other(url_for(".index"))


@bp.post(f"{_HERE}/backup")
@requires(Permission.ADMINISTER)
def backed_up() -> Response:
    """Note that a backup was made and read back."""
    with unit_of_work():
        service.say_backed_up(actor=me().actor)
    flash("Noted. The page asks again in a month.", "ok")
    return _page() if wants_partial() else see_other(url_for(".index"))


def _page() -> Response:
    last = queries.look()
    checks = queries.checks(last, utcnow())
    return page(
        "go_live/index.html",
        "go_live/_checks.html",
        last=last,
        summary=rules.summary(checks),
        parts=[
            (topic, title, [(one, _place(one)) for one in checks if one.topic is topic])
            for topic, title in TOPIC_WORDS.items()
        ],
        standing_words=STANDING_WORDS,
        is_sandbox=settings().is_sandbox,
        nonce=uuid4().hex,
    )


def _place(check: Check) -> tuple[str, str] | None:
    """Return where a check is mended, with the words of the link; what is good needs none."""
    if check.place is None or check.standing is Standing.GOOD:
        return None
    endpoint, words = _PLACES[check.place]
    values: dict[str, Any] = {}
    if check.organization_id:
        values["organization_id"] = check.organization_id
    return url_for(endpoint, **values), words
