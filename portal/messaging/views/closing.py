"""Closing an account for good: what is lost first, then its name and a reason (SPEC 1, B-7)."""

from uuid import UUID

from flask import Response, flash, g, url_for

from portal.billing import queries as billing
from portal.billing import service as plans
from portal.billing.values import InvoiceFilter, InvoiceState
from portal.core import formats
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.web import page, see_other
from portal.messaging import queries
from portal.messaging.errors import NameNotTyped
from portal.messaging.forms.closing import CloseForm
from portal.messaging.service import closing
from portal.messaging.views.blueprint import bp
from portal.numbers import queries as numbers
from portal.optin import queries as optin
from portal.optin.values import FormState
from portal.texting_accounts.values import AccountState

_CLOSE = "/accounts/<uuid:account_id>/closing"
_OPEN = InvoiceFilter(state=InvoiceState.OPEN)


@bp.get(_CLOSE)
@requires(Permission.CLOSE_ACCOUNT)
def confirm_closing(account_id: UUID) -> Response:
    """Show what closing the account loses; nothing changes yet."""
    if g.account.state is AccountState.CLOSED:
        return see_other(url_for("texting_accounts.settings", account_id=account_id))
    return _closing_page(CloseForm(formdata=None))


@bp.post(_CLOSE)
@requires(Permission.CLOSE_ACCOUNT)
def close_account(account_id: UUID) -> Response:
    """Close the account; the same form sent again changes nothing more."""
    form = CloseForm()
    if not form.validate_on_submit():
        return _closing_page(form, status=422)
    try:
        with unit_of_work():
            report = closing.close_account(g.account, **form.values(), actor=me().actor)
    except NameNotTyped as error:
        form.refuse("typed", error)
        return _closing_page(form, status=422)
    gone = f" {formats.plural(report.canceled, 'text')} canceled." if report.canceled else ""
    flash(f"{g.account.name} is closed.{gone}", "ok")
    return see_other(url_for("texting_accounts.settings", account_id=account_id))


def _closing_page(form: CloseForm, *, status: int = 200) -> Response:
    tenant = g.account.tenant
    with plans.as_settled(g.account):
        waiting, credits_back = queries.waiting(tenant)
        left = billing.balance(g.account.id).available
        forms = [form for form in optin.forms(tenant) if form.state is FormState.PUBLISHED]
        return page(
            "messaging/closing.html",
            None,
            status,
            form=form,
            waiting=waiting,
            credits_back=credits_back,
            left=left,
            left_then=left + credits_back,
            subscription=billing.subscription(g.account.id),
            numbers=[one for one in numbers.senders(g.account.id) if one.is_ready],
            invoices=billing.invoices(tenant, _OPEN, limit=1_000),
            unpaid=billing.unpaid_renewal(tenant),
            published=len(forms),
        )
