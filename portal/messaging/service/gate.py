"""T2: the last look before the carrier, committed before any byte leaves (PROMISES 2.3).

It locks the number first, as STOP does, so the two are totally ordered: either the text was
on its way when STOP came, or it sees the STOP (I3). When a fact can't be read, the
transaction fails and the text waits (I16).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, insert, select, update

from portal.consent import queries as consent
from portal.contacts import service as contacts
from portal.core import clock
from portal.core.db import database_now, db
from portal.core.settings import settings
from portal.gateways.sms import Outgoing
from portal.messaging.models import Campaign, Message, MessageAttempt
from portal.messaging.rules import gates
from portal.messaging.rules.allotment import morning_of
from portal.messaging.rules.gates import TextFacts
from portal.messaging.service import facts, limits, outbox
from portal.messaging.service.claims import Claim
from portal.messaging.service.limits import Held, Place
from portal.messaging.values import IN_DOUBT, CampaignState, Fate, Gate, Kind, State
from portal.numbers import queries as numbers
from portal.numbers.values import CarrierCredentials, SenderRef
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

POST_WITHIN_S: Final = 20.0  # from T2 to the first byte
ANSWER_WITHIN: Final = timedelta(seconds=60)  # then the reaper calls it unknown
VALIDITY_S: Final = 36_000
TWIN_PAUSE: Final = timedelta(minutes=1)
# Twilio retries a callback that we could not answer, for as long as it may (FACTS 1.6).
_RETRY_POLICY: Final = "#rc=5&rp=all&ct=3000&rt=8000"


@dataclass(frozen=True, slots=True)
class Submission:
    """One text cleared for one handing-over; what T3 needs to know it by."""

    message_id: UUID
    organization_id: UUID
    account_id: UUID
    e164: str
    epoch: int
    attempt: int
    outgoing: Outgoing


def clear(claim: Claim) -> Submission | None:
    """Put one claimed text through every gate again and mark it as leaving.

    None: it doesn't leave now. It was held or blocked with its reason, or the claim is no
    longer this worker's.
    """
    contacts.lock_numbers(claim.organization_id, [claim.e164])
    message = db.session.scalar(
        select(Message)
        .where(
            Message.id == claim.id,
            Message.state == State.CLAIMED,
            Message.epoch == claim.epoch,
            Message.owner == claim.owner,
            Message.lease_until > database_now(),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    account = accounts.account(claim.account_id)
    if message is None or account is None:
        return None
    known = facts.of_account(account)
    credentials = numbers.credentials(account.organization_id)
    gate = gates.account_gate(known) or _first_shut(message, account, clock.utcnow())
    if gate is None and (credentials is None or known.sender is None):
        gate = Gate("no_number", "This account has no number to text from yet.", Fate.HELD)
    if gate is not None:
        _stop(message, gate)
        return None
    assert credentials is not None  # the gates have seen to both
    assert known.sender is not None
    return _mark_leaving(message, claim, known.sender, credentials)


def _first_shut(message: Message, account: AccountRef, now: datetime) -> Gate | None:
    """Return the first gate that is shut for this text now."""
    if message.campaign_id is not None and message.kind is Kind.BULK:
        state = db.session.scalar(select(Campaign.state).where(Campaign.id == message.campaign_id))
        if state is CampaignState.PAUSED:
            return Gate("campaign_paused", "The campaign is paused.", Fate.HELD)
        if state is CampaignState.CANCELED:
            return Gate("campaign_canceled", "The campaign was canceled.")
    e164 = message.e164 or ""
    standing = consent.standings(account.tenant, [e164], now).get(e164)
    today = accounts.today(account, now)
    is_counted = message.kind is Kind.SYSTEM or message.slot_on == today
    gate = gates.text_gate(
        TextFacts(
            kind=message.kind,
            now=now,
            e164=message.e164,
            country_code=message.country_code,
            country_room=limits.country_room(account.id, today).get(message.country_code)
            if message.country_code != 1
            else None,
            standing=standing,
            purpose=message.purpose,
            is_counted=True,  # a late place is taken below, under the day's own lock
        )
    )
    if gate is not None:
        return gate
    if not is_counted and (late := _take_late_place(message, account, now)) is not None:
        return late
    if _has_twin_in_doubt(message):
        return Gate(
            "twin_in_doubt",
            "The same words to this person are still being checked with the carrier.",
            Fate.HELD,
            held_until=now + TWIN_PAUSE,
        )
    message.consent_record_id = standing.record_id if standing else None
    return None


def _take_late_place(message: Message, account: AccountRef, now: datetime) -> Gate | None:
    """Count a text against today: its own day has passed while it waited (PROMISES 3.3)."""
    today = accounts.today(account, now)
    room = limits.lock_day(account, today)
    e164 = message.e164 or ""
    if message.country_code != 1 and message.country_code not in room.countries:
        return gates.region_allowed(
            TextFacts(message.kind, now, e164, country_code=message.country_code)
        )
    is_reply = message.is_reply
    if not room.fits(e164, message.segments, message.country_code, is_reply=is_reply):
        tomorrow = morning_of(today + timedelta(days=1), account.timezone)
        return Gate(
            "daily_recipients" if room.recipients < 1 else "daily_segments",
            "Today's limits are reached.",
            Fate.HELD,
            held_until=tomorrow,
        )
    had = _place(message)
    draws = room.take(e164, message.segments, message.country_code, is_reply=is_reply)
    place = Place(e164, message.segments, message.country_code, is_reply, draws)
    if not limits.take(account, today, [place]):
        raise RuntimeError("a place was free and could not be taken")  # the day is locked
    was_on = message.slot_on
    message.slot_on, message.draws_on_reserve = today, draws
    db.session.flush()  # giving back looks at who still counts on the old day
    if was_on is not None:
        limits.give_back([Held(account.id, was_on, had)])
    return None


def _place(message: Message) -> Place:
    return Place(
        message.e164 or "",
        message.segments,
        message.country_code,
        message.is_reply,
        message.draws_on_reserve,
    )


def _has_twin_in_doubt(message: Message) -> bool:
    """Say whether the same words to this person are in doubt; the number is locked."""
    return (
        db.session.scalar(
            select(Message.id)
            .where(
                Message.from_e164 == message.from_e164,
                Message.e164 == message.e164,
                Message.body_hash == message.body_hash,
                Message.state.in_(IN_DOUBT),
                Message.id != message.id,
            )
            .limit(1)
        )
        is not None
    )


def _stop(message: Message, gate: Gate) -> None:
    is_mine = and_(Message.id == message.id, Message.state == State.CLAIMED)
    if gate.outcome is Fate.HELD:
        outbox.hold(is_mine, gate.code, gate.sentence, until=gate.held_until, cause="gate")
    else:
        outbox.end_unsent(
            is_mine, State.BLOCKED, cause="gate", code=gate.code, sentence=gate.sentence
        )


def _mark_leaving(
    message: Message, claim: Claim, sender: SenderRef, credentials: CarrierCredentials
) -> Submission:
    started = database_now()
    attempt = message.attempt + 1
    from_e164 = message.from_e164 or sender.e164
    db.session.execute(
        update(Message)
        .where(Message.id == message.id)
        .values(
            state=State.SUBMITTING,
            attempt=attempt,
            from_e164=from_e164,
            submitted_at=started,
            submit_deadline=started + ANSWER_WITHIN,
            checks=0,
            reason_code=None,
            reason=None,
            held_until=None,
            changed_at=clock.utcnow(),
        )
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        insert(MessageAttempt).values(
            message_id=message.id,
            attempt=attempt,
            epoch=claim.epoch,
            owner=claim.owner,
            started_at=started,
        )
    )
    outbox.log([message.id], State.SUBMITTING, cause="gate", at=clock.utcnow())
    return Submission(
        message.id,
        message.organization_id,
        message.account_id,
        claim.e164,
        claim.epoch,
        attempt,
        Outgoing(
            message_id=str(message.id),
            attempt=attempt,
            to=claim.e164,
            from_number=from_e164,
            service_sid=sender.service_sid,
            body=message.body,
            media_urls=tuple(m["url"] for m in message.media),
            status_callback=_callback(message.id, attempt),
            validity_period_s=VALIDITY_S,
            account_sid=credentials.account_sid,
            auth_token=credentials.auth_token,
        ),
    )


def _callback(message_id: UUID, attempt: int) -> str:
    """Return where the carrier reports this very attempt: m and a are under its signature."""
    path = f"/webhooks/twilio/status?m={message_id}&a={attempt}"
    return f"{settings().public_url}{path}{_RETRY_POLICY}"
