"""The verbs other slices use: telling endpoints what happened."""

from portal.integrations.service.events import tell, written

__all__ = ["tell", "written"]
