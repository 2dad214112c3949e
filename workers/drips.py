"""Jobs of plans."""

from functools import partial
from itertools import groupby

from portal.core.batches import in_batches
from portal.core.clock import utcnow
from portal.drips.queries import enrolments as queries
from portal.drips.service import running
from workers.runtime import at_once, halving, job

_FAILED = "the step of a plan was not taken: %s"


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
