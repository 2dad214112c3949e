"""Jobs that date what opens a number again, where the webhook could not (I3, RULINGS 17)."""

from uuid import UUID

from portal.core import clock, jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Job
from portal.messaging.service import opening
from portal.messaging.service.opening import Waiting
from workers.runtime import each, job


@job
def date_openings(account_id: str) -> int:
    """Ask the carrier when an account's undated texts were sent, and do what they mean.

    Safe to run any number of times: each text is settled once. No transaction is open while the
    carrier is asked.
    """
    with unit_of_work():
        due = opening.claim(UUID(account_id))
    return each(due, _date, "the text %s was not dated")


def _date(waiting: Waiting) -> int:
    sent_at = None
    if waiting.credentials is not None:
        sent_at = opening.sent_at(waiting.credentials, waiting.incoming.sid)
    with unit_of_work():
        if sent_at is None:
            return int(opening.give_up(waiting))
        return int(opening.settle(waiting, sent_at))


@job
def ring_for_openings() -> int:
    """Ring for texts whose look is due, the bell of last resort; a sweep."""
    waiting = opening.due_accounts(clock.utcnow())
    return sum(jobs.ring(Job.DATE_OPENINGS, account_id) for account_id in waiting)
