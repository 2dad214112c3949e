"""Jobs of files that came with texts, and of files nothing rests on any more."""

import io
from uuid import UUID

from portal.core import clock, jobs
from portal.core.db import unit_of_work
from portal.core.errors import GatewayBusy, GatewayRejected
from portal.core.jobs import Job
from portal.gateways import carrier_media
from portal.media import service as media
from portal.media.errors import FileRefused
from portal.messaging.service import inbound_media
from portal.messaging.service.inbound_media import Coming
from portal.messaging.values import Fetching
from portal.numbers import queries as numbers
from workers.runtime import each, job


@job
def fetch_media(account_id: str) -> int:
    """Fetch the files that people sent to an account, check them and show them (S-7).

    Safe to run any number of times: a file is one worker's at a time, and ends once. No
    transaction is open while the carrier is waited for, or a file is read.
    """
    with unit_of_work():
        due = inbound_media.claim(UUID(account_id))
    return each(due, _fetch, "the file %s was not fetched")


def _fetch(coming: Coming) -> int:
    credentials = numbers.credentials(coming.organization_id)
    if credentials is None:
        return _give_up(coming, Fetching.LOST, inbound_media.NEVER)
    try:
        content = carrier_media.current().fetch(credentials, coming.message_sid, coming.media_sid)
        checked = media.check(io.BytesIO(content), "received")
    except GatewayBusy:
        if coming.tries < inbound_media.MOST_TRIES:
            return 0  # its next try is set
        return _give_up(coming, Fetching.LOST, inbound_media.NEVER)
    except GatewayRejected:
        return _give_up(coming, Fetching.LOST, inbound_media.NO_LONGER)
    except FileRefused as error:
        return _give_up(coming, Fetching.REFUSED, f"not shown. {error.message}")
    with unit_of_work():
        inbound_media.keep(coming, checked)
    return 1


def _give_up(coming: Coming, state: Fetching, problem: str) -> int:
    with unit_of_work():
        inbound_media.give_up(coming, state, problem)
    return 1


@job
def ring_for_media() -> int:
    """Ring for files whose try is due, the bell of last resort; a sweep."""
    waiting = inbound_media.due_accounts(clock.utcnow())
    return sum(jobs.ring(Job.FETCH_MEDIA, account_id) for account_id in waiting)


@job
def sweep_media() -> int:
    """Remove files on disk that no row tells of; a sweep."""
    return media.sweep_strays()
