"""Pages that build forms, and the pages the public sees."""

from portal.optin.views import building, public, spreading
from portal.optin.views.blueprint import bp

blueprints = (bp, public.bp)

__all__ = ["blueprints", "bp", "building", "public", "spreading"]
