"""T2: the last look before the carrier, committed before any byte leaves (PROMISES 2.3).

It locks the number first, as STOP does, so the two are totally ordered: either the text was
on its way when STOP came, or it sees the STOP (I3). When a fact can't be read, the
transaction fails and the text waits (I16).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, and_, bindparam, insert, select, update

from portal.consent import queries as consent
from portal.contacts import service as contacts
from portal.core import clock
from portal.core.db import database_now, db
from portal.core.settings import settings
from portal.gateways.sms import Outgoing
from portal.messaging.models import Campaign, Message, MessageAttempt
from portal.messaging.queries import recovery as records
from portal.messaging.rules import gates
from portal.messaging.rules.allotment import morning_of
from portal.messaging.rules.gates import TextFacts
from portal.messaging.service import facts, highwater, limits, outbox
from portal.messaging.service.claims import Claim, Text, still_claimed
from portal.messaging.service.limits import Held, Place
from portal.messaging.values import IN_DOUBT, CampaignState, Fate, Gate, Kind, State
from portal.numbers import queries as numbers
from portal.numbers.values import CarrierCredentials, SenderRef
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_MESSAGES = cast(Table, Message.__table__)
_ATTEMPTS = cast(Table, MessageAttempt.__table__)
_CAMPAIGN = cast(Table, Campaign.__table__)

POST_WITHIN_S: Final = 20.0  # from T2 to the first byte
ANSWER_WITHIN: Final = timedelta(seconds=60)  # then the reaper calls it unknown
VALIDITY_S: Final = 36_000
TWIN_PAUSE: Final = timedelta(minutes=1)
# Twilio retries a callback that we could not answer, for as long as it may (FACTS 1.6).
_RETRY_POLICY: Final = "#rc=5&rp=all&ct=3000&rt=8000"


# Made once: building a statement costs more than asking it, and every text asks these.
_CAMPAIGNS: Final = select(_CAMPAIGN.c.id, _CAMPAIGN.c.state).where(
    _CAMPAIGN.c.id.in_(bindparam("campaigns", expanding=True))
)
_IN_DOUBT: Final = select(_MESSAGES.c.from_e164, _MESSAGES.c.e164, _MESSAGES.c.body_hash).where(
    _MESSAGES.c.organization_id == bindparam("organization"),
    _MESSAGES.c.e164.in_(bindparam("numbers", expanding=True)),
    _MESSAGES.c.state.in_(bindparam("doubtful", expanding=True)),
)
_COUNT_ON: Final = (
    update(_MESSAGES)
    .where(_MESSAGES.c.id == bindparam("this"))
    .values(slot_on=bindparam("day"), draws_on_reserve=bindparam("draws"))
)
_START: Final = insert(_ATTEMPTS)

_LEAVE: Final = (
    update(_MESSAGES)
    .where(_MESSAGES.c.id == bindparam("this"))
    .values(
        state=State.SUBMITTING,
        attempt=_MESSAGES.c.attempt + 1,
        from_e164=bindparam("ours"),
        consent_record_id=bindparam("basis"),
        submitted_at=bindparam("started"),
        submit_deadline=bindparam("deadline"),
        checks=0,
        reason_code=None,
        reason=None,
        held_until=None,
        changed_at=bindparam("now"),
    )
)


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
    """Clear one claimed text; None: it doesn't leave now."""
    return next(iter(clear_many([claim])), None)


def clear_many(claims: Sequence[Claim]) -> list[Submission]:
    """Put one account's claimed texts through every gate again and mark them as leaving.

    Those that don't come back don't leave now: they were held or blocked with the reason, or
    the claim is no longer this worker's. Each is judged for itself; they share a transaction.
    """
    if not claims:
        return []
    organization_id, account_id = claims[0].organization_id, claims[0].account_id
    unreachable = contacts.lock_known(organization_id, [c.e164 for c in claims if c.e164])
    started = database_now()
    messages = still_claimed(claims, started)
    account = accounts.account(account_id)
    if account is None or not messages:
        return []
    copy = highwater.copy()  # read before the database's own mark, which is never behind it
    state = records.sending_state(organization_id)
    is_older = copy is not None and (state.mark is None or state.mark.is_behind(copy))
    known = facts.of_account(account, records_in_doubt=is_older or state.fence is not None)
    credentials = numbers.credentials(organization_id)
    account_gate = gates.account_gate(known)
    if account_gate is None and (credentials is None or known.sender is None):
        account_gate = Gate("no_number", "This account has no number to text from yet.", Fate.HELD)
    texts = [message for _, message in messages]
    look = _LastLook(account, texts, unreachable, is_catching_up=state.is_catching_up)
    look.lock_days()
    leaving = []
    for claim, message in messages:
        gate = account_gate or look.first_shut(message)
        if gate is None:
            leaving.append((claim, message, look.record_id(message)))
        else:
            _stop(message, gate)
    if not leaving:
        return []
    assert credentials is not None  # the gates have seen to both
    assert known.sender is not None
    return _mark_leaving(leaving, known.sender, credentials, started)


class _LastLook:
    """What the gates look at for some texts of one account, read once for all of them."""

    def __init__(
        self,
        account: AccountRef,
        messages: Sequence[Text],
        unreachable: frozenset[str],
        *,
        is_catching_up: bool,
    ) -> None:
        self._account, self._now, self._is_catching_up = account, clock.utcnow(), is_catching_up
        self._messages, self._unreachable = messages, unreachable
        self._today = accounts.today(account, self._now)
        e164s = [m.e164 for m in messages if m.e164]
        self._standings = consent.standings(account.tenant, e164s, self._now)
        actors = (m.created_by for m in messages if m.created_by is not None)
        self._may_send = facts.may_still_send(account, actors)
        self._campaigns = _campaign_states(messages)
        self._in_doubt = _in_doubt(messages)
        is_abroad = any(m.country_code != 1 for m in messages)
        self._countries = limits.country_room(account.id, self._today) if is_abroad else {}

    def lock_days(self) -> None:
        """Lock the days that late texts leave and take a place of, oldest first (RULINGS 6)."""
        late = {m.slot_on for m in self._messages if not self._is_counted(m)}
        for day in sorted({self._today, *(d for d in late if d is not None)} if late else ()):
            limits.lock_day(self._account, day)

    def record_id(self, message: Text) -> UUID | None:
        """Return the consent a text rests on (I15)."""
        standing = self._standings.get(message.e164 or "")
        return standing.record_id if standing else None

    def first_shut(self, message: Text) -> Gate | None:
        """Return the first gate that is shut for this text now."""
        campaign = self._campaigns.get(message.campaign_id)
        if campaign is CampaignState.PAUSED:
            return Gate(gates.CAMPAIGN_PAUSED, "The campaign is paused.", Fate.HELD)
        if campaign is CampaignState.CANCELED:
            return Gate("campaign_canceled", "The campaign was canceled.")
        gate = gates.text_gate(self._facts(message))
        if gate is not None:
            return gate
        if not self._is_counted(message):
            late = _take_late_place(message, self._account, self._now)
            if late is not None:
                return late
        words = (message.from_e164, message.e164, message.body_hash)
        if words in self._in_doubt:
            return Gate(
                "twin_in_doubt",
                "The same words to this person are still being checked with the carrier.",
                Fate.HELD,
                held_until=self._now + TWIN_PAUSE,
            )
        self._in_doubt.add(words)
        return None

    def _is_counted(self, message: Text) -> bool:
        return message.kind is Kind.SYSTEM or message.slot_on == self._today

    def _facts(self, message: Text) -> TextFacts:
        return TextFacts(
            kind=message.kind,
            now=self._now,
            e164=message.e164,
            country_code=message.country_code,
            country_room=self._countries.get(message.country_code),
            standing=self._standings.get(message.e164 or ""),
            purpose=message.purpose,
            is_unreachable=message.e164 in self._unreachable,  # marked since confirm (S-10)
            is_catching_up=self._is_catching_up,
            actor_may_send=message.created_by is None or self._may_send[message.created_by],
            is_counted=True,  # a late place is taken under the day's own lock
        )


def _campaign_states(messages: Sequence[Text]) -> dict[UUID | None, CampaignState]:
    ids = {m.campaign_id for m in messages if m.campaign_id is not None}
    if not ids:
        return {}
    rows = db.session.execute(_CAMPAIGNS, {"campaigns": list(ids)})
    return {row.id: row.state for row in rows}


def _in_doubt(messages: Sequence[Text]) -> set[tuple[str | None, str | None, str]]:
    """Return which words to which person may be on their way; the numbers are locked."""
    rows = db.session.execute(
        _IN_DOUBT,
        {
            "organization": messages[0].organization_id,
            "numbers": [m.e164 for m in messages],
            "doubtful": list(IN_DOUBT),
        },
    )
    return {(row.from_e164, row.e164, row.body_hash) for row in rows}


def _take_late_place(message: Text, account: AccountRef, now: datetime) -> Gate | None:
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
    db.session.execute(_COUNT_ON, {"this": message.id, "day": today, "draws": draws})
    if message.slot_on is not None:
        limits.give_back([Held(account.id, message.slot_on, had)])
    return None


def _place(message: Text) -> Place:
    return Place(
        message.e164 or "",
        message.segments,
        message.country_code,
        message.is_reply,
        message.draws_on_reserve,
    )


def _stop(message: Text, gate: Gate) -> None:
    is_mine = and_(Message.id == message.id, Message.state == State.CLAIMED)
    if gate.outcome is Fate.HELD:
        outbox.hold(is_mine, gate.code, gate.sentence, until=gate.held_until, cause="gate")
    else:
        outbox.end_unsent(
            is_mine, State.BLOCKED, cause="gate", code=gate.code, sentence=gate.sentence
        )


def _mark_leaving(
    leaving: Sequence[tuple[Claim, Text, UUID | None]],
    sender: SenderRef,
    credentials: CarrierCredentials,
    started: datetime,
) -> list[Submission]:
    """Write down that these texts may be leaving from now on, each with its attempt."""
    now = clock.utcnow()
    db.session.execute(
        _LEAVE,
        [
            {
                "this": m.id,
                "ours": m.from_e164 or sender.e164,
                "basis": record_id,
                "started": started,
                "deadline": started + ANSWER_WITHIN,
                "now": now,
            }
            for _, m, record_id in leaving
        ],
    )
    db.session.execute(
        _START,
        [
            {
                "message_id": message.id,
                "attempt": message.attempt + 1,
                "epoch": claim.epoch,
                "owner": claim.owner,
                "started_at": started,
            }
            for claim, message, _ in leaving
        ],
    )
    outbox.log([m.id for _, m, _ in leaving], State.SUBMITTING, cause="gate", at=now)
    return [
        Submission(
            message.id,
            message.organization_id,
            message.account_id,
            claim.e164,
            claim.epoch,
            message.attempt + 1,
            Outgoing(
                message_id=str(message.id),
                attempt=message.attempt + 1,
                to=claim.e164,
                from_number=message.from_e164 or sender.e164,
                service_sid=sender.service_sid,
                body=message.body,
                media_urls=tuple(m["url"] for m in message.media),
                status_callback=_callback(message.id, message.attempt + 1),
                validity_period_s=VALIDITY_S,
                account_sid=credentials.account_sid,
                auth_token=credentials.auth_token,
            ),
        )
        for claim, message, _ in leaving
    ]


def _callback(message_id: UUID, attempt: int) -> str:
    """Return where the carrier reports this very attempt: m and a are under its signature."""
    path = f"/webhooks/twilio/status?m={message_id}&a={attempt}"
    return f"{settings().public_url}{path}{_RETRY_POLICY}"
