"""The portal as an app on a phone: what makes it one, and which browsers get pushes (Q-5)."""

from typing import Any, Final, cast
from uuid import UUID

from flask import Response, current_app, flash, jsonify, request, session, url_for

from portal.core.access import me, open_to_all, signed_in
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.core.settings import settings
from portal.core.web import see_other
from portal.notifications import service as notifications
from portal.notifications.forms import DeviceForm
from portal.notifications.views.blueprint import bp
from portal.people import rules as people_rules

_ICONS: Final = (("icon-192.png", "192x192"), ("icon-512.png", "512x512"))


@bp.get("/manifest.webmanifest")
@open_to_all
def manifest() -> Response:
    """Tell a phone what the app is called and how it looks; nothing of anybody's."""
    name = settings().application_name
    static_url = current_app.jinja_env.globals["static_url"]
    response = jsonify(
        name=name,
        short_name=name,
        id="/",
        start_url="/",
        scope="/",
        display="standalone",
        background_color="#0b6479",
        theme_color="#0b6479",
        icons=[
            {
                "src": cast(Any, static_url)(file),
                "sizes": sizes,
                "type": "image/png",
                "purpose": purpose,
            }
            for file, sizes in _ICONS
            for purpose in ("any", "maskable")
        ],
    )
    response.mimetype = "application/manifest+json"
    return response


@bp.get("/push-worker.js")
@open_to_all
def push_worker() -> Response:
    """Give browsers what shows pushes; it stands at the root, so that it may open every page."""
    response = current_app.send_static_file("js/push-worker.js")
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/profile/devices")
@signed_in
def add_device() -> Response:
    """Have this browser get pushes, as it and the person agreed."""
    form = DeviceForm()
    if not form.validate_on_submit():
        raise BadInput(form.told())
    with unit_of_work():
        notifications.add_device(
            me().user_id,
            cast(Any, session).row_id,
            browser=people_rules.browser_label(request.user_agent.string),
            actor=me().actor,
            **form.values(),
        )
    flash("This browser gets pushes now, until you sign out of it.", "ok")
    return see_other(url_for("notifications.preferences"))


@bp.post("/profile/devices/<uuid:device_id>/remove")
@signed_in
def remove_device(device_id: UUID) -> Response:
    """Send a browser no more pushes."""
    with unit_of_work():
        notifications.remove_device(me().user_id, device_id, actor=me().actor)
    flash("That browser gets no more pushes.", "ok")
    return see_other(url_for("notifications.preferences"))
