"""Jobs of integrations: post what waits for an endpoint, forget what is old."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from uuid import UUID

from portal.core import jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Job, Lane
from portal.gateways import webhooks
from portal.gateways.webhooks import NoAnswer, WebhookGateway
from portal.integrations import queries
from portal.integrations.service import answers, deliveries
from portal.integrations.values import Parcel, Posted
from workers.runtime import job

RUNS_FOR_S: Final = 10.0  # then texts and statuses have their turn


@job
def deliver_webhooks(endpoint_id: str) -> int:
    """Post what waits for an endpoint; return how many were tried.

    Safe to run any number of times and in several workers: each delivery is leased to one. No
    transaction is open while the other side is waited for.
    """
    tried, ends_at = 0, time.monotonic() + RUNS_FOR_S
    gateway = webhooks.current()
    with ThreadPoolExecutor(deliveries.AT_ONCE, thread_name_prefix="webhook") as posting:
        while time.monotonic() < ends_at:
            with unit_of_work():
                parcels = deliveries.claim(UUID(endpoint_id))
            if not parcels:
                return tried
            posted = list(posting.map(lambda parcel: post(gateway, parcel), parcels))
            is_answered = any(one.status for one in posted)
            with unit_of_work():
                deliveries.record(list(zip(parcels, posted, strict=True)))
                if not is_answered:
                    deliveries.rest(UUID(endpoint_id))
            tried += len(parcels)
            if not is_answered:
                return tried  # the sweep rings again once something is due
            if jobs.waiting(Lane.URGENT):
                break  # somebody's own text comes first (G18)
    jobs.ring(Job.DELIVER_WEBHOOKS, endpoint_id)
    return tried


def post(gateway: WebhookGateway, parcel: Parcel) -> Posted:
    """Post one delivery and say what it came to."""
    try:
        return Posted(gateway.post(parcel.url, parcel.headers, parcel.body))
    except NoAnswer as error:
        return Posted(error=str(error))


@job
def ring_for_webhooks() -> int:
    """Ring for endpoints with a delivery that is due: the doorbell of last resort; a sweep."""
    due = queries.endpoints_due()
    for endpoint_id in due:
        jobs.ring(Job.DELIVER_WEBHOOKS, endpoint_id)
    return len(due)


@job
def forget_old() -> int:
    """Forget answers of a week, deliveries of 30 days, and secrets that sign no more; a sweep."""
    with unit_of_work():
        return answers.forget_old() + deliveries.forget_old() + deliveries.forget_old_secrets()
