"""Pages that build forms, and the pages the public sees."""

from portal.optin.views.blueprint import bp

__all__ = ["bp"]
