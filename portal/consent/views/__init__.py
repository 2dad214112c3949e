"""Pages of consent and of the audit log."""

from flask import Flask

from portal.consent import queries
from portal.consent.views import audit_log, do_not_contact, entering, imports, records
from portal.consent.views.blueprint import bp
from portal.contacts import queries as contacts

__all__ = ["audit_log", "bp", "do_not_contact", "entering", "imports", "init_app", "records"]


def init_app(app: Flask) -> None:  # noqa: ARG001 (the factory's form)
    """Have the address book mark who may not be texted (K-3)."""
    contacts.add_mark_source(queries.contact_marks)
