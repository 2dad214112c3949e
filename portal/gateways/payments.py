"""How money is asked for: one interface, invoices built in, cards as the other provider (B-12).

With invoices the brokerage pays as agreed and credits come at once. With cards the money comes
first. Which of the two holds is decided once, by the settings; never both.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from portal.core.errors import GatewayError


class PaymentsUnclear(GatewayError):
    """The provider did not answer, or not clearly: ask again under the same key."""


class PaymentsRefused(GatewayError):
    """The provider refuses what was asked; the message is for the log, never a card's details."""


class PaymentsUnknown(PaymentsRefused):
    """The provider has nothing of this name."""


class CheckoutState(StrEnum):
    """Where a page that asks for money stands."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Order:
    """What a person is asked to pay on the provider's page, or a saved card is charged."""

    payment_id: UUID
    amount_cents: int
    description: str
    customer_id: str | None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """One payment at the provider: whether it is there, and how much of it went back."""

    id: str
    payment_id: UUID | None
    is_paid: bool
    is_moving: bool  # neither paid nor declined yet
    amount_cents: int
    refunded_cents: int = 0
    customer_id: str | None = None
    method_id: str | None = None
    problem: str | None = None  # why the card was declined, in the provider's words
    attempt: int = 0

    @property
    def is_gone(self) -> bool:
        """Say whether all of it went back already."""
        return 0 < self.amount_cents <= self.refunded_cents


@dataclass(frozen=True, slots=True)
class Checkout:
    """A page of the provider on which a person pays."""

    id: str
    url: str | None
    state: CheckoutState
    payment_id: UUID | None
    money: Money | None  # once it is complete


class PaymentProvider(Protocol):
    """Somebody who collects money."""

    @property
    def name(self) -> str:
        """Return the provider's name, as invoices bear it."""
        ...

    @property
    def smallest_cents(self) -> int:
        """Return the least that can be charged; less is not charged at all."""
        ...


class CardProvider(PaymentProvider, Protocol):
    """Somebody who takes cards on a page of their own: no card number ever reaches us.

    Every call raises PaymentsUnclear or PaymentsRefused. Asking twice under one key is one
    request to the provider.
    """

    def open_checkout(
        self, order: Order, *, key: str, expires_at: datetime, back_url: str
    ) -> Checkout:
        """Make a page on which a person pays."""
        ...

    def checkout(self, checkout_id: str) -> Checkout:
        """Return where such a page stands."""
        ...

    def close_checkout(self, checkout_id: str) -> Checkout:
        """Let nobody pay there any more, and return where it stood: paid, perhaps."""
        ...

    def charge(self, order: Order, *, attempt: int, method_id: str, key: str) -> Money:
        """Charge a saved card while nobody is there."""
        ...

    def charges(self, customer_id: str, payment_id: UUID) -> list[Money]:
        """Return every try to charge a customer for this payment, newest first."""
        ...

    def money(self, money_id: str) -> Money:
        """Return one payment as it stands."""
        ...

    def default_method(self, customer_id: str) -> str | None:
        """Return the card the customer chose for what is to come, if they did."""
        ...

    def refund(self, money_id: str, *, key: str) -> str:
        """Give a payment back, whole, and return the refund's id."""
        ...

    def portal_url(self, customer_id: str, back_url: str) -> str:
        """Return a page on which the customer changes their cards."""
        ...


class InvoiceProvider:
    """No card: the invoice is all there is, and the brokerage pays it."""

    name = "invoice"
    smallest_cents = 0


_INVOICES: Final = InvoiceProvider()
_cards: CardProvider | None = None


def current() -> PaymentProvider:
    """Return the provider in use."""
    return _cards or _INVOICES


def cards() -> CardProvider | None:
    """Return the provider in use when it takes cards, else None."""
    return _cards


def use(cards_: CardProvider | None) -> None:
    """Say who takes cards, or nobody: then invoices are written. A process does this once."""
    global _cards  # noqa: PLW0603 (set once for the process)
    _cards = cards_
