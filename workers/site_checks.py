"""Jobs of the page checker."""

from uuid import UUID

from portal.core import jobs
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.jobs import Job
from portal.gateways import pages
from portal.gateways.pages import PageNotRead
from portal.site_checks import queries, rules, service
from portal.site_checks.values import Seen
from workers.runtime import at_once, each, job


@job
def check_page(check_id: str) -> None:
    """Read a page and judge it (C-9).

    Safe to run any number of times: a check is one worker's at a time, and ends once. No
    transaction is open while the site is waited for.
    """
    with unit_of_work():
        claimed = service.claim(UUID(check_id))
    if claimed is None:
        return
    try:
        read = pages.current().read(claimed.url)
    except PageNotRead as error:
        with unit_of_work():
            service.finish(claimed, None, str(error))
        return
    findings = rules.judge(rules.text_of(read.body, read.charset))
    with unit_of_work():
        service.finish(claimed, Seen(read.url, read.hops, read.body, findings))


@job
def ring_for_page_checks() -> int:
    """Ring for checks no worker is at, the bell of last resort; a sweep."""
    waiting = queries.left_behind(utcnow())
    for check_id in waiting:
        jobs.ring(Job.CHECK_PAGE, check_id)
    return len(waiting)


@job
def recheck_pages() -> int:
    """Ask for the weekly check of pages whose week is over; a sweep."""
    due = queries.due_pages(utcnow())
    return each(due, at_once(service.queue_due), "the weekly check of page %s was not asked for")
