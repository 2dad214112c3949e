"""Pages of consent and of the audit log."""

from portal.consent.views import audit_log, do_not_contact, entering, imports, records
from portal.consent.views.blueprint import bp

__all__ = ["audit_log", "bp", "do_not_contact", "entering", "imports", "records"]
