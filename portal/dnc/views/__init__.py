"""Pages of do-not-call lists."""

from portal.dnc.views import lists, numbers
from portal.dnc.views.blueprint import bp

__all__ = ["bp", "lists", "numbers"]
