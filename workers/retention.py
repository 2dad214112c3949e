"""Forgetting in time, and again after a restore (C-10, C-11)."""

from portal.core.db import unit_of_work
from portal.people import queries as people
from portal.retention.service import erasing, sweeping
from workers.runtime import job


@job
def sweep_retention() -> int:
    """Take away what is kept longer than its term, a batch a transaction; returns how much."""
    total = 0
    for organization in people.organizations():
        with unit_of_work():
            sweep_id = sweeping.begin(organization.id)
        while True:
            with unit_of_work():
                if not sweeping.step(sweep_id):
                    break
        with unit_of_work():
            total += sweeping.finish(sweep_id)
    return total


@job
def repeat_erasures() -> int:
    """Erase again what a restore brought back, and texts that had not ended (every hour)."""
    with unit_of_work():
        done = erasing.replay()
    with unit_of_work():
        return done + erasing.finish_late()
