"""Jobs of messaging beside sending itself: lists, notices, health, texts in doubt."""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Final
from uuid import UUID

from portal.consent import queries as consents
from portal.contacts import queries as contacts
from portal.contacts.service import importing
from portal.contacts.values import ImportKind
from portal.core import clock, jobs
from portal.core.batches import in_batches, one_by_one
from portal.core.db import unit_of_work
from portal.core.errors import GatewayError
from portal.core.jobs import Job, Lane
from portal.core.secrets_box import SecretUnreadable
from portal.gateways import sms
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.sms import Listed
from portal.messaging.queries import assigned
from portal.messaging.service import (
    approvals,
    assigning,
    breaches,
    holds,
    ramping,
    recovery,
    similar,
    team_notices,
    trouble,
)
from portal.messaging.service.optout_import import OptOutHandler
from portal.messaging.service.recovery import Doubt
from portal.messaging.service.similar import Due
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from workers.recovery import credentials_of, hear_all
from workers.runtime import at_once, each, halving, job, on_its_own, together

logger = logging.getLogger(__name__)

LOOKS_FOR_S: Final = 60.0  # less than the lease of a sweep's lock


@job
def import_opt_outs(import_id: str) -> None:
    """Do the dry run or the import of a list of opt-outs that waits (Q-7); safe to run twice."""
    run = importing.start_run(UUID(import_id), OptOutHandler())
    while run.more():
        with unit_of_work():
            run.step()


@job
def resume_opt_out_imports() -> None:
    """Ask again for lists nobody has moved for two minutes; a sweep."""
    for import_id in contacts.stalled_imports(ImportKind.OPT_OUTS):
        jobs.ring(
            Job.IMPORT_OPT_OUTS, import_id, lane=Lane.REPORTS, timeout_s=importing.JOB_TIMEOUT_S
        )


def settle_holds() -> int:
    """Settle holds that ten business days or the person's own opt-in have overtaken (Q-4)."""
    now, count = clock.utcnow(), 0
    for read in (consents.overtaken_holds, lambda after: consents.overdue_holds(now, after)):
        for hold in one_by_one(read):
            with on_its_own("hold %s was not settled", hold.id), unit_of_work():
                count += holds.settle(hold)
    return count


def send_team_notices() -> int:
    """Queue the notices of the day after a first text, once each (S-4); a sweep."""
    return together(team_notices.due, team_notices.send, "the team's notice %s was not queued")


def free_conversations() -> int:
    """Let conversations be nobody's again whose assignee can't answer them any more (Q-5)."""
    return each(assigned.lost(), _free_all, "conversations of %s were not freed")


def _free_all(pair: assigned.Pair) -> int:
    freed = 0
    while some := at_once(assigning.free)(pair):
        freed += some
    return freed


def expire_approvals() -> int:
    """End what nobody approved in three days and give the drafts back (S-12)."""
    with unit_of_work():
        return approvals.expire()


def watch_health() -> int:
    """Judge every account anew, organization by organization; return how many changed (H-4)."""
    now = clock.utcnow()
    organizations = [one.id for one in people.organizations()]
    return each(organizations, partial(_watch, now), "the health of organization %s was not judged")


def _watch(now: datetime, organization_id: UUID) -> int:
    return each(
        list(breaches.to_judge(organization_id, now)),
        at_once(partial(breaches.judge, now=now)),
        "the health of account %s was not judged",
    )


def judge_ramps() -> int:
    """Judge the days of new numbers that are over (H-5), each account by itself."""
    now, done = clock.utcnow(), 0
    for account, judged_on in accounts.ramping():
        with on_its_own("the days of account %s were not judged", account.id), unit_of_work():
            done += ramping.judge_due(account, judged_on, accounts.today(account, now))
    return done


@job
def sort_texts() -> int:
    """Put confirmed texts with those that say nearly the same; a sweep (H-2). Returns how many."""
    now, done = clock.utcnow(), 0
    for sends in in_batches(partial(similar.due, now)):
        of_each: defaultdict[UUID, list[Due]] = defaultdict(list)
        for send in sends:
            of_each[send.organization_id].append(send)
        for mine in of_each.values():
            done += halving(mine, partial(_compare, now), "send %s was not compared")
    return done


def _compare(now: datetime, sends: Sequence[Due]) -> int:
    """Compare some sends of one organization, read anew: a try that failed leaves nothing behind."""
    [batch] = similar.batches(sends)
    with unit_of_work():
        return similar.sort(batch, now)


@job
def forget_similar() -> int:
    """Let go of texts alike whose day is over; a sweep. Returns how many groups."""
    done = 0
    while True:
        with unit_of_work():
            count = similar.forget_some(clock.utcnow())
        done += count
        if count < similar.FORGOTTEN_AT_ONCE:
            return done


@job
def catch_up_inbound(_key: str = "all", *, since: timedelta = timedelta(hours=2)) -> int:
    """Take in texts whose webhook never reached us, STOPs among them (PROMISES 2.4).

    Safe to run again: each text is kept once, by its SID.
    """
    found = 0
    for organization in people.organizations():
        with on_its_own("what organization %s received was not taken in", organization.id):
            credentials = credentials_of(organization.id)
            if credentials is None:
                continue
            try:
                listed = sms.current().inbound_since(credentials, clock.utcnow() - since)
            except GatewayError as error:
                logger.warning("texts received could not be listed: %s", error)
                continue
            found += hear_all(organization.id, listed).count
    return found


@job
def reconcile(_key: str = "all") -> int:
    """Look for texts in doubt in the carrier's list; only finding one proves anything.

    It goes on until no look is due, a minute at most: after an outage thousands may wait. What it
    takes to read an organization's list is asked once: where that can't be read, all its texts wait.
    """
    found, unread, credentials = 0, set(), cache(_credentials)
    ends_at = time.monotonic() + LOOKS_FOR_S
    for doubt in one_by_one(recovery.doubts_due):
        if time.monotonic() > ends_at:
            break
        with on_its_own("text %s in doubt was not looked for", doubt.message_id):
            listed = _listed(doubt, credentials(doubt.organization_id))
            with unit_of_work():
                if listed is not None:
                    found += recovery.settle_doubt(doubt, listed)
                elif recovery.postpone(doubt):  # not having looked is no look
                    unread.add(doubt.account_id)
    for account_id in unread:
        with unit_of_work():
            trouble.list_unread(account_id)
    with unit_of_work():
        recovery.give_up()
    return found


def _credentials(organization_id: UUID) -> CarrierCredentials | None:
    """Return what it takes to read an organization's list; None: nobody can now."""
    try:
        return credentials_of(organization_id)
    except SecretUnreadable:
        return None  # people were told


def _listed(doubt: Doubt, credentials: CarrierCredentials | None) -> Sequence[Listed] | None:
    """Return what the carrier lists around a text in doubt; None: nobody can look now."""
    if credentials is None:
        return None
    since = doubt.submitted_at - timedelta(minutes=5)
    try:
        return sms.current().find(credentials, doubt.e164, since)
    except GatewayError as error:
        logger.warning("the carrier's list could not be read: %s", error)
        return None
