"""Pages of SmartPlans: the library, the editor, one plan."""

from portal.drips.views import editing, library
from portal.drips.views.blueprint import bp

__all__ = ["bp", "editing", "library"]
