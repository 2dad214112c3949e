"""I3: what a person said last is what holds."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from portal.consent.models import (
    ConsentRecord,
    ConsentStanding,
    OrganizationOptOut,
    RevocationHold,
)
from portal.consent.values import Event
from portal.doctor.queries.looking import READ, Check, Look
from portal.doctor.values import Found, Invariant
from portal.messaging.models import InboundText, Message, MessageAttempt
from portal.messaging.rules.gates import STOP_CONFIRMATION
from portal.messaging.rules.holding import CONFIRMS_HOLD
from portal.messaging.rules.keywords import Keyword
from portal.messaging.service.incoming import is_phone_number
from portal.messaging.values import CANCELABLE, MARKETING

# STOP is written by one machine's clock, the attempt by the database's; a lock orders them.
CLOCKS_DIFFER: Final = timedelta(seconds=1)
_STOP: Final[Keyword] = "stop"
_COLUMNS: Final = (
    Message.id,
    MessageAttempt.started_at,
    ConsentRecord.id.label("record_id"),
    ConsentRecord.recorded_at,
)


def left_after_stop(look: Look) -> Iterable[Found]:
    """Find texts handed over after the person's STOP was stored, and before they came back.

    The first that confirms an opt-out may be (RULINGS 15).
    """
    other, tried = aliased(Message), aliased(MessageAttempt)
    is_confirmed = (
        select(other.id)
        .join(tried, tried.message_id == other.id)
        .where(
            other.account_id == Message.account_id,
            other.e164 == Message.e164,
            other.id != Message.id,
            other.purpose == STOP_CONFIRMATION,
            tried.started_at > ConsentRecord.recorded_at,
            tried.started_at <= MessageAttempt.started_at,
        )
        .exists()
    )
    rows = look.rows(
        select(*_COLUMNS)
        .select_from(ConsentRecord)
        .join(
            Message,
            and_(
                Message.account_id == ConsentRecord.account_id, Message.e164 == ConsentRecord.e164
            ),
        )
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .where(
            look.texts,
            ConsentRecord.organization_id == look.organization_id,
            ConsentRecord.account_id == look.account_id,
            ConsentRecord.event == Event.OPTED_OUT,
            or_(Message.purpose != STOP_CONFIRMATION, is_confirmed),
            MessageAttempt.started_at > ConsentRecord.recorded_at,
            ~_came_back(look),
        ),
        READ,
    )
    for row in rows:
        if row.started_at - row.recorded_at > CLOCKS_DIFFER:
            yield Found(row.id, f"Text {row.id} was handed over after the opt-out {row.record_id}.")


def campaign_after_stop_elsewhere(look: Look) -> Iterable[Found]:
    """Find campaign texts to people who opted out of another account of the brokerage (Q-7)."""
    rows = look.rows(
        select(*_COLUMNS)
        .select_from(OrganizationOptOut)
        .join(ConsentRecord, ConsentRecord.id == OrganizationOptOut.record_id)
        .join(
            Message,
            and_(
                Message.organization_id == OrganizationOptOut.organization_id,
                Message.e164 == OrganizationOptOut.e164,
            ),
        )
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .where(
            look.texts,
            OrganizationOptOut.organization_id == look.organization_id,
            OrganizationOptOut.from_account_id != look.account_id,
            Message.kind.in_(MARKETING),
            MessageAttempt.started_at > ConsentRecord.recorded_at,
            ~_came_back(look),
        ),
        READ,
    )
    for row in rows:
        if row.started_at - row.recorded_at > CLOCKS_DIFFER:
            yield Found(
                row.id,
                f"Campaign text {row.id} was handed over after the opt-out {row.record_id} "
                "from another account.",
            )


def left_while_held(look: Look) -> Iterable[Found]:
    """Find texts handed over while the person's own words held sending (Q-4)."""
    hold = RevocationHold
    came_back = (
        select(ConsentRecord.id)
        .where(
            ConsentRecord.account_id == look.account_id,
            ConsentRecord.e164 == Message.e164,
            ConsentRecord.event.in_((Event.OPTED_IN, Event.GIVEN)),
            ConsentRecord.is_imported.is_(False),
            ConsentRecord.recorded_at <= MessageAttempt.started_at,
            _happened_at(ConsentRecord) > hold.said_at,
        )
        .exists()
    )
    rows = look.rows(
        select(
            Message.id, MessageAttempt.started_at, hold.id.label("hold_id"), hold.held_at,
            hold.settled_at,
        )
        .select_from(hold)
        .join(
            Message,
            and_(Message.organization_id == hold.organization_id, Message.e164 == hold.e164),
        )
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .where(
            look.texts,
            hold.organization_id == look.organization_id,
            or_(hold.account_id == look.account_id, Message.kind.in_(MARKETING)),
            Message.purpose.not_in((STOP_CONFIRMATION, CONFIRMS_HOLD)),
            MessageAttempt.started_at > hold.held_at,
            or_(hold.settled_at.is_(None), MessageAttempt.started_at < hold.settled_at),
            ~came_back,
        ),
        READ,
    )  # fmt: skip
    for row in rows:
        ends = row.settled_at or look.now
        if min(row.started_at - row.held_at, ends - row.started_at) > CLOCKS_DIFFER:
            yield Found(row.id, f"Text {row.id} was handed over while {row.hold_id} held it.")


def waits_for_the_opted_out(look: Look) -> Iterable[Found]:
    """Find texts that still wait although the STOP that came later should have blocked them."""
    is_out = and_(
        ConsentStanding.stopped_at.is_not(None),
        or_(
            ConsentStanding.started_at.is_(None),
            ConsentStanding.started_at <= ConsentStanding.stopped_at,
        ),
    )
    rows = look.rows(
        select(Message.id, Message.state)
        .join(
            ConsentStanding,
            and_(
                ConsentStanding.account_id == Message.account_id,
                ConsentStanding.e164 == Message.e164,
            ),
        )
        .where(
            look.texts,
            ConsentStanding.organization_id == look.organization_id,
            Message.state.in_(CANCELABLE),
            Message.purpose != STOP_CONFIRMATION,
            is_out,
            Message.created_at < ConsentStanding.stopped_at,
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.state} for somebody who opted out since.")


def stop_forgotten(look: Look) -> Iterable[Found]:
    """Find numbers whose standing knows no STOP as late as the latest that was recorded."""
    latest = (
        select(
            ConsentRecord.e164,
            func.max(_happened_at(ConsentRecord)).label("at"),
        )
        .where(
            ConsentRecord.organization_id == look.organization_id,
            ConsentRecord.account_id == look.account_id,
            ConsentRecord.event == Event.OPTED_OUT,
        )
        .group_by(ConsentRecord.e164)
        .subquery()
    )
    some = aliased(ConsentRecord)
    rows = look.rows(
        select(some.id)
        .join(latest, and_(latest.c.e164 == some.e164, latest.c.at == _happened_at(some)))
        .outerjoin(
            ConsentStanding,
            and_(ConsentStanding.account_id == some.account_id, ConsentStanding.e164 == some.e164),
        )
        .where(
            some.account_id == look.account_id,
            some.event == Event.OPTED_OUT,
            or_(
                ConsentStanding.stopped_at.is_(None),
                ConsentStanding.stopped_at < _happened_at(some),
            ),
        )
    )
    for row in rows:
        yield Found(
            row.id, f"The opt-out {row.id} is recorded, but the number's standing lacks it."
        )


def organization_forgot(look: Look) -> Iterable[Found]:
    """Find opt-outs that were recorded and no longer bind the whole organization (Q-7)."""
    bound = OrganizationOptOut
    rows = look.rows(
        select(ConsentRecord.id)
        .outerjoin(
            bound,
            and_(
                bound.organization_id == ConsentRecord.organization_id,
                bound.e164 == ConsentRecord.e164,
            ),
        )
        .where(
            ConsentRecord.organization_id == look.organization_id,
            ConsentRecord.account_id == look.account_id,
            ConsentRecord.event == Event.OPTED_OUT,
            or_(bound.opted_out_at.is_(None), bound.opted_out_at < _happened_at(ConsentRecord)),
        )
    )
    for row in rows:
        yield Found(row.id, f"The opt-out {row.id} is recorded, but does not bind the brokerage.")


def stop_heard_in_vain(look: Look) -> Iterable[Found]:
    """Find texts that said STOP, after which no opt-out of their number was recorded."""
    recorded_at = (
        select(func.max(ConsentRecord.recorded_at))
        .where(
            ConsentRecord.account_id == InboundText.account_id,
            ConsentRecord.e164 == InboundText.e164,
            ConsentRecord.event == Event.OPTED_OUT,
        )
        .scalar_subquery()
    )
    rows = look.rows(
        select(
            InboundText.id,
            InboundText.e164,
            InboundText.received_at,
            recorded_at.label("recorded_at"),
        ).where(
            InboundText.organization_id == look.organization_id,
            InboundText.account_id == look.account_id,
            InboundText.keyword == _STOP,
            or_(recorded_at.is_(None), recorded_at < InboundText.received_at),
        ),
        READ,
    )
    for row in rows:
        if row.recorded_at and row.received_at - row.recorded_at <= CLOCKS_DIFFER:
            continue
        if is_phone_number(row.e164):  # a short code is nobody's: it has no consent to end
            yield Found(row.id, f"Text {row.id} said STOP, and no opt-out was recorded after it.")


def _happened_at(record: type[ConsentRecord]) -> ColumnElement[object]:
    return func.coalesce(record.given_at, record.recorded_at)


def _came_back(look: Look) -> ColumnElement[bool]:
    """Say whether the person's own later act had opened the number again by the attempt."""
    later = aliased(ConsentRecord)
    return (
        select(later.id)
        .where(
            later.account_id == look.account_id,
            later.e164 == Message.e164,
            later.event.in_((Event.OPTED_IN, Event.GIVEN)),
            later.is_imported.is_(False),
            later.recorded_at <= MessageAttempt.started_at,
            _happened_at(later) > _happened_at(ConsentRecord),
        )
        .exists()
    )


_TELL = (
    "Stop the account's texts, find out who texted and tell the compliance officer. The person's "
    "opt-out holds."
)
_ENTER = "Enter the opt-out again on the contact's page: until then texts could leave."

CHECKS: Final = (
    Check(Invariant.I3, left_after_stop, _TELL),
    Check(Invariant.I3, campaign_after_stop_elsewhere, _TELL),
    Check(Invariant.I3, left_while_held, _TELL),
    Check(Invariant.I3, waits_for_the_opted_out, "Cancel the text: the gate would block it, too."),
    Check(Invariant.I3, stop_forgotten, _ENTER),
    Check(Invariant.I3, organization_forgot, _ENTER),
    Check(Invariant.I3, stop_heard_in_vain, _ENTER),
)
