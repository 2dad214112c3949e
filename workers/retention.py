"""Forgetting in time, and again after a restore (C-10, C-11)."""

from uuid import UUID

from portal.core.db import unit_of_work
from portal.people import queries as people
from portal.retention.service import erasing, sweeping
from workers.runtime import each, job


@job
def sweep_retention() -> int:
    """Take away what is kept longer than its term, a batch a transaction; returns how much."""
    organizations = [organization.id for organization in people.organizations()]
    return each(organizations, _sweep, "what organization %s kept too long was not taken away")


def _sweep(organization_id: UUID) -> int:
    with unit_of_work():
        sweep_id = sweeping.begin(organization_id)
    while True:
        with unit_of_work():
            if not sweeping.step(sweep_id):
                break
    with unit_of_work():
        return sweeping.finish(sweep_id)


@job
def repeat_erasures() -> int:
    """Erase again what a restore brought back, and texts that had not ended (every hour)."""
    with unit_of_work():
        done = erasing.replay()
    with unit_of_work():
        return done + erasing.finish_late()
