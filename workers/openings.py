"""Jobs that date what opens a number again, where the webhook could not (I3, RULINGS 17)."""

import logging
from datetime import datetime
from uuid import UUID

from portal.core import clock, jobs
from portal.core.db import unit_of_work
from portal.core.errors import GatewayBusy
from portal.core.jobs import Job
from portal.messaging.service import opening
from portal.messaging.service.opening import Waiting
from workers.runtime import each, job

logger = logging.getLogger(__name__)


@job
def date_openings(account_id: str) -> int:
    """Ask the carrier when an account's undated texts were sent, and do what they mean.

    Safe to run any number of times: each text is settled once. No transaction is open while the
    carrier is asked; once it can't be reached it is asked no more this time.
    """
    with unit_of_work():
        due = opening.claim(UUID(account_id))
    return each(due, _Round().date, "the text %s was not dated")


class _Round:
    """Dates one account's texts; when the carrier is away each is only given up or left.

    Fifty that wait for it one after the other would overrun the job's time.
    """

    def __init__(self) -> None:
        self._is_away = False

    def date(self, waiting: Waiting) -> int:
        sent_at = self._ask(waiting)
        with unit_of_work():
            if sent_at is None:
                return int(opening.give_up(waiting))
            return int(opening.settle(waiting, sent_at))

    def _ask(self, waiting: Waiting) -> datetime | None:
        if self._is_away or waiting.credentials is None:
            return None
        try:
            return opening.sent_at(waiting.credentials, waiting.incoming.sid)
        except GatewayBusy as error:
            logger.warning("the carrier could not be asked when texts were sent: %s", error)
            self._is_away = True
            return None


@job
def ring_for_openings() -> int:
    """Ring for texts whose look is due, the bell of last resort; a sweep."""
    waiting = opening.due_accounts(clock.utcnow())
    return sum(jobs.ring(Job.DATE_OPENINGS, account_id) for account_id in waiting)
