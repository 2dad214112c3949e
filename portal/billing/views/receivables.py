"""All invoices of the installation, for the administrator: who owes what, and what was paid (B-12)."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.billing import queries, rules
from portal.billing import service as billing
from portal.billing.errors import InvoiceNotFound
from portal.billing.forms import IssuerForm, PaidForm, VoidForm
from portal.billing.values import InvoiceRef, Issuer
from portal.billing.views.blueprint import PER_PAGE, bp
from portal.billing.views.downloads import as_csv, as_workbook
from portal.billing.views.invoices import (
    AT_ONCE,
    HEAD,
    STATES,
    Asked,
    asked,
    cells,
    csv_rows,
    send_pdf,
)
from portal.core.access import Permission, me, requires
from portal.core.batches import one_by_one
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.core.web import page, see_other, takes
from portal.people import queries as people

_ONE: Final = "/admin/invoices/<uuid:invoice_id>"


@bp.get("/admin/invoices")
@requires(Permission.ADMINISTER)
@takes("q", "state", "month", "organization", "before")
def admin_invoices() -> Response:
    """List the invoices of all organizations, newest first."""
    ask, organization, before = _asked(), request.args.get("organization", ""), _before()
    rows = queries.every_invoice(ask.wanted, zone=me().timezone, before=before, limit=PER_PAGE + 1)
    shown, kept = rows[:PER_PAGE], {**ask.kept, "organization": organization or None}

    def url(**more: Any) -> str:
        return url_for("billing.admin_invoices", **kept, **more)

    is_open, overdue = queries.open_sums(_today())
    return page(
        "billing/admin_invoices.html",
        "billing/_invoices.html",
        invoices=shown,
        today=_today(),
        asked=ask,
        states=STATES,
        months=queries.invoice_months(None, me().timezone),
        organizations=people.organizations(),
        list_url=url_for("billing.admin_invoices"),
        first_url=url() if before else None,
        next_url=url(before=shown[-1].id) if len(rows) > PER_PAGE else None,
        invoice_url=lambda row: url_for("billing.admin_invoice", invoice_id=row.id),
        marketplace_url=None,
        open_cents=is_open,
        overdue_cents=overdue,
        csv_url=url_for("billing.admin_export_invoices", **kept),
        workbook_url=url_for("billing.admin_invoice_workbook", **kept),
    )


@bp.get("/admin/invoices/export")
@requires(Permission.ADMINISTER)
@takes("q", "state", "month", "organization")
def admin_export_invoices() -> Response:
    """Download the invoices the list shows as CSV."""
    return as_csv("invoices", HEAD, csv_rows(_exported()))


@bp.get("/admin/invoices/workbook")
@requires(Permission.ADMINISTER)
@takes("q", "state", "month", "organization")
def admin_invoice_workbook() -> Response:
    """Download the invoices the list shows as an Excel workbook."""
    return as_workbook("invoices", HEAD, (cells(row) for row in _exported()))


@bp.get(_ONE)
@requires(Permission.ADMINISTER)
def admin_invoice(invoice_id: UUID) -> Response:
    """Show one invoice, with what may be done with it."""
    return _invoice_page(_any_or_404(invoice_id))


@bp.get(_ONE + "/pdf")
@requires(Permission.ADMINISTER)
def admin_invoice_pdf(invoice_id: UUID) -> Response:
    """Download one invoice as PDF."""
    return send_pdf(_any_or_404(invoice_id))


@bp.post(_ONE + "/paid")
@requires(Permission.ADMINISTER)
def mark_invoice_paid(invoice_id: UUID) -> Response:
    """Note that the money of an invoice came: when, and under which reference."""
    found, form = _any_or_404(invoice_id), PaidForm(today=_today())
    if not form.validate_on_submit():
        return _invoice_page(found, paid_form=form, status=422)
    with unit_of_work():
        label = billing.mark_paid(invoice_id, actor=me().actor, **form.values())
    flash(f"{label} is paid.", "ok")
    return see_other(url_for("billing.admin_invoice", invoice_id=invoice_id))


@bp.post(_ONE + "/void")
@requires(Permission.ADMINISTER)
def void_invoice(invoice_id: UUID) -> Response:
    """Note that an invoice is not to be paid, and why; its credits stay."""
    found, form = _any_or_404(invoice_id), VoidForm()
    if not form.validate_on_submit():
        return _invoice_page(found, void_form=form, status=422)
    with unit_of_work():
        label = billing.void(invoice_id, actor=me().actor, **form.values())
    credits_ = (
        "The credits it was written for stay." if found.is_by_hand else "It brings no credits."
    )
    flash(f"{label} is void. {credits_}", "ok")
    return see_other(url_for("billing.admin_invoice", invoice_id=invoice_id))


@bp.route("/admin/invoice-details", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def issuer() -> Response:
    """Show and change who writes the invoices of this installation."""
    form = IssuerForm(obj=queries.issuer())
    if form.validate_on_submit():
        with unit_of_work():
            billing.set_issuer(Issuer(**form.values()), actor=me().actor)
        flash("Saved. Invoices from now on bear these details.", "ok")
        return see_other(url_for("billing.issuer"))
    return page("billing/issuer.html", status=422 if form.errors else 200, form=form)


def _invoice_page(
    found: InvoiceRef,
    *,
    paid_form: PaidForm | None = None,
    void_form: VoidForm | None = None,
    status: int = 200,
) -> Response:
    today = _today()
    return page(
        "billing/admin_invoice.html",
        None,
        status,
        invoice=found,
        renewal=queries.renewal_of(found) if found.waits_for_card else None,
        may_close=found.is_open and not found.waits_for_card,
        today=today,
        pdf_url=url_for("billing.admin_invoice_pdf", invoice_id=found.id),
        back_url=url_for("billing.admin_invoices"),
        paid_form=paid_form or PaidForm(formdata=None, today=today, paid_on=today),
        void_form=void_form or VoidForm(formdata=None),
    )


def _exported() -> Iterator[InvoiceRef]:
    wanted, zone = _asked().wanted, me().timezone
    return one_by_one(
        lambda last: queries.every_invoice(wanted, zone=zone, before=last, limit=AT_ONCE)
    )


def _asked() -> Asked:
    return asked(_today(), organization_id=_organization())


def _organization() -> UUID | None:
    """Return the organization the list is of, None for all. Raises BadInput."""
    text = request.args.get("organization", "")
    known = {str(organization.id): organization.id for organization in people.organizations()}
    if text and text not in known:
        raise BadInput("organization: there is none of this id. Choose one of the list.")
    return known.get(text)


def _before() -> InvoiceRef | None:
    """Return where a page of the list begins. Raises BadInput when it is no such place."""
    text = request.args.get("before")
    if text is None:
        return None
    try:
        found = queries.any_invoice(UUID(text))
    except ValueError:
        found = None
    if found is None:
        raise BadInput("before: this page mark is damaged. Go back to the first page.")
    return found


def _any_or_404(invoice_id: UUID) -> InvoiceRef:
    found = queries.any_invoice(invoice_id)
    if found is None:
        raise InvoiceNotFound
    return found


def _today() -> date:
    return rules.local_day(utcnow(), me().timezone)
