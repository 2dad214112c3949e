"""Names of background jobs, and the only way to ask for one.

The portal knows jobs by name alone; `workers` imports the portal, never the
reverse. A job is a doorbell: the database row says what is to be done.
"""

import logging
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from redis import Redis, RedisError
from rq import Queue
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job as QueuedJob
from rq.job import JobStatus

from portal.core import clock
from portal.core.db import after_commit

logger = logging.getLogger(__name__)

FAILURE_TTL_S = 3600  # a failed job can be looked at for so long
_DEAD_AFTER: Final = timedelta(seconds=20)  # without a sign of life; workers give one every 5 s


class Job(StrEnum):
    """Every job, as the dotted path RQ imports."""

    DRAIN = "workers.sending.drain"
    APPLY_STATUSES = "workers.sending.apply_statuses"
    RECONCILE = "workers.messaging.reconcile"
    IMPORT_CONTACTS = "workers.contacts.import_contacts"
    IMPORT_CONSENTS = "workers.consent.import_consents"
    ASK_DOUBLE_OPT_IN = "workers.optin.ask_double_opt_in"
    PICTURE_FORM = "workers.optin.picture_form"
    IMPORT_OPT_OUTS = "workers.messaging.import_opt_outs"
    MAKE_FILE = "workers.exports.make_file"
    IMPORT_CALL_LIST = "workers.dnc.import_list"
    TELL_CARRIER = "workers.carrier_consents.tell_carrier"
    RECONCILE_CONSENTS = "workers.carrier_consents.reconcile_consents"
    CHECK_PAGE = "workers.site_checks.check_page"
    TAKE_IN = "workers.drips.take_in"
    MAKE_BUNDLE = "workers.proofs.make_bundle"
    MAKE_DOSSIER = "workers.dossiers.make_dossier"
    SEND_APPEAL = "workers.appeals.send_appeal"
    SEND_MAILS = "workers.mail.send_mails"
    SEND_PUSHES = "workers.notifications.send_pushes"
    ADVANCE_REGISTRATION = "workers.registrations.advance_registration"
    ADVANCE_PORT_IN = "workers.porting.advance_port_in"
    ADVANCE_TRANSFER = "workers.transfers.advance_transfer"
    SETTLE_PAYMENT = "workers.billing.settle_payment"
    APPLY_PAYMENT_EVENT = "workers.billing.apply_payment_event"
    DATE_OPENINGS = "workers.openings.date_openings"
    FETCH_MEDIA = "workers.media.fetch_media"
    DELIVER_WEBHOOKS = "workers.integrations.deliver_webhooks"
    LOOK_LIVE = "workers.go_live.look_live"


class Lane(StrEnum):
    """Queues by urgency; workers listen in this order."""

    URGENT = "urgent"  # one-to-one texts
    TEXTS = "texts"
    DEFAULT = "default"
    REPORTS = "reports"  # imports and exports


_connection: Redis | None = None


def connect(connection: Redis) -> None:
    """Say which Redis to use; the factory does this once, tests for each test."""
    global _connection  # noqa: PLW0603 (set once for the process)
    _connection = connection


def connection() -> Redis:
    """Return the Redis in use."""
    if _connection is None:
        raise RuntimeError("connect() first")
    return _connection


def queue(lane: Lane = Lane.DEFAULT) -> Queue:
    """Return the queue of a lane; its serializer is JSON (PROMISES 1, point 10)."""
    return Queue(lane.value, connection=connection(), serializer="json")


def request(job: Job, key: UUID | str, *, lane: Lane = Lane.DEFAULT, timeout_s: int = 180) -> None:
    """Ask for job(key) after the commit; asking twice is harmless."""
    after_commit(lambda: ring(job, key, lane=lane, timeout_s=timeout_s))


def ring(job: Job, key: UUID | str, *, lane: Lane = Lane.DEFAULT, timeout_s: int = 180) -> bool:
    """Ask for job(key) at once and say whether the bell was rung.

    One that waits already is enough. One that runs may have looked before this bell rang, so
    a second waits behind it; one that failed, or whose worker died, is in nobody's way. A dead
    queue is no error: the row waits and the sweep asks again
    (PROMISES 2.7).
    """
    name = f"{job.name.lower()}-{lane.value}-{key}"
    try:
        return any(
            _enqueue(job, key, name=each, lane=lane, timeout_s=timeout_s)
            for each in (name, f"{name}-again")
        )
    except RedisError:
        logger.warning("could not enqueue %s %s; the sweep will", job.name, key)
        return False


def _enqueue(job: Job, key: UUID | str, *, name: str, lane: Lane, timeout_s: int) -> bool:
    """Say whether a job of this name waits now."""

    def enqueue() -> None:
        queue(lane).enqueue(
            job.value,
            str(key),
            job_id=name,
            unique=True,
            job_timeout=timeout_s,
            result_ttl=0,  # a finished job frees its name at once
            failure_ttl=FAILURE_TTL_S,
        )

    try:
        enqueue()
    except DuplicateJobError:
        if not _is_freed(name):
            return name in queue(lane).job_ids
        try:
            enqueue()
        except DuplicateJobError:  # somebody else rang in between
            return name in queue(lane).job_ids
    return True


def _is_freed(name: str) -> bool:
    """Forget a job of this name that failed or whose worker died, and say whether there was one."""
    try:
        found = QueuedJob.fetch(name, connection=connection(), serializer="json")
        status = found.get_status()
        if status is JobStatus.FAILED or (
            status is JobStatus.STARTED and _is_silent(found.last_heartbeat)
        ):
            logger.warning("job %s was left behind (%s)", name, status)
            found.delete()
            return True
    except (NoSuchJobError, InvalidJobOperation):  # it has just ended, before a look or between two
        return True
    return False


def _is_silent(heard_at: datetime | None) -> bool:
    """Say whether a started job has given no sign of life for long. Redis keeps real time."""
    return heard_at is not None and clock.utcnow() - clock.offset() - heard_at > _DEAD_AFTER


def waiting(lane: Lane) -> int:
    """Return how many jobs wait in a lane; 0 when the queue cannot be read."""
    try:
        return int(queue(lane).count)
    except RedisError:
        return 0
