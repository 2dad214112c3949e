"""Jobs of plans."""

from functools import partial
from itertools import groupby
from uuid import UUID

from portal.core import jobs
from portal.core.batches import in_batches
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.jobs import Job
from portal.drips.queries import enrolments as queries
from portal.drips.queries import intakes
from portal.drips.service import running, stranding, taking_in
from portal.messaging.queries import following
from workers.runtime import at_once, halving, job

_FAILED = "the step of a plan was not taken: %s"
_HAND_OVER = at_once(stranding.hand_over)


@job
def run_plans() -> int:
    """Take every step that is due; a sweep. Returns for how many people.

    Safe to run any number of times and in several processes. Whoever a step can't be taken for is
    in the log and tried again by the next sweep, and all others go on.
    """
    now = utcnow()
    act = at_once(partial(running.run, now=now))
    total = 0
    for batch in in_batches(lambda after: queries.due(now, after)):
        for _, some in groupby(batch, key=lambda one: (one.account_id, one.step_id)):
            total += halving(list(some), act, _FAILED)
    return total


@job
def hand_over_texts() -> int:
    """Have people send by hand what lost its subscription while it waited; a sweep (S-6).

    Returns how many texts ended. Safe to run any number of times and in several processes.
    """
    total = 0
    for batch in in_batches(following.stranded):
        for _, some in groupby(batch, key=lambda one: one.account_id):
            total += halving(list(some), _HAND_OVER, "texts were not handed over: %s")
    return total


@job
def take_in(intake_id: str) -> None:
    """Enrol the people somebody chose, from where the last run stopped (P-1).

    Safe to run any number of times, also at once: each batch is under the lock of its row.
    """
    more = True
    while more:
        with unit_of_work():
            more = taking_in.step(UUID(intake_id))


@job
def resume_intakes() -> None:
    """Ask again for enrolments of many that nobody has moved for two minutes; a sweep."""
    for intake_id in intakes.stalled(utcnow()):
        jobs.ring(Job.TAKE_IN, intake_id, timeout_s=taking_in.JOB_TIMEOUT_S)
