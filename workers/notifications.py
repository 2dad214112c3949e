"""Jobs of notices: their mail, at once or in a digest, and their pushes."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from portal.core import jobs
from portal.core.batches import one_by_one
from portal.core.db import unit_of_work
from portal.core.jobs import Job
from portal.gateways import webhooks
from portal.gateways.webhooks import NoAnswer, WebhookGateway
from portal.notifications import queries
from portal.notifications import service as notifications
from portal.notifications.service import pushing
from portal.notifications.values import Parcel
from workers.runtime import at_once, each, job, together

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 8


@job
def mail_notices() -> int:
    """Write the mails of notices nobody looked at yet; a sweep. Return how many were settled."""
    return together(queries.mails_due, notifications.mail_due, "notice %s was not mailed")


@job
def send_digests() -> int:
    """Write the digests whose hour has come; a sweep. Return how many were written."""
    return each(
        one_by_one(queries.digests_due),
        at_once(notifications.send_digest),
        "the digest of user %s was not written",
    )


@job
def send_pushes(_queue: str) -> int:
    """Hand pushes that are due to their push services, one batch; return how many were tried.

    Safe to run any number of times and in several workers: each push is leased to one. A worker
    that dies leaves a lease that runs out. No transaction is open while a service is waited for.
    """
    with unit_of_work():
        parcels = pushing.claim()
    if not parcels:
        return 0
    gateway = webhooks.current()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="push") as posting:
        said = list(posting.map(lambda parcel: _post(gateway, parcel), parcels))
    with unit_of_work():
        pushing.record(list(zip(parcels, said, strict=True)))
    jobs.ring(Job.SEND_PUSHES, pushing.ALL)  # there may be more
    return len(parcels)


@job
def ring_for_pushes() -> int:
    """Ring when a push is due: the doorbell of last resort; a sweep."""
    if not queries.is_push_due():
        return 0
    jobs.ring(Job.SEND_PUSHES, pushing.ALL)
    return 1


@job
def keep_push_key() -> int:
    """Make the installation's key for pushes where there is none; a sweep."""
    with unit_of_work():
        return int(notifications.keep_key())


def _post(gateway: WebhookGateway, parcel: Parcel) -> int | None:
    try:
        return gateway.post(parcel.endpoint, parcel.headers, parcel.body)
    except NoAnswer as error:
        logger.info("a push service did not answer: %s", error)
        return None
