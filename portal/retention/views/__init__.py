"""Pages for officers: what is kept, what is erased, what is held, whose number changed hands."""

from portal.retention.views import erasures, keeping, reassigned
from portal.retention.views.blueprint import bp

__all__ = ["bp", "erasures", "keeping", "reassigned"]
