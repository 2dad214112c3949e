"""Jobs of tasks: telling that they are due."""

from portal.tasks import queries, service
from workers.runtime import job, together


@job
def tell_due_tasks() -> int:
    """Tell of the tasks whose time has come; a sweep. Return how many were told of."""
    return together(queries.untold, service.tell_due, "task %s was not told of")
