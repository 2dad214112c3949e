"""The verbs other slices use: telling endpoints what happened."""

from portal.integrations.service.events import tell, tell_all, written

__all__ = ["tell", "tell_all", "written"]
