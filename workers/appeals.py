"""Jobs of appeals: what goes to the carrier, and reminders of what is due."""

from functools import partial
from uuid import UUID

from portal.appeals import queries
from portal.appeals.service import answering, deadlines, lifted, sending
from portal.appeals.values import SendingState, Urgency
from portal.core import jobs
from portal.core.batches import one_by_one
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.jobs import Job, Lane
from workers.runtime import at_once, each, job


@job
def send_appeal(sending_id: str) -> bool:
    """Make what goes to the carrier and send it; say whether this run did (A-5).

    Safe to run any number of times, also at once: a lease keeps a second worker off, and files,
    mail and mark are one unit of work. No transaction is open while the files are made. Where they
    can't be read or made, people are told and it waits for them.
    """
    with unit_of_work():
        claimed = sending.claim(UUID(sending_id))
    if claimed is None:
        return False
    case = queries.case_or_404(claimed.tenant, claimed.case_id)
    try:
        parcel = answering.pack(case, claimed) if claimed.is_answer else sending.frozen(case)
    except DomainError as error:  # a file is gone, or is not what was kept: no try mends that
        with unit_of_work():
            sending.give_up(claimed, lost=error)
        return False
    with unit_of_work():
        return sending.finish(claimed, parcel)


@job
def ring_for_appeals() -> None:
    """Ask again for what waits to be sent and nobody is at; a sweep."""
    before = utcnow() - sending.LEASE
    stalled = one_by_one(lambda after: queries.sendings_in(SendingState.WAITING, before, after))
    for sending_id in stalled:
        jobs.ring(Job.SEND_APPEAL, sending_id, lane=Lane.REPORTS, timeout_s=sending.JOB_TIMEOUT_S)


@job
def note_mails() -> int:
    """Write down what became of mails to the carrier; a sweep. Return how many are settled."""
    now = utcnow()
    mailed = one_by_one(
        lambda after: queries.sendings_in(SendingState.MAILED, now, after, is_unsent=True)
    )
    return each(mailed, at_once(sending.note_mail), "the mail of %s was not looked at")


@job
def close_lifted() -> int:
    """End cases whose suspension was lifted elsewhere; a sweep. Return how many (A-5)."""
    standing = one_by_one(queries.open_anywhere)
    return each(standing, at_once(lifted.close), "case %s was not closed")


@job
def remind_of_appeals() -> int:
    """Tell of what is due soon, and of what is late; a sweep. Return how many were told of."""
    told = 0
    for urgency in (Urgency.LATE, Urgency.SOON):
        told += each(
            one_by_one(deadlines.untold(urgency)),
            at_once(partial(deadlines.remind, urgency=urgency)),
            "case %s was not reminded of",
        )
    return told
