"""Pages of the address book."""

from portal.contacts.views import bulk, imports, people
from portal.contacts.views.blueprint import bp

__all__ = ["bp", "bulk", "imports", "people"]
