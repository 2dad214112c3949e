"""The blueprint of the address book and what its pages share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, current_app, g, request, url_for

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.values import ContactRef, Selection
from portal.core.access import me
from portal.core.db import unit_of_work
from portal.core.desk import addresses

bp = Blueprint("contacts", __name__)
MANY_IDS = 500  # more are kept in the database between two pages


def fields() -> Mapping[str, Sequence[str]]:
    """Return what came in the address and the form, each name with all its values."""
    return request.values.to_dict(flat=False)


def selection() -> Selection:
    """Return who the request is for (K-4)."""
    return queries.selection_of(g.account.tenant, fields())


def hidden(chosen: Selection) -> list[tuple[str, str]]:
    """Return a selection as hidden fields; a long one is kept in the database."""
    if chosen.matching is not None:
        return [("all_matching", "1"), *chosen.matching.fields().items()]
    if len(chosen.ids) <= MANY_IDS:
        return [("ids", str(id_)) for id_ in chosen.ids]
    with unit_of_work():
        kept = contacts.keep_selection(g.account.tenant, me().user_id, chosen)
    return [("selection", str(kept))]


def contact_url(contact: ContactRef) -> str:
    """Return the page of a contact: the one with texts and consent where there is one."""
    return contact_addresses(contact.account_id)(contact.id)


def contact_addresses(account_id: UUID) -> Callable[[object], str]:
    """Return what gives the page of each contact of an account by its id."""
    endpoint = "messaging.contact" if has("messaging.contact") else "contacts.edit"
    return addresses(endpoint, "contact_id", account_id=account_id)


def has(endpoint: str) -> bool:
    """Say whether a page of another slice is there."""
    return endpoint in current_app.view_functions


def list_url(account_id: UUID, query: Mapping[str, Any]) -> str:
    """Return the address of the list with a filter."""
    kept = {name: value for name, value in query.items() if value}
    return url_for("contacts.index", account_id=account_id) + (
        f"?{urlencode(kept)}" if kept else ""
    )
