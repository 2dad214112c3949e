"""Jobs of reports by mail."""

from portal.core.batches import one_by_one
from portal.core.clock import utcnow
from portal.schedules import queries, service
from workers.runtime import at_once, each, job


@job
def send_reports() -> int:
    """Write the mails of reports that are due; a sweep. Returns how many.

    Safe to run any number of times and in several processes: each report goes once a period.
    One that can't be made is in the log and tried again by the next sweep, and all others go.
    """
    now = utcnow()
    return each(
        one_by_one(lambda after: queries.due(now, after)),
        at_once(lambda schedule_id: service.send(schedule_id, now)),
        "the report by mail %s was not sent",
    )
