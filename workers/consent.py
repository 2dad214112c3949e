"""Jobs of consent."""

from uuid import UUID

from portal.consent.service.importing_consents import ConsentHandler
from portal.contacts import queries as contacts
from portal.contacts.service import importing
from portal.contacts.values import ImportKind
from portal.core import jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Job, Lane
from workers.runtime import job


@job
def import_consents(import_id: str) -> None:
    """Do the dry run or the import that waits, from where the last run stopped (C-2).

    Safe to run any number of times, also at once: each batch moves the row count it started
    from, or is dropped.
    """
    run = importing.start_run(UUID(import_id), ConsentHandler())
    while run.more():
        with unit_of_work():
            run.step()


@job
def resume_consent_imports() -> None:
    """Ask again for imports nobody has moved for two minutes; a sweep."""
    for import_id in contacts.stalled_imports(ImportKind.CONSENTS):
        jobs.ring(
            Job.IMPORT_CONSENTS, import_id, lane=Lane.REPORTS, timeout_s=importing.JOB_TIMEOUT_S
        )
