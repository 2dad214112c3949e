"""Jobs that bring the carrier's opt-outs and ours together (Q-8).

Each may run any number of times, also at once: a number is told by one worker at a time, and
telling the carrier the same again changes nothing there.
"""

import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from portal.consent import queries as consent_queries
from portal.consent.service import carrier
from portal.consent.service.carrier import ToTell
from portal.consent.values import Method
from portal.core import clock, jobs
from portal.core.db import unit_of_work
from portal.core.errors import GatewayError
from portal.core.jobs import Job
from portal.gateways import consents
from portal.gateways.consents import MOST_ITEMS, ConsentAnswer, ConsentChannel, ConsentItem
from portal.gateways.credentials import CarrierCredentials
from portal.numbers import queries as numbers
from portal.texting_accounts import queries as accounts
from workers import recovery
from workers.runtime import job

logger = logging.getLogger(__name__)

MOST_BATCHES: Final = 50  # a run; the carrier takes 100 calls a minute (facts 1.12)
LOOKED_BACK: Final = timedelta(hours=48)
_SPACE: Final = UUID("7d1a3f52-0b0e-4c55-9a38-7a3c5c3a9d10")
_CHANNELS: Final = {
    Method.KEYWORD: (ConsentChannel.OPT_OUT_MESSAGE, ConsentChannel.OPT_IN_MESSAGE),
    Method.JOIN_KEYWORD: (ConsentChannel.OTHERS, ConsentChannel.OPT_IN_MESSAGE),
    Method.DOUBLE_OPT_IN: (ConsentChannel.OTHERS, ConsentChannel.OPT_IN_MESSAGE),
    Method.HOSTED_FORM: (ConsentChannel.WEBSITE, ConsentChannel.WEBSITE),
    Method.EMBED: (ConsentChannel.WEBSITE, ConsentChannel.WEBSITE),
    Method.CALL: (ConsentChannel.OFFLINE, ConsentChannel.OFFLINE),
    Method.VOICEMAIL: (ConsentChannel.OFFLINE, ConsentChannel.OFFLINE),
    Method.LETTER: (ConsentChannel.OFFLINE, ConsentChannel.OFFLINE),
    Method.IN_PERSON: (ConsentChannel.OFFLINE, ConsentChannel.OFFLINE),
    Method.PAPER: (ConsentChannel.OFFLINE, ConsentChannel.OFFLINE),
}


@job
def tell_carrier(organization_id: str) -> int:
    """Tell the carrier what waits of an organization; return how many numbers it knows now."""
    organization, known = UUID(organization_id), 0
    for _ in range(MOST_BATCHES):
        with unit_of_work():
            items = carrier.claim(organization, MOST_ITEMS)
        if not items:
            return known
        count = _tell(organization, items)
        if count is None:
            return known  # the carrier is away; what waits is tried again, ever more slowly
        known += count
    jobs.ring(Job.TELL_CARRIER, organization)
    return known


@job
def reconcile_consents(organization_id: str) -> None:
    """Bring both sides together now: read the carrier's texts, then tell it all it lacks."""
    organization = UUID(organization_id)
    recovery.read_both_ways(organization, clock.utcnow() - LOOKED_BACK)
    _tell_new_senders(organization)
    with unit_of_work():
        carrier.ask_again(organization)
    tell_carrier(organization_id)


@job
def ring_for_carrier_consents() -> int:
    """Ring for organizations of which the carrier is to be told something; a sweep."""
    waiting = consent_queries.organizations_to_tell()
    for organization_id in waiting:
        jobs.ring(Job.TELL_CARRIER, organization_id)
    return len(waiting)


@job
def compare_with_carrier() -> int:
    """Once a day have new numbers told of old opt-outs; return how many are told anew; a sweep."""
    organizations = {account.organization_id for account in accounts.all_active()}
    return sum(_tell_new_senders(organization) for organization in sorted(organizations, key=str))


def _tell_new_senders(organization_id: UUID) -> int:
    count = 0
    for account in accounts.of_organization(organization_id):
        with unit_of_work():
            count += carrier.tell_new_senders(account.tenant, _senders(account.id))
    return count


def _tell(organization_id: UUID, items: Sequence[ToTell]) -> int | None:
    """Tell one batch of numbers; None when the carrier could not be told at all."""
    senders = {account_id: _senders(account_id) for account_id in {i.account_id for i in items}}
    credentials = numbers.credentials(organization_id)
    service = numbers.messaging_service(organization_id)
    wanted = [
        (item, _item(item, sender))
        for item in items
        for sender in _scopes(item, senders[item.account_id], service)
    ]
    answers: dict[str, ConsentAnswer] = {}
    try:
        for start in range(0, len(wanted), MOST_ITEMS):
            batch = [told for _, told in wanted[start : start + MOST_ITEMS]]
            answers |= _ask(credentials, batch)
    except GatewayError as error:
        logger.warning("the carrier could not be told of opt-outs: %s", error)
        with unit_of_work():
            for item in items:
                carrier.put_back(item, f"The carrier could not be told: {error}")
        return None
    known = 0
    for item in items:
        reasons = sorted(
            {
                reason
                for of, told in wanted
                if of is item and not answers[told.correlation_id].is_taken
                for reason in answers[told.correlation_id].reasons or ("no reason given",)
            }
        )
        with unit_of_work():
            if reasons:
                carrier.refused(item, f"The carrier refused it: {', '.join(reasons)}.")
            else:
                known += carrier.told(item, senders[item.account_id])
    return known


def _ask(
    credentials: CarrierCredentials | None, batch: Sequence[ConsentItem]
) -> dict[str, ConsentAnswer]:
    if credentials is None:
        raise GatewayError("this organization has no account at the carrier")
    answers = consents.current().tell(credentials, batch)
    return {answer.correlation_id: answer for answer in answers}


def _senders(account_id: UUID) -> list[str]:
    return [sender.e164 for sender in numbers.senders(account_id) if sender.may_send]


def _scopes(item: ToTell, senders: Sequence[str], service: str | None) -> Sequence[str]:
    """Return where it is told: an opt-out at the account's numbers, for it ends these texts alone.

    The carrier blocks a person who texted STOP for the whole service; so an opt-in is told there, too.
    """
    if item.is_out or service is None:
        return senders
    return [*senders, service]


def _item(item: ToTell, sender: str) -> ConsentItem:
    """Return one consent as it is told; the same one has the same name however often it is told."""
    name = f"{item.account_id} {item.e164} {item.version} {sender}"
    channels = _CHANNELS.get(item.method) if item.method else None
    out, in_ = channels or (ConsentChannel.OTHERS, ConsentChannel.OTHERS)
    return ConsentItem(
        uuid.uuid5(_SPACE, name).hex,
        item.e164,
        sender,
        item.is_out,
        out if item.is_out else in_,
        item.acted_at,
    )
