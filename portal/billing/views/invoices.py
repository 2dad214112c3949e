"""An account's invoices, and who pays those of its organization (B-12)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.billing import queries, rules
from portal.billing import service as billing
from portal.billing.forms import PayerForm
from portal.billing.service import printing
from portal.billing.values import InvoiceFilter, InvoiceRef, InvoiceState, Payer
from portal.billing.views.blueprint import PER_PAGE, bp
from portal.billing.views.books import line_key
from portal.billing.views.downloads import as_csv, as_workbook
from portal.core.access import Permission, me, requires
from portal.core.batches import one_by_one
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.core.typed import line
from portal.core.web import page, see_other, takes

AT_ONCE: Final = 1_000  # read for a file
_NUMBER: Final = re.compile(r"(?:INV-)?0*([0-9]{1,9})", re.IGNORECASE)
_MONTH: Final = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
_OVERDUE: Final = "overdue"
STATES: Final[Mapping[str, str]] = {
    "open": "Open",
    _OVERDUE: "Overdue",
    "paid": "Paid",
    "void": "Void",
}
HEAD: Final = ["number", "date", "due", "account", "billed_to", "description", "from", "to",
               "amount_usd", "state", "paid_on", "reference", "provider"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list of invoices was asked for, as read and as it stands in the address."""

    wanted: InvoiceFilter
    text: str
    state: str
    month: str

    @property
    def is_filtered(self) -> bool:
        """Say whether anything is left out."""
        return bool(self.text or self.state or self.month or self.wanted.organization_id)

    @property
    def kept(self) -> dict[str, Any]:
        """Return what the addresses of this list's pages and downloads bear."""
        return {"q": self.text or None, "state": self.state or None, "month": self.month or None}


def asked(today: date, *, organization_id: UUID | None = None) -> Asked:
    """Return what the address asks for. Raises BadInput for what no list knows."""
    state, month = request.args.get("state", ""), request.args.get("month", "")
    text = line(request.args.get("q", ""))
    number = _NUMBER.fullmatch(text)
    if state and state not in STATES:
        raise BadInput(f"state: choose one of {', '.join(STATES)}.")
    wanted = InvoiceFilter(
        state=InvoiceState(state) if state and state != _OVERDUE else None,
        overdue_on=today if state == _OVERDUE else None,
        month=_month(month) if month else None,
        organization_id=organization_id,
        number=int(number[1]) if number else None,
        words="" if number else text,
    )
    return Asked(wanted, text, state, month)


def cells(row: InvoiceRef) -> list[object]:
    """Return an invoice as a row of a download."""
    return [row.label, row.issued_on, row.due_on, row.account_name, row.buyer_name,
            row.description, row.period_start, row.period_end, row.amount_cents / 100,
            row.state.value, row.paid_on, row.closing_note or row.provider_reference or "",
            row.provider]  # fmt: skip


def csv_rows(rows: Iterable[InvoiceRef]) -> Iterator[list[object]]:
    """Yield rows for CSV, where an amount has two digits."""
    at = HEAD.index("amount_usd")
    for row in rows:
        found = cells(row)
        found[at] = f"{row.amount_cents // 100}.{row.amount_cents % 100:02d}"
        yield found


def send_pdf(invoice: InvoiceRef) -> Response:
    """Answer with an invoice as PDF."""
    response = Response(printing.pdf(invoice), mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"{invoice.label}.pdf")
    return response


@bp.get("/accounts/<uuid:account_id>/invoices")
@requires(Permission.VIEW_CREDITS)
@takes("q", "state", "month", "before")
def invoices(account_id: UUID) -> Response:
    """List the account's invoices, newest first (B-12)."""
    today = _today()
    ask = asked(today)
    rows = queries.invoices(
        g.account.tenant, ask.wanted, before=line_key("before"), limit=PER_PAGE + 1
    )
    shown = rows[:PER_PAGE]

    def url(**more: Any) -> str:
        return url_for("billing.invoices", account_id=account_id, **ask.kept, **more)

    return page(
        "billing/invoices.html",
        "billing/_invoices.html",
        invoices=shown,
        today=today,
        asked=ask,
        states=STATES,
        months=queries.invoice_months(g.account.organization_id, _zone()),
        list_url=url_for("billing.invoices", account_id=account_id),
        first_url=url() if "before" in request.args else None,
        next_url=url(before=shown[-1].number) if len(rows) > PER_PAGE else None,
        invoice_url=lambda row: url_for(
            "billing.invoice", account_id=account_id, invoice_id=row.id
        ),
        marketplace_url=url_for("billing.marketplace", account_id=account_id),
        may_edit_payer=me().may(Permission.EDIT_BILLING),
        csv_url=url_for("billing.export_invoices", account_id=account_id, **ask.kept),
        workbook_url=url_for("billing.invoice_workbook", account_id=account_id, **ask.kept),
    )


@bp.get("/accounts/<uuid:account_id>/invoices/<uuid:invoice_id>")
@requires(Permission.VIEW_CREDITS)
def invoice(account_id: UUID, invoice_id: UUID) -> Response:
    """Show one invoice as it was written (B-12)."""
    found = queries.invoice(g.account.tenant, invoice_id)
    where: dict[str, Any] = {"account_id": account_id, "invoice_id": invoice_id}
    return page(
        "billing/invoice.html",
        invoice=found,
        renewal=queries.renewal_of(found) if found.waits_for_card else None,
        today=_today(),
        pdf_url=url_for("billing.invoice_pdf", **where),
        back_url=url_for("billing.invoices", account_id=account_id),
    )


@bp.get("/accounts/<uuid:account_id>/invoices/<uuid:invoice_id>/pdf")
@requires(Permission.VIEW_CREDITS)
def invoice_pdf(account_id: UUID, invoice_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Download one invoice as PDF (B-12)."""
    return send_pdf(queries.invoice(g.account.tenant, invoice_id))


@bp.get("/accounts/<uuid:account_id>/invoices/export")
@requires(Permission.VIEW_CREDITS)
@takes("q", "state", "month")
def export_invoices(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Download the account's invoices as CSV, those the list shows (B-12)."""
    return as_csv("invoices", HEAD, csv_rows(_exported()))


@bp.get("/accounts/<uuid:account_id>/invoices/workbook")
@requires(Permission.VIEW_CREDITS)
@takes("q", "state", "month")
def invoice_workbook(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Download the account's invoices as an Excel workbook, those the list shows (B-12)."""
    return as_workbook("invoices", HEAD, (cells(row) for row in _exported()))


@bp.route("/organizations/<uuid:organization_id>/billing-details", methods=["GET", "POST"])
@requires(Permission.EDIT_BILLING)
def payer(organization_id: UUID) -> Response:
    """Show and change who pays the organization's invoices, and where they go."""
    form = PayerForm(obj=queries.payer(organization_id))
    if form.validate_on_submit():
        with unit_of_work():
            billing.set_payer(organization_id, Payer(**form.values()), actor=me().actor)
        flash("Saved. Invoices from now on bear these details.", "ok")
        return see_other(url_for("billing.payer", organization_id=organization_id))
    return page("billing/payer.html", status=422 if form.errors else 200, form=form)


def _exported() -> Iterator[InvoiceRef]:
    tenant, wanted = g.account.tenant, asked(_today()).wanted
    return one_by_one(
        lambda last: queries.invoices(
            tenant, wanted, before=last.number if last else None, limit=AT_ONCE
        )
    )


def _zone() -> str:
    return queries.zone_of(g.account.organization_id)


def _today() -> date:
    return rules.local_day(utcnow(), _zone())


def _month(text: str) -> date:
    """Return the first day of a month such as 2026-03. Raises BadInput."""
    if _MONTH.fullmatch(text):
        return date.fromisoformat(f"{text}-01")
    raise BadInput("month: write it like 2026-03.")
