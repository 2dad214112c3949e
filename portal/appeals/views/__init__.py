"""Pages of appeals."""

from portal.appeals import queries
from portal.appeals.views.blueprint import bp

__all__ = ["bp", "queries"]
