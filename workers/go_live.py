"""The job that looks whether the installation is ready to go live (X-1)."""

import logging
from time import monotonic
from typing import Final

from portal.core import jobs
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.jobs import Job
from portal.go_live import queries, service
from portal.go_live.service.asking import INSTALLATION, TIMEOUT_S
from portal.webhook_checks import service as webhooks
from workers.runtime import job, on_its_own

logger = logging.getLogger(__name__)
_ALL_WITHIN_S: Final = 120.0  # what is not looked at by then keeps its older answer


@job
def look_live(_what: str) -> int:
    """Look at all that lies outside and keep each answer as it comes; return how many came.

    Safe to run any number of times: a look is one worker's at a time, and ends once. No
    transaction is open while somebody is waited for.
    """
    with unit_of_work():
        claimed = service.claim()
    if claimed is None:
        return 0
    count, ends_at = 0, monotonic() + _ALL_WITHIN_S
    for name, look in list(service.looks()):
        if monotonic() > ends_at:
            logger.warning("no time was left to look at %s", name)
            continue
        answer = service.failed()
        with on_its_own("the look at %s failed", name):
            answer = look()
        with unit_of_work():
            service.keep(claimed.run, name, answer)
        count += 1
    with on_its_own("the test calls of %s failed", INSTALLATION):
        _call(claimed.actor)
    with unit_of_work():
        service.settle(claimed.run)
    return count


def _call(actor: Actor) -> None:
    try:
        webhooks.call(None, actor=actor)
    except DomainError as refusal:
        logger.info("no test call was made: %s", refusal.code)


@job
def ring_for_looks() -> int:
    """Ring for a look no worker took, the bell of last resort; a sweep."""
    if not queries.is_waiting():
        return 0
    jobs.ring(Job.LOOK_LIVE, INSTALLATION, timeout_s=TIMEOUT_S)
    return 1
