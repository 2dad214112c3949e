"""Finds what was left behind and rings for it, or gives up on it in writing."""

import time
from datetime import datetime
from itertools import takewhile

from portal.billing import queries as billing_queries
from portal.billing import service as billing
from portal.core import clock, jobs, tries
from portal.core.batches import one_by_one
from portal.core.db import unit_of_work
from portal.core.jobs import Job, Lane
from portal.doctor import service as doctor
from portal.messaging.service import claims, optouts, recovery
from portal.people import service as people
from workers.runtime import at_once, each, on_its_own, together

CHECKS_FOR_S = 20.0  # what is not reached comes first in the next round


def ring_for_waiting_texts() -> int:
    """Ring for accounts with texts that are due: the doorbell of last resort (every 5 s)."""
    due = claims.due_accounts()
    for account_id, is_urgent in due:
        lane = Lane.URGENT if is_urgent else Lane.TEXTS
        jobs.ring(Job.DRAIN, account_id, lane=lane)
    return len(due)


def reap_submissions() -> int:
    """Call submissions unknown whose answer is overdue (every 10 s)."""
    with unit_of_work():
        return recovery.reap()


def release_mended() -> int:
    """Queue what waited for an account or a campaign that goes on again."""
    mended = each(
        recovery.accounts_held(),
        at_once(recovery.release_mended),
        "what waited for account %s was not queued",
    )
    with unit_of_work():
        return mended + recovery.release_resumed()


def block_overlooked() -> int:
    """Block what was being confirmed as its person opted out (every minute)."""
    return each(
        optouts.overlooked(),
        at_once(optouts.end_overlooked),
        "what waits for %s was not blocked",
    )


def refund_failed() -> int:
    """Give back what failed texts cost once nothing can change it any more."""
    return together(recovery.to_refund, recovery.refund_failed, "text %s was not refunded")


def settle_credits() -> int:
    """Renew or end subscriptions whose 1st has come, and write off old credits (B-3, B-4, B-7).

    Each account by itself: what is wrong with one is in the log and tried again by the next
    sweep, and the month of all others begins.
    """
    now = clock.utcnow()
    _follow_zones(now)
    return each(
        one_by_one(lambda after: billing_queries.accounts_due(now, after=after)),
        at_once(lambda account_id: billing.settled(account_id, now) is not None),
        "what is due in account %s was not done",
    )


def _follow_zones(now: datetime) -> None:
    """Put the 1st of accounts right whose organization moved to another time zone (B-3)."""
    for organization_id, at in billing_queries.next_charges():
        with on_its_own("the 1st of organization %s was not looked at", organization_id):
            each(
                billing_queries.accounts_misplaced(organization_id, at),
                at_once(lambda account_id: billing.placed(account_id, now) is not None),
                "the 1st of account %s was not put right",
            )


def forget_sessions() -> int:
    """Remove sessions that are over."""
    with unit_of_work():
        return people.purge_sessions()


def forget_tries() -> int:
    """Remove tries of guessers that count no more."""
    with unit_of_work():
        return tries.forget_old()


def check_promises() -> int:
    """Look at the accounts whose last check-up is an hour ago (PROMISES 2.8).

    The longest unvisited first, for 20 seconds at most; returns how many findings are new.
    """
    until = time.monotonic() + CHECKS_FOR_S
    due = takewhile(lambda _: time.monotonic() <= until, doctor.due(clock.utcnow()))
    return each(due, doctor.visit, "the check-up of %s failed")
