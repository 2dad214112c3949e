"""Jobs of invoices: the mail to whoever pays. Apart from other jobs: setting a PDF takes memory (G12)."""

from uuid import UUID

from portal.billing import queries
from portal.billing.service import invoicing, printing
from portal.core.batches import one_by_one
from portal.core.db import unit_of_work
from workers.runtime import each, job


@job
def mail_invoices() -> int:
    """Mail new invoices to their billing contacts, with the PDF; a sweep. Returns how many.

    Each is set outside any transaction and noted as mailed in the one that writes the mail. One
    that can't be set is in the log and tried again by the next sweep, and all others go.
    """
    return each(one_by_one(queries.invoices_to_mail), _mail, "invoice %s was not mailed")


def _mail(invoice_id: UUID) -> bool:
    invoice = queries.any_invoice(invoice_id)
    assert invoice is not None  # none is ever deleted
    content = printing.pdf(invoice)
    with unit_of_work():
        return invoicing.mail(invoice, content)
