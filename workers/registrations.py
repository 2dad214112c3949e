"""Jobs of registrations (N-5)."""

from uuid import UUID

from portal.core import jobs
from portal.core.batches import one_by_one
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.jobs import Job
from portal.registrations import queries
from portal.registrations import service as registrations
from workers.runtime import job

_MOST_STEPS = 40  # at once; the sweep goes on with the rest


@job
def advance_registration(registration_id: str) -> None:
    """Carry a registration on, step by step, as far as the carrier lets it.

    Safe to run any number of times: a step is one run's at a time, and what a run that died may
    have made is looked for first. No transaction is open while the carrier is asked.
    """
    for _ in range(_MOST_STEPS):
        with unit_of_work():
            order = registrations.claim(UUID(registration_id))
        if order is None:
            return
        outcome = registrations.carry_out(order)
        with unit_of_work():
            goes_on = registrations.settle(order, outcome)
        if not goes_on:
            return


@job
def ring_for_registrations() -> int:
    """Ring for registrations whose time has come: the next look, or a run that died; a sweep."""
    now = utcnow()
    due = one_by_one(lambda after: queries.due(now, after))
    return sum(jobs.ring(Job.ADVANCE_REGISTRATION, registration_id) for registration_id in due)
