"""Pages of SmartPlans: the library, the editor, one plan and who is in it."""

from flask import Flask

from portal.drips.queries import people as places
from portal.drips.views import editing, enrolling, library, people, triggering
from portal.drips.views.blueprint import bp
from portal.drips.views.unsubscribing import links
from portal.messaging.queries import added

blueprints = [bp, links]

__all__ = [
    "blueprints",
    "bp",
    "editing",
    "enrolling",
    "init_app",
    "library",
    "links",
    "people",
    "triggering",
]


def init_app(_app: Flask) -> None:
    """Put plans on every contact's page and timeline (K-5)."""
    added.add_lines("plans", places.lines)
    added.add_panel("drips/_contact_panel.html", people.panel)
