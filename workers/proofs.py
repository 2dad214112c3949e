"""Jobs of proofs."""

from contextlib import closing
from datetime import timedelta
from uuid import UUID

from portal.core import jobs
from portal.core.batches import one_by_one
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.jobs import Job, Lane
from portal.proofs import queries
from portal.proofs.service import bundling
from portal.proofs.values import BUNDLE_DAYS
from workers.runtime import each, job


@job
def make_bundle(bundle_id: str) -> None:
    """Make a bundle of proofs, from where the last run stopped (C-6).

    Safe to run any number of times, also at once: a batch that is there is not made again, and
    the bundle is put in its place whole.
    """
    run = bundling.start_run(UUID(bundle_id))
    if run is None:
        return
    with closing(run):
        for batch in run.batches():
            if run.is_over():
                return
            with unit_of_work():
                run.certify(batch)
            run.make(batch)
            with unit_of_work():
                run.note(batch)
        if run.is_over():
            return
        run.join()
        with unit_of_work():
            run.finish()


@job
def resume_bundles() -> None:
    """Ask again for bundles nobody has moved for two minutes; a sweep."""
    for bundle_id in one_by_one(queries.stalled_bundles):
        jobs.ring(Job.MAKE_BUNDLE, bundle_id, lane=Lane.REPORTS, timeout_s=bundling.JOB_TIMEOUT_S)


@job
def forget_bundles() -> int:
    """Delete the files of bundles whose time is over; a sweep. Returns how many."""
    before = utcnow() - timedelta(days=BUNDLE_DAYS)
    overdue = one_by_one(lambda after: queries.overdue_bundles(before, after))
    return each(overdue, _forget, "the file of bundle %s was not deleted")


def _forget(bundle_id: UUID) -> bool:
    bundle = queries.bundle_by_id(bundle_id)
    with unit_of_work():
        gone = bundling.let_go(bundle_id)
    if gone and bundle is not None:
        bundling.delete_file(bundle)
    return gone and bundle is not None
