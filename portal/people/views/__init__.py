"""Pages of sign-in, profile, members and administration; who is asking, before any view."""

from flask import Flask, g, url_for

from portal.people.views import admin, members, profile, resets, security, sign_in
from portal.people.views.blueprint import bp
from portal.people.views.loading import load_person

__all__ = ["admin", "bp", "init_app", "members", "profile", "resets", "sign_in"]


def init_app(app: Flask) -> None:
    """Set sign-in up; called once, before the blueprints are registered."""
    security.set_up(app)
    app.before_request(load_person)
    app.context_processor(_shell)


def _shell() -> dict[str, object]:
    """Give the layout who is signed in and where their own pages are."""
    person = g.get("me")
    if person is None:
        return {"me": None, "organization": None}
    return {
        "me": person,
        "organization": g.get("organization"),
        "profile_url": url_for("people.profile"),
        "sign_out_url": url_for("people.sign_out"),
    }
