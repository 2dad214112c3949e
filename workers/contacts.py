"""Jobs of the address book."""

from uuid import UUID

from portal.contacts import queries
from portal.contacts.service import importing
from portal.contacts.service.contact_import import ContactHandler
from portal.contacts.values import ImportKind
from portal.core import jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Job, Lane
from workers.runtime import job


@job
def import_contacts(import_id: str) -> None:
    """Do the dry run or the import that waits, from where the last run stopped (K-1).

    Safe to run any number of times, also at once: each batch moves the row count it started
    from, or is dropped.
    """
    run = importing.start_run(UUID(import_id), ContactHandler())
    while run.more():
        with unit_of_work():
            run.step()


@job
def resume_imports() -> None:
    """Ask again for imports nobody has moved for two minutes; a sweep."""
    for import_id in queries.stalled_imports(ImportKind.CONTACTS):
        jobs.ring(
            Job.IMPORT_CONTACTS, import_id, lane=Lane.REPORTS, timeout_s=importing.JOB_TIMEOUT_S
        )
