"""Jobs of numbers that are brought over (N-3)."""

from uuid import UUID

from portal.core import jobs
from portal.core.batches import one_by_one
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.jobs import Job
from portal.porting import queries
from portal.porting import service as porting
from workers.runtime import job

_MOST_STEPS = 20  # at once; the sweep goes on with the rest


@job
def advance_port_in(port_in_id: str) -> None:
    """Carry a port-in on, step by step, as far as Twilio lets it.

    Safe to run any number of times: a step is one run's at a time, and what a run that died may
    have asked for is looked for first. No transaction is open while Twilio is asked.
    """
    for _ in range(_MOST_STEPS):
        with unit_of_work():
            order = porting.claim(UUID(port_in_id))
        if order is None:
            return
        outcome = porting.carry_out(order)
        with unit_of_work():
            goes_on = porting.settle(order, outcome)
        if not goes_on:
            return


@job
def ring_for_port_ins() -> int:
    """Ring for port-ins whose time has come: the next look, or a run that died; a sweep."""
    now = utcnow()
    due = one_by_one(lambda after: queries.due(now, after))
    return sum(jobs.ring(Job.ADVANCE_PORT_IN, port_in_id) for port_in_id in due)


@job
def remind_of_port_ins() -> int:
    """Tell of numbers that move tomorrow or wait for somebody, once each; a sweep."""
    with unit_of_work():
        return porting.remind()


@job
def forget_drafts() -> int:
    """End drafts that nobody sent in for long, and delete bills that are nobody's; a sweep."""
    strays = porting.forget_strays()
    with unit_of_work():
        return porting.forget_drafts() + strays
