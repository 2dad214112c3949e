"""Invoices, who writes them and who pays them, as other slices may hold them (B-12)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

INVOICE_PROVIDER = "invoice"  # settled by hand; any other says itself when it has the money


class InvoiceState(StrEnum):
    """Where an invoice stands; paid and void are for good."""

    OPEN = "open"  # no card: the brokerage pays as agreed (B-12)
    PAID = "paid"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class InvoiceRef:
    """One invoice: its words and sum as they were written, and where it stands."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    number: int  # 1, 2, 3 and so on within the organization
    at: datetime
    issued_on: date
    due_on: date
    description: str
    amount_cents: int
    period_start: date
    period_end: date
    state: InvoiceState
    provider: str
    provider_reference: str | None
    seller_name: str
    seller_lines: tuple[str, ...]
    pay_to: tuple[str, ...]
    buyer_name: str
    buyer_lines: tuple[str, ...]
    account_name: str
    closed_at: datetime | None
    closed_by: str | None
    closing_note: str | None
    paid_on: date | None
    waits_for_card: bool  # open, and a card of the provider in use pays it, nobody else

    @property
    def label(self) -> str:
        """Return the number as it is printed."""
        return f"INV-{self.number:05d}"

    @property
    def is_open(self) -> bool:
        """Say whether it waits for its money."""
        return self.state is InvoiceState.OPEN

    @property
    def is_by_hand(self) -> bool:
        """Say whether it was written to be paid without a card: its credits did not wait for it."""
        return self.provider == INVOICE_PROVIDER

    @property
    def how_to_pay(self) -> tuple[str, ...]:
        """Return the lines that say how a person pays it; none where a card does, or nobody has to."""
        return self.pay_to if self.is_open and not self.waits_for_card else ()

    def is_overdue(self, today: date) -> bool:
        """Say whether its day has passed unpaid."""
        return self.is_open and self.due_on < today


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which invoices a list shows; None stands for all."""

    state: InvoiceState | None = None
    overdue_on: date | None = None  # open ones due before this day
    month: date | None = None  # the first day of the month they were written in
    organization_id: UUID | None = None
    number: int | None = None
    words: str = ""  # of the description, or a name on the invoice


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who writes the invoices of this installation."""

    name: str
    address: str = ""
    tax_number: str = ""
    email: str = ""
    pay_to: str = ""
    due_days: int = 30


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays the invoices of one organization."""

    name: str
    address: str = ""
    tax_number: str = ""
    order_number: str = ""
    contact_email: str = ""
