"""Jobs a worker is for: send texts, apply the carrier's news of them.

They stand alone, as a worker loads them before its first fork, and what other jobs need in the
process that runs one (G12).
"""

from uuid import UUID

from portal.messaging.service import highwater, statuses
from workers import journal
from workers.drain import Drain
from workers.recovery import keep_mark
from workers.runtime import job, together


@job
def drain(account_id: str) -> int:
    """Send an account's texts whose time has come, at most once each.

    Safe to run any number of times and in several workers: only the run that has claimed a
    row and cleared it calls the carrier, and a call with an unclear end is never repeated.
    """
    if highwater.is_kept():
        keep_mark()
    journal.replay()
    return Drain(UUID(account_id)).run()


@job
def apply_statuses(_key: str = "all") -> int:
    """Apply the status callbacks that wait, 500 a transaction. Again finds nothing to do."""
    return together(statuses.waiting, statuses.apply_batch, "callback %s was not applied")
