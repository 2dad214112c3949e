"""What is done with several contacts at once: keep ticked, tag, delete, export (K-4)."""

from collections.abc import Iterator
from uuid import UUID

from flask import Response, flash, g, stream_with_context

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.forms import TagForm
from portal.contacts.rules import choosing
from portal.contacts.service import exporting
from portal.contacts.values import Selection
from portal.contacts.views.blueprint import bp, fields, hidden, list_url, selection
from portal.core import formats
from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.core.web import page, see_other


@bp.post("/accounts/<uuid:account_id>/contacts/selection")
@requires(Permission.VIEW_CONTACTS)
def keep(account_id: UUID) -> Response:
    """Keep the people ticked on this page and go on to another one (K-4)."""
    given = fields()
    chosen, kept_id = selection(), choosing.one(given, "selection")
    if chosen.matching is not None:
        raise BadInput("Everybody who matches is selected already. Choose what to do with them.")
    with unit_of_work():
        kept = contacts.keep_selection(
            g.account.tenant,
            me().user_id,
            chosen,
            choosing.identifier(kept_id, "selection") if kept_id else None,
        )
    query = choosing.filter_of(given).fields() | {
        "sort": choosing.one(given, "sort"),
        "selection": str(kept) if chosen.ids else "",
        "after": (given.get("after") or [""])[0][:1000],
    }
    return see_other(list_url(account_id, query))


@bp.post("/accounts/<uuid:account_id>/contacts/tags")
@requires(Permission.EDIT_CONTACTS)
def choose_tags(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Ask which tags to put on or take off the people selected."""
    return _tag_page(_somebody(), TagForm(formdata=None), 200)


@bp.post("/accounts/<uuid:account_id>/contacts/tags/change")
@requires(Permission.EDIT_CONTACTS)
def tag(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Put tags on, or take them off, everybody selected."""
    chosen, form = _somebody(), TagForm()
    if not form.validate_on_submit():
        return _tag_page(chosen, form, 422)
    adds = form.verb.data == "add"
    change = contacts.tag_contacts if adds else contacts.untag_contacts
    with unit_of_work():
        people = change(g.account.tenant, chosen, form.tags.data, actor=me().actor)
    done = "Tagged" if adds else "Took the tag off"
    flash(f"{done} {formats.plural(people, 'contact')}.", "ok")
    return see_other(_back(chosen))


@bp.post("/accounts/<uuid:account_id>/contacts/deletion")
@requires(Permission.EDIT_CONTACTS)
def confirm_delete(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Ask once more before contacts are deleted."""
    chosen = _somebody()
    return page(
        "contacts/delete.html",
        count=queries.count_selected(g.account.tenant, chosen),
        hidden=hidden(chosen),
        back_url=_back(chosen),
    )


@bp.post("/accounts/<uuid:account_id>/contacts/deletion/confirmed")
@requires(Permission.EDIT_CONTACTS)
def delete(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Delete everybody selected; opt-outs of their numbers stay (K-7)."""
    chosen = _somebody()
    with unit_of_work():
        gone = contacts.delete_contacts(g.account.tenant, chosen, actor=me().actor)
    flash(f"Deleted {formats.plural(gone, 'contact')}. Opt-outs stay in force.", "ok")
    return see_other(list_url(g.account.id, {}))


@bp.post("/accounts/<uuid:account_id>/contacts/export")
@requires(Permission.VIEW_CONTACTS)
def export(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Send a CSV of everybody selected, safe to open in a spreadsheet (K-1)."""
    chosen, tenant = _somebody(), g.account.tenant
    people = queries.count_selected(tenant, chosen)
    with unit_of_work():
        exporting.record_export(tenant, chosen, people, actor=me().actor)
    return csv_file(exporting.contacts(tenant, chosen), f"contacts-{utcnow():%Y-%m-%d}.csv")


def csv_file(pieces: Iterator[str], name: str) -> Response:
    """Answer with a CSV to be saved."""
    return Response(
        stream_with_context(pieces),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def _somebody() -> Selection:
    chosen = selection()
    if chosen.is_empty:
        raise BadInput("Nobody is selected. Tick the people this is for and try again.")
    return chosen


def _tag_page(chosen: Selection, form: TagForm, status: int) -> Response:
    return page(
        "contacts/tags.html",
        None,
        status,
        form=form,
        count=queries.count_selected(g.account.tenant, chosen),
        hidden=hidden(chosen),
        known=queries.tags(g.account.tenant)[:30],
        back_url=_back(chosen),
    )


def _back(chosen: Selection) -> str:
    return list_url(g.account.id, chosen.matching.fields() if chosen.matching else {})
