"""The organization's own do-not-contact list."""

from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.consent import queries
from portal.consent import service as consent
from portal.consent.forms import DoNotContactForm
from portal.consent.views.blueprint import argument, bp
from portal.contacts.rules.numbers import read
from portal.core import formats
from portal.core.access import Permission, Role, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotAllowed
from portal.core.web import page, see_other


@bp.get("/accounts/<uuid:account_id>/do-not-contact")
@requires(Permission.VIEW_CONSENT)
def do_not_contact(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the list of the whole organization."""
    return _list_page(DoNotContactForm(formdata=None))


@bp.post("/accounts/<uuid:account_id>/do-not-contact")
@requires(Permission.RECORD_CONSENT)
def add_do_not_contact(account_id: UUID) -> Response:
    """Put a number on the list."""
    form = DoNotContactForm()
    if not form.validate_on_submit():
        return _list_page(form, 422)
    try:
        with unit_of_work():
            is_new = consent.add_do_not_contact(
                g.account.organization_id,
                form.phone.data,
                reason=form.reason.data,
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse("phone", error)
        return _list_page(form, 422)
    number = formats.phone(read(form.phone.data).e164)
    flash(f"{number} is on the list." if is_new else f"{number} was on the list already.", "ok")
    return see_other(url_for("consent.do_not_contact", account_id=account_id))


@bp.post("/accounts/<uuid:account_id>/do-not-contact/removal")
@requires(Permission.RECORD_CONSENT)
def remove_do_not_contact(account_id: UUID) -> Response:
    """Take a number off the list; leads and officers only."""
    if not may_remove():
        raise NotAllowed("A team lead or compliance officer takes numbers off the list. Ask one.")
    number = read(request.form.get("phone", "")[:40])
    if number.e164 is None:
        raise BadInput(f"phone: {number.why}")
    with unit_of_work():
        was_there = consent.remove_do_not_contact(
            g.account.organization_id, number.e164, actor=me().actor
        )
    said = "is off the list" if was_there else "was not on the list"
    flash(f"{formats.phone(number.e164)} {said}.", "ok")
    return see_other(url_for("consent.do_not_contact", account_id=account_id))


def may_remove() -> bool:
    """Say whether the person may take numbers off the list."""
    return me().role in {Role.TEAM_LEAD, Role.COMPLIANCE_OFFICER}


def _list_page(form: DoNotContactForm, status: int = 200) -> Response:
    search, after = argument("q", 40), argument("after", 20)
    number = read(search).e164 if search else None
    digits = number or "".join(c for c in search if c.isdigit())
    if search and not digits:
        raise BadInput("q: search the list by a phone number.")
    listed, last = queries.do_not_contact(g.account.tenant, search=digits, after=after)
    url = url_for("consent.do_not_contact", account_id=g.account.id, q=search or None)
    return page(
        "consent/do_not_contact.html",
        None,
        status,
        form=form,
        listed=listed,
        search=search,
        first_url=url if after else None,
        next_url=url_for(
            "consent.do_not_contact", account_id=g.account.id, q=search or None, after=last
        )
        if last
        else None,
        may_remove=may_remove(),
        may_add=me().may(Permission.RECORD_CONSENT),
    )
