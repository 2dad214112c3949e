"""T2: the last look before the carrier, committed before any byte leaves (PROMISES 2.3).

It locks the number first, as STOP does, so the two are totally ordered: either the text was
on its way when STOP came, or it sees the STOP (I3). When a fact can't be read, the
transaction fails and the text waits (I16).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table, and_, bindparam, select, update

from portal.consent import queries as consent
from portal.contacts import service as contacts
from portal.core import clock
from portal.core.among import among
from portal.core.db import database_now, db
from portal.core.many_rows import insert_rows, update_each
from portal.core.settings import settings
from portal.gateways.sms import Outgoing
from portal.media import service as media
from portal.messaging.models import Campaign, Message, MessageAttempt
from portal.messaging.queries import plan_limits, stops
from portal.messaging.queries import recovery as records
from portal.messaging.rules import frequency, gates
from portal.messaging.rules.frequency import TooOften
from portal.messaging.rules.gate_facts import CALL_LIST, TextFacts
from portal.messaging.rules.hours import Hours
from portal.messaging.service import brand, facts, highwater, late_places, limits, outbox
from portal.messaging.service.claims import Claim, Text, still_claimed
from portal.messaging.service.frequency import Lately
from portal.messaging.service.timing import LeavingHours, validity_s
from portal.messaging.values import IN_DOUBT, CampaignState, Fate, Gate, Kind, State
from portal.numbers import queries as numbers
from portal.numbers.values import CarrierCredentials, SenderRef
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_MESSAGES = cast(Table, Message.__table__)
_ATTEMPTS = cast(Table, MessageAttempt.__table__)
_CAMPAIGN = cast(Table, Campaign.__table__)

POST_WITHIN: Final = timedelta(seconds=20)  # from T2 to the first byte
POST_WITHIN_S: Final = POST_WITHIN.total_seconds()
ANSWER_WITHIN: Final = timedelta(seconds=60)  # then the reaper calls it unknown
VALIDITY_S: Final = 36_000
_FETCHED_WITHIN: Final = timedelta(hours=1)  # of the last moment a text may leave the carrier
TWIN_PAUSE: Final = timedelta(minutes=1)
# Twilio retries a callback that we could not answer, for as long as it may (FACTS 1.6).
_RETRY_POLICY: Final = "#rc=5&rp=all&ct=3000&rt=8000"

# Made once: building a statement costs more than asking it, and every text asks these.
_CAMPAIGNS: Final = select(_CAMPAIGN.c.id, _CAMPAIGN.c.state).where(
    among(_CAMPAIGN.c.id, "campaigns")
)
_IN_DOUBT: Final = select(_MESSAGES.c.from_e164, _MESSAGES.c.e164, _MESSAGES.c.body_hash).where(
    _MESSAGES.c.organization_id == bindparam("organization"),
    among(_MESSAGES.c.e164, "numbers"),
    _MESSAGES.c.state.in_(bindparam("doubtful", expanding=True)),
)
_LEAVE: Final = (
    update(_MESSAGES)
    .where(_MESSAGES.c.id == bindparam("this"))
    .values(
        state=State.SUBMITTING,
        attempt=_MESSAGES.c.attempt + 1,
        from_e164=bindparam("ours"),
        consent_record_id=bindparam("basis"),
        hours=bindparam("told"),
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
    look = _LastLook(account, texts, unreachable, known.sender, is_catching_up=state.is_catching_up)
    brand_day = brand.lock_day(organization_id, texts, clock.utcnow()) if not account_gate else None
    look.lock_days()
    leaving = []
    for claim, message in messages:
        gate = account_gate or gates.bulk_goes(known, message.kind) or look.first_shut(message)
        if gate is None:
            leaving.append(look.cleared(claim, message))
        else:
            _stop(message, gate, look.told(message, gate))
    over = brand.admit(brand_day, [one.text for one in leaving])
    for one in leaving:
        if (gate := over.get(one.text.id)) is not None:
            _stop(one.text, gate, None)
    leaving = [one for one in leaving if one.text.id not in over]
    if not leaving:
        return []
    assert credentials is not None  # the gates have seen to both
    assert known.sender is not None
    return _mark_leaving(leaving, known.sender, credentials, started)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A text that every gate lets go, and what the gates said of it."""

    claim: Claim
    text: Text
    record_id: UUID | None  # the consent it rests on (I15)
    hours: Hours
    told: Mapping[str, Any]  # what decided, stored with it (S-2)


class _LastLook:
    """What the gates look at for some texts of one account, read once for all of them."""

    def __init__(
        self,
        account: AccountRef,
        messages: Sequence[Text],
        unreachable: frozenset[str],
        sender: SenderRef | None,
        *,
        is_catching_up: bool,
    ) -> None:
        self._account, self._now, self._is_catching_up = account, clock.utcnow(), is_catching_up
        self._messages, self._unreachable = messages, unreachable
        self._ours = sender.e164 if sender else None  # of a text that names no number of ours
        self._today = accounts.today(account, self._now)
        e164s = [m.e164 for m in messages if m.e164]
        self._standings = consent.standings(account.tenant, e164s, self._now)
        counted = [m for m in messages if m.e164 and m.kind is not Kind.SYSTEM]
        stand = {m.e164: self._standings[m.e164] for m in counted if m.e164}
        self._call_lists = facts.call_lists(account, stand, self._now)
        actors = (m.created_by for m in messages if m.created_by is not None)
        self._may_send = facts.may_still_send(account, actors)
        self._campaigns = _campaign_states(messages)
        self._in_doubt = _in_doubt(messages)
        kinds = {m.kind for m in messages}
        self._passes_limits = plan_limits.are_passed(account.organization_id, *kinds)
        self._stops = stops.Stops(account.tenant, messages, self._standings)
        is_abroad = any(m.country_code != 1 for m in messages)
        self._countries = limits.country_room(account.id, self._today) if is_abroad else {}
        self._hours = LeavingHours(account, messages, self._now)
        self._lately = Lately(account.organization_id, self._hours.book, self._now)
        self._lately.read([(self._hours.state_of(m), m.e164 or "") for m in counted], self._now)

    def lock_days(self) -> None:
        """Lock the days that late texts leave and take a place of, oldest first (RULINGS 6)."""
        late = {m.slot_on for m in self._messages if not self._is_counted(m)}
        for day in sorted({self._today, *(d for d in late if d is not None)} if late else ()):
            limits.lock_day(self._account, day)

    def cleared(self, claim: Claim, message: Text) -> Leaving:
        """Return a text that may go with what it rests on (I15) and the facts that decided."""
        e164, hours = message.e164 or "", self.hours(message)
        standing, told = self._standings.get(e164), hours.facts
        if e164 in self._call_lists and (passed := gates.passed_call_list(self._facts(message))):
            told = {**told, CALL_LIST: passed}
        return Leaving(claim, message, standing.record_id if standing else None, hours, told)

    def hours(self, message: Text) -> Hours:
        """Return when a text may go, and until when the carrier may hold it (P-3)."""
        return self._hours.of(message)

    def told(self, message: Text, gate: Gate) -> Mapping[str, Any] | None:
        """Return the facts to store with a text, where it is the hours or a cap that hold it."""
        if gate.code == frequency.CAP and (often := self.too_often(message)) is not None:
            return often.facts
        told = self.hours(message)
        return told.facts if gate.code == told.code else None

    def first_shut(self, message: Text) -> Gate | None:
        """Return the first gate that is shut for this text now."""
        if (stopped := self._stops.shut(message)) is not None:
            return stopped
        campaign = self._campaigns.get(message.campaign_id)
        if campaign is CampaignState.PAUSED:
            return Gate(gates.CAMPAIGN_PAUSED, "The campaign is paused.", Fate.HELD)
        if campaign is CampaignState.CANCELED:
            return Gate("campaign_canceled", "The campaign was canceled.")
        gate = gates.text_gate(self._facts(message))
        if gate is not None:
            return gate
        if not self._is_counted(message):
            passes = message.kind is Kind.PLAN and self._passes_limits
            late = late_places.take_late_place(
                message, self._account, self._now, passes_limits=passes
            )
            if late is not None:
                return late
        words = (message.from_e164 or self._ours, message.e164, message.body_hash)
        if words in self._in_doubt:
            return Gate(
                "twin_in_doubt",
                "The same words to this person are still being checked with the carrier.",
                Fate.HELD,
                held_until=self._now + TWIN_PAUSE,
            )
        self._in_doubt.add(words)
        if frequency.counts(message.kind, is_answer=message.is_reply):
            self._lately.note(message.e164 or "", message.text_id, self._now)
        return None

    def too_often(self, message: Text) -> TooOften | None:
        """Return what the caps of the person's state say against a text now (S-2)."""
        if message.e164 is None or message.kind is Kind.SYSTEM:
            return None
        state = self._hours.state_of(message)
        found = self._lately.too_often(
            self._now, state=state, e164=message.e164, but=message.text_id
        )
        if found is None or not frequency.counts(
            message.kind, is_answer=self._hours.is_answer(message)
        ):
            return None
        return found

    def _is_counted(self, message: Text) -> bool:
        if message.passed_limit and not self._passes_limits:
            return False  # nobody takes the risk any more
        return message.kind is Kind.SYSTEM or message.slot_on == self._today

    def _facts(self, message: Text) -> TextFacts:
        return TextFacts(
            kind=message.kind,
            now=self._now,
            e164=message.e164,
            country_code=message.country_code,
            country_room=self._countries.get(message.country_code),
            standing=self._standings.get(message.e164 or ""),
            call_list=self._call_lists.get(message.e164 or ""),
            purpose=message.purpose,
            is_unreachable=message.e164 in self._unreachable,  # marked since confirm (S-10)
            is_catching_up=self._is_catching_up,
            actor_may_send=message.created_by is None or self._may_send[message.created_by],
            hours=self._hours.of(message),
            too_often=self.too_often(message),
            is_counted=True,  # a late place is taken under the day's own lock
        )


def _campaign_states(messages: Sequence[Text]) -> dict[UUID | None, CampaignState]:
    ids = {m.campaign_id for m in messages if m.campaign_id is not None}
    if not ids:
        return {}
    return {row.id: row.state for row in db.session.execute(_CAMPAIGNS, {"campaigns": list(ids)})}


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


def _stop(message: Text, gate: Gate, told: Mapping[str, Any] | None) -> None:
    is_mine = and_(Message.id == message.id, Message.state == State.CLAIMED)
    if gate.outcome is Fate.HELD:
        outbox.hold(
            is_mine, gate.code, gate.sentence, until=gate.held_until, cause="gate", hours=told
        )
    else:
        outbox.end_unsent(
            is_mine, State.BLOCKED, cause="gate", code=gate.code, sentence=gate.sentence
        )


def _mark_leaving(
    leaving: Sequence[Leaving],
    sender: SenderRef,
    credentials: CarrierCredentials,
    started: datetime,
) -> list[Submission]:
    """Write down that these texts may be leaving from now on, each with its attempt."""
    now = clock.utcnow()
    update_each(
        _LEAVE,
        [
            {
                "this": one.text.id,
                "ours": one.text.from_e164 or sender.e164,
                "basis": one.record_id,
                "told": one.told,
                "started": started,
                "deadline": started + ANSWER_WITHIN,
                "now": now,
            }
            for one in leaving
        ],
    )
    insert_rows(
        _ATTEMPTS,
        (
            {
                "message_id": one.text.id,
                "attempt": one.text.attempt + 1,
                "epoch": one.claim.epoch,
                "owner": one.claim.owner,
                "started_at": started,
            }
            for one in leaving
        ),
    )
    outbox.log([one.text.id for one in leaving], State.SUBMITTING, cause="gate", at=now)
    return [_submission(one, sender, credentials, now) for one in leaving]


def _submission(
    one: Leaving, sender: SenderRef, credentials: CarrierCredentials, now: datetime
) -> Submission:
    claim, message = one.claim, one.text
    attempt = message.attempt + 1
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
            from_number=message.from_e164 or sender.e164,
            service_sid=sender.service_sid,
            body=message.body,
            media_urls=_links(message, now),
            status_callback=_callback(message.id, attempt),
            validity_period_s=validity_s(one.hours, now, VALIDITY_S, posts_within=POST_WITHIN),
            account_sid=credentials.account_sid,
            auth_token=credentials.auth_token,
        ),
    )


def _links(message: Text, now: datetime) -> tuple[str, ...]:
    """Return where the carrier fetches what goes with a text, as long as it may still go (S15)."""
    until = now + timedelta(seconds=VALIDITY_S) + _FETCHED_WITHIN
    return tuple(
        media.carrier_url(UUID(m["file"]), message.id, until) if m.get("file") else m["url"]
        for m in message.media
    )


def _callback(message_id: UUID, attempt: int) -> str:
    """Return where the carrier reports this very attempt: m and a are under its signature."""
    path = f"/webhooks/twilio/status?m={message_id}&a={attempt}"
    return f"{settings().public_url}{path}{_RETRY_POLICY}"
