"""The list, and the forms of one contact (K-2, K-3, K-4, K-5)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.forms import ContactForm, NoteForm
from portal.contacts.queries.lists import COUNT_CAP
from portal.contacts.queries.narrowing import FOUND_CAP
from portal.contacts.rules import choosing
from portal.contacts.rules import people as rules
from portal.contacts.values import ContactRef, Reach, Sort
from portal.contacts.views.blueprint import (
    bp,
    contact_url,
    fields,
    has,
    list_url,
)
from portal.contacts.views.listing import rows
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.web import page, see_other, takes

REACH_LABELS = {
    Reach.TEXTABLE: "Number can be texted",
    Reach.NOT_TEXTABLE: "No usable number",
    Reach.INTERNATIONAL: "International number",
    Reach.LISTED: "On a do-not-call list",
}


@bp.get("/accounts/<uuid:account_id>/contacts")
@requires(Permission.VIEW_CONTACTS)
@takes("q", "tag", "state", "source", "reach", "sort", "after", "selection")
def index(account_id: UUID) -> Response:
    """List contacts: filter, sort, page by key, tick (K-3, K-4)."""
    tenant, given = g.account.tenant, fields()
    wanted = choosing.filter_of(given)
    sort = choosing.sort_of(choosing.one(given, "sort"))
    book = queries.outline(tenant)
    after = request.args.get("after")
    listed = queries.page(tenant, wanted, sort, after, has_tags=bool(book.tags))
    if wanted.state and not _is_known(wanted.state, book.states):
        known = ", ".join(book.states) or "two letters, like IL"
        raise BadInput(f"state: no contact lives there. Choose one of: {known}.")
    count_cap = FOUND_CAP if wanted.text else COUNT_CAP
    kept_id = choosing.one(given, "selection")
    kept = (
        set(queries.kept_ids(tenant, choosing.identifier(kept_id, "selection")))
        if kept_id
        else set()
    )
    query = wanted.fields() | {
        "sort": sort.value if sort is not Sort.NAME else "",
        "selection": kept_id,
    }
    return page(
        "contacts/index.html",
        "contacts/_list.html",
        wanted=wanted,
        sort=sort,
        listed=listed,
        rows=tuple(rows(listed.contacts, queries.marks(tenant, listed.contacts), kept)),
        book=book,
        matching=queries.count_matching(tenant, wanted, count_cap),
        count_cap=count_cap,
        kept=kept,
        kept_id=kept_id,
        query=query,
        reach_labels=REACH_LABELS,
        list_url=lambda **changed: list_url(account_id, query | changed),
        may_send=me().may(Permission.SEND_TEXTS) and has("messaging.start_draft"),
        may_edit=me().may(Permission.EDIT_CONTACTS),
        may_import=me().may(Permission.IMPORT_CONTACTS),
    )


@bp.get("/accounts/<uuid:account_id>/contacts/new")
@requires(Permission.EDIT_CONTACTS)
def new(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Ask for a new contact."""
    form = ContactForm(formdata=None, preferred="0")
    return _form(form, None)


@bp.post("/accounts/<uuid:account_id>/contacts")
@requires(Permission.EDIT_CONTACTS)
def create(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Add a contact (K-2)."""
    form = ContactForm()
    if not form.validate_on_submit():
        return _form(form, None, 422)
    try:
        with unit_of_work():
            added = contacts.create_contact(g.account.tenant, form.details(), actor=me().actor)
    except DomainError as error:
        form.refuse_contact(error)
        return _form(form, None, 422)
    flash(f"{added.full_name} is in your contacts.", "ok")
    return see_other(contact_url(added))


@bp.get("/accounts/<uuid:account_id>/contacts/<uuid:contact_id>/edit")
@requires(Permission.EDIT_CONTACTS)
def edit(account_id: UUID, contact_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show a contact to be changed, with its notes."""
    contact = queries.get_or_404(g.account.tenant, contact_id)
    return _form(ContactForm.of(contact), contact)


@bp.post("/accounts/<uuid:account_id>/contacts/<uuid:contact_id>/edit")
@requires(Permission.EDIT_CONTACTS)
def update(account_id: UUID, contact_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Change a contact (K-2)."""
    contact = queries.get_or_404(g.account.tenant, contact_id)
    form = ContactForm()
    if not form.validate_on_submit():
        return _form(form, contact, 422)
    try:
        with unit_of_work():
            changed = contacts.edit_contact(
                g.account.tenant, contact_id, form.details(), actor=me().actor
            )
    except DomainError as error:
        form.refuse_contact(error)
        return _form(form, contact, 422)
    flash(f"{changed.full_name} is saved.", "ok")
    return see_other(contact_url(changed))


@bp.post("/accounts/<uuid:account_id>/contacts/<uuid:contact_id>/notes")
@requires(Permission.EDIT_CONTACTS)
def add_note(account_id: UUID, contact_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Write a note on a contact (K-5)."""
    contact = queries.get_or_404(g.account.tenant, contact_id)
    form = NoteForm()
    if form.validate_on_submit():
        with unit_of_work():
            contacts.add_note(g.account.tenant, contact_id, form.body.data, actor=me().actor)
        flash("Note saved.", "ok")
        return see_other(contact_url(contact))
    return _form(ContactForm.of(contact), contact, 422, note_form=form)


def _is_known(state: str, in_use: Sequence[str]) -> bool:
    """Say whether a filter names a state there is, or one somebody wrote into a contact."""
    code = rules.state_code(state)
    return rules.is_state(code) or code in in_use


def _form(
    form: ContactForm, contact: ContactRef | None, status: int = 200, **context: Any
) -> Response:
    form.spare()
    account_id = g.account.id
    back = contact_url(contact) if contact and has("messaging.contact") else None
    return page(
        "contacts/form.html",
        None,
        status,
        form=form,
        contact=contact,
        notes=queries.notes(g.account.tenant, contact.id) if contact else [],
        note_form=context.get("note_form") or NoteForm(formdata=None),
        action=url_for("contacts.update", account_id=account_id, contact_id=contact.id)
        if contact
        else url_for("contacts.create", account_id=account_id),
        back_url=back or url_for("contacts.index", account_id=account_id),
        back_label=contact.full_name if contact and back else "Contacts",
    )
