"""Jobs of opt-in forms: pictures of published pages, texts that ask for a double opt-in or tell of a sign-up."""

from uuid import UUID

from portal.core import jobs
from portal.core.batches import one_by_one
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.jobs import Job, Lane
from portal.messaging.service import joining
from portal.optin import queries
from portal.optin import service as optin
from portal.optin.service import picturing
from workers.runtime import job


@job
def picture_form(version_id: str) -> int:
    """Take the pictures a published version lacks; return how many were taken (C-4).

    Safe to run any number of times. Without Chromium nothing is taken: the page of the form
    shows the gap, and an officer may upload a picture.
    """
    version = queries.version(UUID(version_id))
    if version is None:
        return 0
    taken = picturing.take(version)
    with unit_of_work():
        return picturing.keep(version, taken)


@job
def ring_for_pictures() -> int:
    """Ask again for pictures that are missing; a sweep."""
    if not picturing.is_possible():
        return 0
    waiting = one_by_one(queries.unpictured)
    return sum(jobs.ring(Job.PICTURE_FORM, version_id) for version_id in waiting)


@job
def ring_for_unasked() -> int:
    """Ask again for texts after signing up that no job has queued; a sweep."""
    now = utcnow()
    waiting = one_by_one(lambda after: queries.unasked(now, after))
    return sum(jobs.ring(Job.ASK_DOUBLE_OPT_IN, id_, lane=Lane.URGENT) for id_ in waiting)


@job
def expire_confirmations() -> int:
    """Close double opt-ins that nobody answered in time; a sweep."""
    with unit_of_work():
        return optin.expire_unanswered()


@job
def ask_double_opt_in(confirmation_id: str) -> bool:
    """Queue the text that asks a person for a YES, or tells them; say whether it was queued now.

    Safe to run any number of times: the text is queued with the mark that it was.
    """
    with unit_of_work():
        return joining.ask(UUID(confirmation_id))
