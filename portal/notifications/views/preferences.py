"""Which notices come by mail, and when; and the link in each mail that turns it off (M-1)."""

from typing import Any, Final, cast

from flask import Blueprint, Response, flash, request, session, url_for

from portal.core.access import me, open_to_all, signed_in
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.core.web import page, see_other
from portal.notifications import queries
from portal.notifications import service as notifications
from portal.notifications.forms import PreferencesForm, field_of, push_field_of
from portal.notifications.values import KINDS
from portal.notifications.views.blueprint import bp
from portal.people import queries as people

# Mail programs post here by themselves (RFC 8058): no cookie, no token of a form; the link is one.
links: Final = Blueprint("mail_links", __name__)


@bp.route("/profile/notifications", methods=["GET", "POST"])
@signed_in
def preferences() -> Response:
    """Show and change when the person gets which mail."""
    form = PreferencesForm.showing(queries.preferences(me().user_id))
    if form.validate_on_submit():
        by_mail, hour = form.chosen()
        with unit_of_work():
            notifications.choose(
                me().user_id, by_mail, hour, by_push=form.chosen_pushes(), actor=me().actor
            )
        flash("Your choice is saved.", "ok")
        return see_other(url_for("notifications.preferences"))
    return page(
        "notifications/preferences.html",
        status=422 if form.errors else 200,
        form=form,
        fields=[form[field_of(key)] for key in KINDS],
        pushes=[form[push_field_of(key)] for key in KINDS],
        devices=queries.devices(me().user_id),
        push_key=queries.push_key(),
        this_session=cast(Any, session).row_id,
        zone=me().timezone,
    )


@links.route("/unsubscribe/<string:token>", methods=["GET", "POST"])
@open_to_all
def unsubscribe(token: str) -> Response:
    """Turn one kind of mail off; opening the page alone changes nothing."""
    user_id, what = notifications.person_of_link(token)
    is_done = request.method == "POST"
    if is_done:
        person = people.user_details(user_id)
        with unit_of_work():
            notifications.turn_off(
                user_id, what, actor=Actor(user_id, person.name, request.remote_addr)
            )
    return page(
        "notifications/unsubscribe.html",
        token=token,
        what=KINDS[what].label if what in KINDS else "The daily digest",
        is_done=is_done,
    )
