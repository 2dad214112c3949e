"""Who would be texted, held or left out, and what it costs: the pre-flight of every send (S-1)."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import islice

from portal.billing import queries as billing
from portal.messaging import queries
from portal.messaging.rules import gates, rates
from portal.messaging.rules.allotment import Calendar, DayRoom, morning_of
from portal.messaging.rules.gates import TextFacts
from portal.messaging.rules.plan import (
    Advice,
    ClassCost,
    DayShare,
    Plan,
    PlannedText,
    ReasonCount,
)
from portal.messaging.rules.segments import analyze, replacements
from portal.messaging.service import facts, limits
from portal.messaging.service.facts import Known
from portal.messaging.service.wording import Writer
from portal.messaging.values import Draft, Fate, Gate, Kind, Recipient
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_NAMES_SHOWN = 5
_HOME, _ABROAD = "United States, Canada and Caribbean", "Other countries"


def plan(
    account: AccountRef,
    recipients: Sequence[Recipient],
    draft: Draft,
    now: datetime,
    *,
    read_day: Callable[[AccountRef, date], DayRoom] = limits.read_day,
) -> Plan:
    """Return what would become of every recipient now; changes nothing.

    `read_day` says what is left of a day: confirm passes one that locks it. Raises
    EmptyText, TextTooLong or MergeError.
    """
    return _Planner(account, draft, now, read_day).plan(recipients)


def shut_gates(account: AccountRef, recipient: Recipient, kind: Kind, now: datetime) -> list[Gate]:
    """Return every gate that is shut for one person now; none: they may be texted."""
    planner = _Planner(account, Draft("Hello", kind), now, limits.read_day)
    return planner.shut_gates(recipient)


class _Planner:
    """One pass over the recipients, in order, with the room of the days running down."""

    def __init__(
        self,
        account: AccountRef,
        draft: Draft,
        now: datetime,
        read_day: Callable[[AccountRef, date], DayRoom],
    ) -> None:
        self.account, self.draft, self.now = account, draft, now
        self.facts = facts.of_account(account)
        self.senders = facts.senders_by_number(account)
        self.writer = Writer(draft, facts.merge_values(account, self.facts.sender))
        self.leaves_at = max(now, draft.send_at) if draft.send_at else now
        self.today = accounts.today(account, self.leaves_at)
        self.calendar = Calendar(self.today, lambda day: read_day(account, day))
        self.is_old_list_open = draft.kind is Kind.BULK and facts.is_old_list_open(account)
        self.seen: set[str] = set()
        self.over_limit = 0

    def plan(self, recipients: Sequence[Recipient]) -> Plan:
        room = self.calendar.room()
        before = (room.recipients, room.segments)
        texts = [
            self.judge(recipient, known)
            for chunk in _chunks(recipients)
            for known in [self._known(chunk)]
            for recipient in chunk
        ]
        return self._sum(tuple(texts), before[0] - room.recipients, before[1] - room.segments)

    def judge(self, recipient: Recipient, known: Known) -> PlannedText:
        """Put one recipient through the gates and give them their place in a day."""
        text, facts_ = self._prepare(recipient, known)
        gate = gates.text_gate(facts_)
        if text.e164:
            self.seen.add(text.e164)
        if gate is not None and gate.code in gates.LIMIT_CODES:
            return self._later(text, gate)
        if gate is not None:
            return replace(text, outcome=Fate.BLOCKED, gate=gate)
        return self._seat(text, self.calendar.room())

    def shut_gates(self, recipient: Recipient) -> list[Gate]:
        known = self._known([recipient])
        return gates.shut_gates(self.facts, self._prepare(recipient, known)[1])

    def _known(self, chunk: Sequence[Recipient]) -> Known:
        e164s = (r.number.e164 for r in chunk if r.number and r.number.e164)
        return facts.of_people(self.account, e164s, self.now)

    def _prepare(self, recipient: Recipient, known: Known) -> tuple[PlannedText, TextFacts]:
        contact, number = recipient.contact, recipient.number
        e164 = number.e164 if number else None
        code = facts.country_code(e164) if e164 else 1
        worded = self.writer.word(contact, code, number.region if number else None)
        standing = known.standings.get(e164) if e164 else None
        is_reply = bool(e164) and known.is_reply(e164 or "", self.now)
        room = self.calendar.room()
        text = PlannedText(
            contact_id=contact.id,
            name=contact.full_name,
            e164=e164,
            outcome=Fate.GO,
            gate=None,
            body=worded.body,
            parts=worded.parts,
            country_code=code,
            region=number.region if number else None,
            is_reply=is_reply,
            not_before=self.leaves_at,
            from_e164=self._sender_for(e164, known),
            is_first=bool(e164) and e164 not in known.texted_before,
            consent_record_id=standing.record_id if standing else None,
        )
        return text, TextFacts(
            kind=self.draft.kind,
            now=self.now,
            e164=e164,
            problem=number.why if number else "",
            is_unreachable=bool(number and number.unreachable_code),
            is_duplicate=e164 in self.seen,
            country_code=code,
            country_room=room.countries.get(code) if code != 1 else None,
            standing=standing,
            missing=worded.missing,
            is_old_list_open=self.is_old_list_open,
            is_reply=is_reply,
            takes_recipient=room.takes_recipient(e164 or "", is_reply=is_reply),
            segments=text.segments,
            recipients_left=room.recipients,
            segments_left=room.segments_for(is_reply=is_reply),
        )

    def _sender_for(self, e164: str | None, known: Known) -> str | None:
        """Return the number of the last exchange, else the default one (RULINGS 14)."""
        ours = known.our_numbers.get(e164) if e164 else None
        if ours in self.senders:
            return ours
        return self.facts.sender.e164 if self.facts.sender else None

    def _seat(self, text: PlannedText, room: DayRoom) -> PlannedText:
        on_reserve = room.take(
            text.e164 or "", text.segments, text.country_code, is_reply=text.is_reply
        )
        return replace(text, day=room.day, draws_on_reserve=on_reserve)

    def _later(self, text: PlannedText, gate: Gate) -> PlannedText:
        """Leave out whoever is beyond the day's limits, or find them a later day (RULINGS 16)."""
        self.over_limit += 1
        if self.draft.over_limit == "trim":
            return replace(text, outcome=Fate.BLOCKED, gate=replace(gate, outcome=Fate.BLOCKED))
        room = self.calendar.first_fitting(
            text.e164 or "", text.segments, text.country_code, is_reply=text.is_reply
        )
        if room is None:
            return replace(text, outcome=Fate.BLOCKED, gate=replace(gate, outcome=Fate.BLOCKED))
        until = morning_of(room.day, self.account.timezone)
        seated = self._seat(text, room)
        gate = replace(gate, held_until=until)
        return replace(seated, outcome=Fate.HELD, gate=gate, not_before=until)

    def _sum(self, texts: tuple[PlannedText, ...], recipients: int, segments: int) -> Plan:
        plan = Plan(
            texts=texts,
            stopper=gates.account_gate(self.facts),
            classes=_classes(texts),
            reasons=_reasons(texts),
            days=_days(texts),
            counters=queries.counters(self.account, self.leaves_at),
            recipients_taken=recipients,
            segments_taken=segments,
            available=billing.balance(self.account.id).available,
            forcing=analyze(self.draft.body).forcing if self.draft.body else (),
            replacements=replacements(self.draft.body) if self.draft.body else {},
            advice=_advice(texts, self.draft),
            over_limit=self.over_limit,
            key="",
        )
        return replace(plan, key=_key(self.draft, plan))


def _classes(texts: Sequence[PlannedText]) -> tuple[ClassCost, ...]:
    """Group whoever is sent to by what they cost (R-8)."""
    counted = Counter(
        (text.country_code != 1, text.credits, text.segments)
        for text in texts
        if text.outcome is not Fate.BLOCKED
    )
    return tuple(
        ClassCost(_ABROAD if abroad else _HOME, people, each, segments)
        for (abroad, each, segments), people in sorted(counted.items())
    )


def _reasons(texts: Sequence[PlannedText]) -> tuple[ReasonCount, ...]:
    grouped: dict[tuple[str, Fate, str], list[PlannedText]] = defaultdict(list)
    for text in texts:
        if text.gate is not None:
            grouped[text.gate.code, text.outcome, text.gate.sentence].append(text)
    return tuple(
        ReasonCount(
            found[0].gate,
            len(found),
            tuple(text.name for text in found[:_NAMES_SHOWN]),
        )
        for found in sorted(grouped.values(), key=len, reverse=True)
        if found[0].gate is not None
    )


def _days(texts: Sequence[PlannedText]) -> tuple[DayShare, ...]:
    shares: dict[date, list[PlannedText]] = defaultdict(list)
    for text in texts:
        if text.day is not None and text.outcome is not Fate.BLOCKED:
            shares[text.day].append(text)
    return tuple(
        DayShare(day, len(found), sum(text.segments for text in found))
        for day, found in sorted(shares.items())
    )


def _advice(texts: Sequence[PlannedText], draft: Draft) -> Advice | None:
    """Say what MMS would save where it is delivered and an SMS is dear (R-7)."""
    if draft.media:
        return None
    known: dict[tuple[str, int, str | None], rates.MmsAdvice | None] = {}
    found = []
    for text in texts:
        if text.outcome is Fate.BLOCKED:
            continue
        which = (text.body, text.country_code, text.region)
        if which not in known:
            known[which] = rates.mms_advice(*which)
        if (advice := known[which]) is not None:
            found.append(advice)
    if not found:
        return None
    return Advice(len(found), sum(a.sms_credits for a in found), sum(a.mms_credits for a in found))


def _key(draft: Draft, plan: Plan) -> str:
    """Return what stands for exactly this text, these recipients and this cost (R-8)."""
    whole = hashlib.sha256()
    about = [
        draft.body,
        draft.kind,
        [m.url for m in draft.media],
        draft.send_at.isoformat() if draft.send_at else None,
        draft.missing,
        sorted(draft.fallbacks.items()),
        draft.over_limit,
    ]
    whole.update(json.dumps(about).encode())
    for text in plan.texts:
        whole.update(f"\n{text.contact_id} {text.e164} {text.outcome} {text.credits}".encode())
    return whole.hexdigest()


def _chunks(recipients: Sequence[Recipient]) -> Iterator[list[Recipient]]:
    rest = iter(recipients)
    while chunk := list(islice(rest, facts.CHUNK)):
        yield chunk
