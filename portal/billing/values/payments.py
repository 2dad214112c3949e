"""The words of card payments (B-12)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class PaymentKind(StrEnum):
    """What a payment is for."""

    PURCHASE = "purchase"
    UPGRADE = "upgrade"
    RENEWAL = "renewal"


class PaymentState(StrEnum):
    """Where a payment stands; it only moves down this list, save that late money lifts `lapsed`."""

    WAITING = "waiting"  # for a person on the provider's page, or for the card to be charged
    LAPSED = "lapsed"  # nobody paid in time
    PAID = "paid"  # and what it was for is granted, in one transaction
    RETURNED = "returned"  # paid, but what it was for could not be had any more: it goes back


@dataclass(frozen=True, slots=True)
class PaymentRef:
    """One payment by card."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    kind: PaymentKind
    state: PaymentState
    plan_id: UUID
    plan_name: str
    credits_per_month: int
    amount_cents: int
    description: str
    checkout_id: str | None
    checkout_url: str | None
    problem: str | None
    declines: int
    refunded_cents: int
    created_at: datetime
    period_start: date
    retry_at: datetime | None  # when the saved card is charged next
    is_asked: bool  # the card was, or is being, charged, and nobody heard the answer

    @property
    def is_waiting(self) -> bool:
        """Say whether its money is still to come."""
        return self.state is PaymentState.WAITING
