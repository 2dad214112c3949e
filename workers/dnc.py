"""Jobs of do-not-call lists."""

from uuid import UUID

from portal.core import clock, jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Job, Lane
from portal.dnc import queries
from portal.dnc import service as dnc
from portal.dnc.service import loading
from portal.people import queries as people
from workers.runtime import job, on_its_own


@job
def import_list(import_id: str) -> None:
    """Read a list or load it, whatever waits, from where the last run stopped (S-2).

    Safe to run any number of times, also at once: each piece moves the count it started from, or
    is dropped.
    """
    run = loading.start_run(UUID(import_id))
    while run.more():
        with unit_of_work():
            run.step()


@job
def resume_lists() -> None:
    """Ask again for lists nobody has moved for two minutes; a sweep."""
    for import_id in queries.stalled_imports():
        jobs.ring(Job.IMPORT_CALL_LIST, import_id, lane=Lane.REPORTS, timeout_s=dnc.JOB_TIMEOUT_S)


@job
def delete_replaced_numbers() -> int:
    """Delete numbers that no list names any more, bit by bit; a sweep."""
    gone = 0
    while True:
        with unit_of_work():
            some = dnc.delete_some()
        if not some:
            return gone
        gone += some


@job
def watch_lists() -> int:
    """Tell officers of lists that run out, and let go of files nobody loaded or needs; a sweep."""
    told = 0
    with unit_of_work():
        dnc.forget_unconfirmed(clock.utcnow())
    for organization in people.organizations():
        with (
            on_its_own("do-not-call lists of organization %s", organization.id),
            unit_of_work(),
        ):
            told += dnc.tell_of_old_lists(organization.id, clock.utcnow())
    dnc.forget_strays(clock.utcnow())
    return told
