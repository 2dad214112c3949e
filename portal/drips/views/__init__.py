"""Pages of SmartPlans: the library, the editor, one plan."""

from portal.drips.views import editing, library
from portal.drips.views.blueprint import bp
from portal.drips.views.unsubscribing import links

blueprints = [bp, links]

__all__ = ["blueprints", "bp", "editing", "library", "links"]
