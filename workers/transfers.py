"""Jobs of transfers (N-2)."""

from uuid import UUID

from portal.core import jobs
from portal.core.batches import one_by_one
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.jobs import Job
from portal.transfers import queries
from portal.transfers import service as transfers
from portal.transfers.rules import steps
from workers.runtime import at_once, each, job

_MOST_STEPS = 20  # at once; the sweep goes on with the rest


@job
def advance_transfer(transfer_id: str) -> None:
    """Carry a transfer on, step by step, as far as the carrier and people let it.

    Safe to run any number of times: a step is one run's at a time, and what a run that died may
    have done is looked for first. No transaction is open while the carrier is asked.
    """
    for _ in range(_MOST_STEPS):
        with unit_of_work():
            order = transfers.claim(UUID(transfer_id))
        if order is None:
            return
        outcome = transfers.carry_out(order)
        with unit_of_work():
            goes_on = transfers.settle(order, outcome)
        if not goes_on:
            return


@job
def ring_for_transfers() -> int:
    """Ring for transfers whose time has come: the next look, or a run that died; a sweep."""
    now = utcnow()
    due = one_by_one(lambda after: queries.due(now, after))
    return sum(
        jobs.ring(Job.ADVANCE_TRANSFER, transfer_id, timeout_s=transfers.JOB_WITHIN_S)
        for transfer_id in due
    )


@job
def expire_transfers() -> int:
    """Give up transfers nobody went on with, so that no token of an old account stays; a sweep.

    Where the number is here already, the token alone goes.
    """
    moved_before = utcnow() - steps.TEST_WITHIN
    return each(
        queries.holding_tokens(moved_before),
        at_once(transfers.forget_token),
        "the token of transfer %s was not forgotten",
    ) + each(queries.not_arrived(), at_once(transfers.expire), "transfer %s was not given up")
