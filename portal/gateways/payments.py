"""How money is asked for: one interface, and the provider that writes invoices (B-12)."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Bill:
    """What is to be paid, by whom and for what. The key makes asking twice harmless."""

    account_id: UUID
    amount_cents: int
    description: str
    request_key: str
    currency: str = "usd"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider's answer: paid already, or billed to be paid as agreed."""

    provider: str
    is_paid: bool
    reference: str | None = None


class PaymentProvider(Protocol):
    """Somebody who collects money."""

    name: str

    def charge(self, bill: Bill) -> Receipt:
        """Collect or bill the amount. Raises a GatewayError when that did not work."""
        ...


class InvoiceProvider:
    """No card: the line on the invoice is all there is, and the brokerage pays it."""

    name = "invoice"

    def charge(self, bill: Bill) -> Receipt:
        """Say that the amount is billed; the caller writes the line."""
        return Receipt(self.name, is_paid=bill.amount_cents == 0)


_provider: PaymentProvider = InvoiceProvider()


def current() -> PaymentProvider:
    """Return the provider in use."""
    return _provider


def use(provider: PaymentProvider) -> None:
    """Say which provider to use; the factory does this once, tests for each test."""
    global _provider  # noqa: PLW0603 (set once for the process)
    _provider = provider
