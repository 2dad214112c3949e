"""Jobs of mail: hand over what waits, forget what is old."""

from portal.core import jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Job
from portal.gateways import email
from portal.mail import queries
from portal.mail import service as mail
from portal.mail.values import ALL
from workers.runtime import job, on_its_own


@job
def send_mails(_queue: str) -> int:
    """Hand over mails that are due, one batch; return how many were tried.

    Safe to run any number of times and in several workers: each mail is leased to one. A worker
    that dies leaves a lease that runs out, and the mail goes again under the same Message-ID. No
    transaction is open while the mail server is waited for.
    """
    gateway = email.current()
    if gateway is None:
        return 0  # the mail server was taken out of the settings: what waits, waits
    with unit_of_work():
        claimed = mail.claim()
    if not claimed:
        return 0
    letters = {}
    for id_, tries in claimed:
        with on_its_own("mail %s can't be read", id_):
            letters[id_, tries] = mail.letter(id_)
    tried = gateway.deliver(list(letters.values()))
    with unit_of_work():
        mail.record([(id_, tries, what) for (id_, tries), what in zip(letters, tried, strict=True)])
    jobs.ring(Job.SEND_MAILS, ALL)  # there may be more
    return len(claimed)


@job
def ring_for_mails() -> int:
    """Ring when a mail is due: the doorbell of last resort; a sweep."""
    if email.current() is None or not queries.is_due():
        return 0
    jobs.ring(Job.SEND_MAILS, ALL)
    return 1


@job
def forget_mails() -> int:
    """Forget mails older than 30 days; a sweep."""
    with unit_of_work():
        return mail.forget_old()
