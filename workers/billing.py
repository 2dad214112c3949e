"""Jobs of billing: payments by card (B-12)."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from portal.billing import queries
from portal.billing.service import paying
from portal.core import jobs
from portal.core.batches import one_by_one
from portal.core.clock import utcnow
from portal.core.jobs import Job
from workers.runtime import job

_BELL_WAS_LOST: Final = timedelta(seconds=10)


@job
def settle_payment(payment_id: str) -> None:
    """Look at a payment, charge a renewal, give money back: whatever is due.

    Safe to run any number of times: the provider does each request once, and what it says is
    applied once.
    """
    paying.settle(UUID(payment_id))


@job
def apply_payment_event(event_id: str) -> None:
    """Take what a webhook of the card provider was about; again is harmless."""
    paying.apply_event(event_id)


@job
def ring_for_payments() -> int:
    """Ask for payments that are due and for webhooks whose bell was lost; a sweep."""
    now = utcnow()
    due = one_by_one(lambda after: queries.payments_due(now, after))
    waiting = one_by_one(lambda after: queries.events_waiting(now - _BELL_WAS_LOST, after))
    return sum(
        [
            *(jobs.ring(Job.SETTLE_PAYMENT, payment_id) for payment_id in due),
            *(jobs.ring(Job.APPLY_PAYMENT_EVENT, event_id) for event_id in waiting),
        ]
    )
