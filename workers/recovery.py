"""Jobs that bring our records and the carrier's together after something went wrong.

Each is safe to run again and in two schedulers at once: what they apply is kept once, by its
SID. What one organization's list brought stays, when the next one's can't be read.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.errors import GatewayError
from portal.core.secrets_box import SecretUnreadable
from portal.core.settings import settings
from portal.gateways import carrier_media, sms
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.sms import Listed
from portal.messaging.queries import recovery as records
from portal.messaging.service import (
    fence,
    heartbeat,
    highwater,
    placing,
    trouble,
    watching,
)
from portal.messaging.service.recovery import TOLD_AFTER
from portal.messaging.values import MediaRef
from portal.numbers import queries as numbers
from workers.runtime import job, on_its_own

logger = logging.getLogger(__name__)

LOOK_AGAIN_AFTER: Final = timedelta(minutes=5)  # while a fence stands
_ROUNDS = 10  # of following texts that follow from texts


@dataclass(frozen=True, slots=True)
class Found:
    """What reading one organization's list brought."""

    recovered: int = 0  # texts of ours that had gone
    learned: int = 0  # texts from people
    strays: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """How many texts from people were taken in, and whether none failed."""

    count: int
    is_whole: bool


@job
def keep_mark() -> bool:
    """Raise the high-water mark inside, then outside; say whether the database was behind.

    Finding it behind, it stops all sending before anything else can happen (I14).
    """
    outside = highwater.copy()
    with unit_of_work():
        mark, is_restored = highwater.advance(outside)
    highwater.keep(mark)
    return is_restored


@job
def catch_up() -> int:
    """Read the texts of an outage, then let bulk sending go on (PROMISES 2.4).

    At once, since most STOPs are listed by then; and again once the list's lag has passed, which
    alone lets bulk texts go.
    """
    heard = 0
    for one in heartbeat.behind():
        began = clock.utcnow()
        if not one.is_to_be_read(began):
            continue
        with on_its_own("the outage of organization %s was not read", one.organization_id):
            found = read_both_ways(one.organization_id, one.since)
            if found is None:  # not having looked is no look
                _tell_if_overdue(one.organization_id, one.noticed_at + settings().list_lag)
                continue
            heard += found.learned
            with unit_of_work():
                heartbeat.was_read(one, began)
    with unit_of_work():
        heartbeat.release()
    return heard


@job
def sweep_both_ways() -> int:
    """Read 48 hours or more of every carrier account, both ways, once a day (PROMISES 2.4).

    Takes up where it stopped: an organization that was read is not read again that day, and one
    whose list could not be read for days is read since the last time.
    """
    strays = 0
    for organization_id, since in watching.due().items():
        with on_its_own("the texts of organization %s were not compared", organization_id):
            found = read_both_ways(organization_id, since)
            if found is None:
                _tell_if_overdue(organization_id, since + watching.SWEEPS_OVER)
                continue
            with unit_of_work():
                watching.swept(organization_id)
            strays += found.strays
    return strays


@job
def mend_fenced() -> int:
    """Read the lists of those who stand still, and let go whom that settles (I14)."""
    lifted = 0
    for standing in records.standing_fences():
        with on_its_own("the fence %s was not looked at", standing.id):
            looked_at = standing.reconciled_at
            if looked_at is None or clock.utcnow() - looked_at >= LOOK_AGAIN_AFTER:
                began = clock.utcnow()
                found = read_both_ways(
                    standing.organization_id, standing.since, strays_until=standing.tripped_at
                )
                if found is None:
                    _tell_if_overdue(standing.organization_id, looked_at or standing.tripped_at)
                    continue
                with unit_of_work():
                    fence.looked(standing, began, recovered=found.recovered, learned=found.learned)
            with unit_of_work():
                lifted += fence.lift_settled(standing.organization_id)
    return lifted


def read_both_ways(
    organization_id: UUID, since: datetime, *, strays_until: datetime | None = None
) -> Found | None:
    """Put everything the carrier lists since then beside our records; None: it can't be read.

    Ours first: a STOP that answers a text must not block that text's row before it is found.
    """
    credentials = credentials_of(organization_id)
    if credentials is None:
        return Found()
    try:
        listed = sms.current().listed_since(credentials, since)
    except GatewayError as error:
        logger.warning("the carrier's list could not be read to its end: %s", error)
        return None
    recovered = _place_all(organization_id, listed)
    heard = hear_all(organization_id, listed)
    recovered += _place_all(organization_id, listed)  # answers to what was heard just now
    with unit_of_work():
        placing.refresh(organization_id, listed)
        strays = placing.note_strays(organization_id, listed, until=strays_until)
    return Found(recovered, heard.count, strays) if heard.is_whole else None


def _tell_if_overdue(organization_id: UUID, wanted_at: datetime) -> None:
    """Tell people of a list that could not be read for an hour after it was wanted."""
    if clock.utcnow() - wanted_at >= TOLD_AFTER:
        with unit_of_work():
            trouble.lists_unread(organization_id)


def hear_all(organization_id: UUID, listed: Sequence[Listed]) -> Heard:
    """Take in what people wrote and we never heard, oldest first, each for itself.

    One that can't be taken in keeps none of the others back: a STOP may be among them.
    """
    count, failed = 0, 0
    for text in placing.unheard(listed):
        failed += 1
        with on_its_own("text %s from a person was not taken in", text.sid):
            files = _files_of(organization_id, text) if text.media_count else []
            with unit_of_work():
                count += placing.hear(organization_id, text, files)
            failed -= 1
    return Heard(count, is_whole=not failed)


def credentials_of(organization_id: UUID) -> CarrierCredentials | None:
    """Return what it takes to read an organization's lists; None: it has no account there.

    Raises SecretUnreadable, and has told people then: all others can be read meanwhile.
    """
    try:
        return numbers.credentials(organization_id)
    except SecretUnreadable:
        with unit_of_work():
            trouble.token_unreadable(organization_id)
        raise


def _files_of(organization_id: UUID, text: Listed) -> list[MediaRef]:
    """Return what files came with a text; none where the carrier does not say: words go first."""
    credentials = numbers.credentials(organization_id)
    if credentials is None:
        return []
    try:
        found = carrier_media.current().files_of(credentials, text.sid)
    except GatewayError as error:
        logger.warning("files of text %s were not listed: %s", text.sid, error)
        return []
    return [MediaRef(url, kind) for url, kind in found]


def _place_all(organization_id: UUID, listed: Sequence[Listed]) -> int:
    count = 0
    for _ in range(_ROUNDS):
        with unit_of_work():
            placed = placing.place(organization_id, listed)
        if not placed:
            break
        count += placed
    return count
