"""Jobs that make files (M-3)."""

from typing import Final
from uuid import UUID

from portal.billing.queries.files import STATEMENT
from portal.core import jobs
from portal.core.batches import one_by_one
from portal.core.db import unit_of_work
from portal.core.jobs import Job, Lane
from portal.exports import queries
from portal.exports import service as exports
from portal.exports.values import Subject
from portal.messaging.queries.exports import TEXTS
from workers.runtime import at_once, each, job

SOURCES: Final = {Subject.TEXTS: TEXTS, Subject.STATEMENT: STATEMENT}


@job
def make_file(export_id: str) -> None:
    """Make a file. Safe to run any number of times, also at once."""
    run = exports.start_run(UUID(export_id), SOURCES)
    if run is None:
        return

    def between() -> None:
        with unit_of_work():
            run.note()

    if run.write(between):
        with unit_of_work():
            run.finish()


@job
def resume_exports() -> None:
    """Ask again for files nobody has moved for two minutes; a sweep."""
    for export_id in one_by_one(queries.stalled_exports):
        jobs.ring(Job.MAKE_FILE, export_id, lane=Lane.REPORTS, timeout_s=exports.JOB_TIMEOUT_S)


@job
def forget_exports() -> int:
    """Delete files whose week is over; a sweep. Returns how many."""
    overdue = one_by_one(queries.overdue_exports)
    return each(overdue, at_once(exports.let_go), "the file %s was not deleted")
