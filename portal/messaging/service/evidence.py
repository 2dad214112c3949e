"""Positive evidence: the carrier has a text. It is applied whatever else is believed.

It comes as the answer to our request, as a signed callback, or from the carrier's own list.
States only rise (rank merge), so any order and any number of repeats end the same (I10).
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.billing import service as billing
from portal.contacts import queries as contacts
from portal.core import clock, jobs
from portal.core.db import db, is_sqlite
from portal.core.jobs import Job, Lane
from portal.core.tenancy import Tenant
from portal.messaging.models import FirstNotice, Message, MessageAttempt
from portal.messaging.service import outbox, system, trouble
from portal.messaging.values import ACCEPTED_FAMILY, State
from portal.people import queries as people

logger = logging.getLogger(__name__)

# Final states are ordered too, so that contradicting callbacks end the same in any order.
RANK: Final = {
    State.ACCEPTED: 1,
    State.SENT: 2,
    State.FAILED: 3,
    State.UNDELIVERED: 4,
    State.DELIVERED: 5,
}


class Source(StrEnum):
    """Where evidence comes from; a list's is the weakest, being matched by content."""

    HTTP = "http"
    CALLBACK = "callback"
    LIST = "list"


class Effect(StrEnum):
    """What a piece of evidence did."""

    APPLIED = "applied"
    KNOWN = "known"
    DOUBLE = "double"
    NO_ROW = "no_row"
    TAKEN = "sid_taken"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One proof that the carrier has a text, and how far it has got."""

    message_id: UUID
    sid: str
    source: Source
    state: State = State.ACCEPTED
    error_code: int | None = None
    attempt: int | None = None


def apply(evidence: Evidence) -> Effect:
    """Raise a text to what the evidence proves; charge it at the first proof."""
    rows = {
        row.id: row
        for row in db.session.scalars(
            select(Message)
            .where(or_(Message.id == evidence.message_id, Message.sid == evidence.sid))
            .order_by(Message.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    message = rows.pop(evidence.message_id, None)
    if message is None:
        return Effect.NO_ROW
    other = next(iter(rows.values()), None)  # another text that holds this SID
    if other is not None and not _displaces(evidence, other):
        return Effect.TAKEN
    if message.sid is not None and message.sid != evidence.sid:
        if evidence.source is Source.LIST:
            return Effect.TAKEN  # a guess never stands against a name we were given
        if message.sid_source != Source.LIST:
            trouble.double_text(message, evidence.sid)
            return Effect.DOUBLE
    return _raise_to(message, evidence)


def _raise_to(message: Message, evidence: Evidence) -> Effect:
    before = message.state
    is_first = before not in ACCEPTED_FAMILY
    is_higher = is_first or RANK[evidence.state] > RANK[before]
    is_named_anew = message.sid != evidence.sid
    if not is_higher and not is_named_anew:
        return Effect.KNOWN
    db.session.execute(
        update(Message)
        .where(Message.id == message.id)
        .values(
            sid=evidence.sid,
            sid_source=evidence.source if is_named_anew else message.sid_source,
            state=evidence.state if is_higher else before,
            error_code=evidence.error_code if is_higher else message.error_code,
            reason_code=None,
            reason=None,
            held_until=None,
            owner=None,
            lease_until=None,
            next_check_at=None,
            changed_at=clock.utcnow(),
        )
        .execution_options(synchronize_session=False)
    )
    if is_higher:
        outbox.log(
            [message.id],
            evidence.state,
            cause=evidence.source,
            at=clock.utcnow(),
            facts={"error": evidence.error_code} if evidence.error_code else None,
        )
    if is_first:
        _first_proof(message, before, evidence)
    return Effect.APPLIED


def _first_proof(message: Message, before: State, evidence: Evidence) -> None:
    """Do once what follows from a text's having left: charge, next part, notice."""
    if evidence.attempt is not None:
        db.session.execute(
            update(MessageAttempt)
            .where(
                MessageAttempt.message_id == message.id,
                MessageAttempt.attempt == evidence.attempt,
            )
            .values(verdict="accepted", sid=evidence.sid, ended_at=clock.utcnow())
            .execution_options(synchronize_session=False)
        )
    if message.credits and not billing.capture(message.account_id, message.id):
        billing.late_capture(message.account_id, message.id)  # the house pays (PROMISES 2.4)
        logger.warning("proof of text %s came after its credits were given back", message.id)
    if message.part < message.parts:
        outbox.release_next_part(message.text_id, message.part)
        jobs.request(Job.DRAIN, message.account_id, lane=Lane.TEXTS)
    if message.is_first and before is not State.BLOCKED:
        _queue_first_notice(message)
    if message.attempt == 0:
        trouble.evidence_of_the_unsent(message)  # a backup was restored (I14)


def _queue_first_notice(message: Message) -> None:
    """Queue the one free notice after the first text to a number from an account (S-3)."""
    assert message.e164 is not None  # it has left
    insert_ = (sqlite if is_sqlite() else postgresql).insert(FirstNotice)
    notice_id = uuid4()
    is_new = db.session.scalar(
        insert_.values(
            account_id=message.account_id,
            e164=message.e164,
            organization_id=message.organization_id,
            message_id=notice_id,
        )
        .on_conflict_do_nothing()
        .returning(FirstNotice.message_id)
    )
    if is_new is None:
        return
    tenant = Tenant(message.organization_id, message.account_id)
    person = contacts.by_numbers(tenant, [message.e164]).get(message.e164)
    wording = people.organization_settings(message.organization_id)
    system.queue_text(
        tenant,
        message.e164,
        wording.first_notice(person.language if person else None),
        purpose=system.FIRST_NOTICE,
        message_id=notice_id,
        from_e164=message.from_e164,
        contact_id=message.contact_id,
        name=message.recipient_name,
    )


def _displaces(evidence: Evidence, other: Message) -> bool:
    """Say whether the evidence takes this SID from a text that only a list had given it to."""
    if other.sid_source != Source.LIST or evidence.source is Source.LIST:
        logger.error("SID %s is claimed by two texts", evidence.sid)
        return False
    outbox.move(
        and_(Message.id == other.id, Message.sid == evidence.sid),
        State.UNKNOWN,
        cause="displaced",
        sid=None,
        sid_source=None,
        error_code=None,
        next_check_at=clock.utcnow() + timedelta(seconds=30),
    )
    return True
