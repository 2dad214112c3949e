"""Jobs of dossiers: everything about an account, for counsel."""

import errno
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from portal.appeals import queries as appeals
from portal.appeals.service import files as appeal_files
from portal.calls import queries as calls
from portal.consent.service import evidence as consent_files
from portal.consent.values import Evidence
from portal.core import jobs
from portal.core.batches import one_by_one
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.jobs import Job, Lane
from portal.core.tenancy import Tenant
from portal.dossiers import queries
from portal.dossiers.service import asking, making
from portal.dossiers.service.making import GivenUp, Run
from portal.media import queries as media
from portal.media import service as media_files
from portal.porting import queries as porting
from portal.retention import queries as retention
from portal.site_checks import service as pages
from portal.site_checks.values import Snapshot
from portal.tasks import queries as tasks
from portal.transfers import queries as transfers
from workers.runtime import each, job

Row = Mapping[str, Any]
# Tables are read by name, so whose they are must be imported; a worker imports no more than it needs.
READ_BY_NAME: Final = (calls, porting, tasks, transfers)
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def _consent(_: Tenant, row: Row) -> bytes:
    return _kept(row["evidence_name"], row["evidence_sha256"], row["evidence_media_type"])


def _picture(_: Tenant, row: Row) -> bytes:
    return _kept(row["name"], row["sha256"], row["media_type"])


def _kept(name: str | None, sha256: str, media_type: str | None) -> bytes:
    if name is None:
        raise DomainError("It was erased, or kept no longer than its term (C-10).")
    return consent_files.content_of(Evidence(name, sha256, name, media_type or ""))


def _page(_: Tenant, row: Row) -> bytes:
    if not row["snapshot_name"]:
        raise DomainError("The page was not kept.")
    snapshot = Snapshot(row["snapshot_name"], row["snapshot_sha256"], row["snapshot_size"] or 0)
    return pages.path_of(snapshot).read_bytes()


def _appeal(tenant: Tenant, row: Row) -> bytes:
    case = appeals.case_or_404(tenant, row["case_id"])
    return appeal_files.content_of(appeals.file_or_404(case, row["id"]))


def _media(tenant: Tenant, row: Row) -> bytes:
    return media_files.content_of(media.file_or_404(tenant, row["id"]))


OPENERS: Final = {
    "consent": _consent, "picture": _picture, "page": _page, "appeal": _appeal, "media": _media,
}  # fmt: skip


@job
def make_dossier(dossier_id: str) -> None:
    """Make a dossier, from where the last run stopped (issue 9).

    Safe to run any number of times, also at once: one run has it, and what it made stays when it
    dies.
    """
    dossier = queries.dossier_by_id(UUID(dossier_id))
    if dossier is None or not dossier.is_moving:
        return
    terms = {
        kind.value: days
        for kind, days in retention.policy(dossier.organization_id, utcnow().date()).days.items()
    }
    with unit_of_work():
        run = making.take(dossier.id, OPENERS, terms)
    if run is None:
        return
    try:
        run.write(_between)
        with unit_of_work():
            run.finish()
    except GivenUp:
        run.give_up()
    except DomainError as error:
        _fail(run, error.message)
    except OSError as error:
        _fail(run, _words(error))


@job
def resume_dossiers() -> None:
    """Ask again for dossiers that wait and that no run has; a sweep."""
    for dossier_id in one_by_one(queries.stalled):
        jobs.ring(Job.MAKE_DOSSIER, dossier_id, lane=Lane.REPORTS, timeout_s=asking.JOB_TIMEOUT_S)


@job
def forget_dossiers() -> int:
    """Delete the files of dossiers whose days are over; a sweep. Returns how many.

    While anything is held in the organization they stay: a hold keeps what a dispute is about.
    What whoever ended one died before deleting goes, too.
    """
    with unit_of_work():
        asking.clear_strays()
    return each(one_by_one(queries.overdue), _forget, "the file of dossier %s was not deleted")


def _forget(dossier_id: UUID) -> int:
    dossier = queries.dossier_by_id(dossier_id)
    if dossier is None or retention.held(dossier.organization_id).is_any:
        return 0
    with unit_of_work():
        return asking.let_go(dossier_id)


def _between(work: Callable[[], object]) -> None:
    with unit_of_work():
        work()


def _fail(run: Run, why: str) -> None:
    try:
        with unit_of_work():
            run.fail(why)
    except GivenUp:  # somebody was erased meanwhile, and what lay on the disk went with it
        run.give_up()


def _words(error: OSError) -> str:
    if error.errno in _NO_ROOM:
        return "The disk is full. An administrator makes room, or chooses fewer days."
    return f"A file could not be written ({error.strerror or type(error).__name__})."
