"""Invoices as PDF (B-12). Not imported by what sends texts: a compiler is heavy (G12)."""

from pathlib import Path
from typing import Any, Final

from portal.billing.values import InvoiceRef, InvoiceState
from portal.core import formats
from portal.core.settings import settings
from portal.core.typesetting import Typesetter

_TEMPLATE: Final = Path(__file__).parents[1] / "data" / "invoice.typ"
_STATES: Final = {
    InvoiceState.OPEN: ("To be paid", "warn"),
    InvoiceState.PAID: ("Paid", "ok"),
    InvoiceState.VOID: ("Void, not to be paid", "quiet"),
}


def pdf(invoice: InvoiceRef) -> bytes:
    """Return an invoice as PDF: the same invoice in the same state gives the same bytes."""
    with Typesetter(_TEMPLATE) as setter:
        data = document(invoice, logo=setter.logo)
        return setter.set_document(data, invoice.closed_at or invoice.at).content


def document(invoice: InvoiceRef, *, logo: str) -> dict[str, Any]:
    """Return the text of an invoice, as the JSON its template reads."""
    state, tone = _STATES[invoice.state]
    facts = [["Date", formats.date_words(invoice.issued_on)], ["Account", invoice.account_name]]
    if invoice.is_open and not invoice.waits_for_card:
        facts.insert(1, ["Due", formats.date_words(invoice.due_on)])
    return {
        "application": settings().application_name,
        "logo": logo,
        "number": invoice.label,
        "state": state,
        "tone": tone,
        "seller": {"name": invoice.seller_name, "lines": list(invoice.seller_lines)},
        "buyer": {"name": invoice.buyer_name, "lines": list(invoice.buyer_lines)},
        "facts": facts,
        "lines": [
            [
                invoice.description,
                f"{formats.date_words(invoice.period_start)} to {formats.date_words(invoice.period_end)}",
                formats.money(invoice.amount_cents),
            ]
        ],
        "total": formats.money(invoice.amount_cents),
        "pay_to": list(invoice.how_to_pay),
        "closing": _closing(invoice),
        "note": None,
    }


def _closing(invoice: InvoiceRef) -> str | None:
    if invoice.state is InvoiceState.PAID and invoice.paid_on:
        reference = invoice.closing_note or invoice.provider_reference
        return f"Paid on {formats.date_words(invoice.paid_on)}" + (
            f", {reference}." if reference else "."
        )
    if invoice.state is InvoiceState.VOID:
        return f"Void: {invoice.closing_note}." if invoice.closing_note else "Void."
    return "It is paid by card." if invoice.waits_for_card else None
