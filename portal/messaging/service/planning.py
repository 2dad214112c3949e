"""Who would be texted, held or left out, and what it costs: the pre-flight of every send (S-1)."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from portal.billing import queries as billing
from portal.compliance import queries as compliance
from portal.dnc import queries as dnc
from portal.messaging import queries
from portal.messaging.queries import plan_limits
from portal.messaging.rules import frequency, gates, hours, sums
from portal.messaging.rules.allotment import DAYS_AHEAD, Calendar, DayRoom, morning_of
from portal.messaging.rules.brand import BrandWait, Leaving, foresee
from portal.messaging.rules.frequency import TooOften
from portal.messaging.rules.gate_facts import TextFacts
from portal.messaging.rules.hours import Clockwork, Hours
from portal.messaging.rules.plan import Plan, PlannedText, sum_of_segments
from portal.messaging.rules.segments import analyze, replacements
from portal.messaging.service import facts, limits, shares
from portal.messaging.service.facts import Known
from portal.messaging.service.frequency import Lately
from portal.messaging.service.wording import Worded, Writer
from portal.messaging.values import Draft, Fate, Gate, Kind, Recipient, Timing
from portal.numbers import rules as numbers
from portal.registrations import queries as registrations
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_PASSING = gates.LIMIT_CODES | hours.CODES | {frequency.CAP}  # what time alone mends


def plan(
    account: AccountRef,
    recipients: Sequence[Recipient],
    draft: Draft,
    now: datetime,
    *,
    read_day: Callable[[AccountRef, date], DayRoom] = limits.read_day,
    by: UUID | None = None,
) -> Plan:
    """Return what would become of every recipient now; changes nothing.

    `read_day` says what is left of a day: confirm passes one that locks it. `by` is whose cap
    in a shared account holds; whoever locks its days holds that, too (SPEC 1). Raises EmptyText,
    TextTooLong or MergeError.
    """
    planned = _Planner(account, draft, now, read_day).plan(recipients)
    share = shares.share_of(account, by, now, holds=read_day is limits.lock_day)
    return replace(planned, share=share) if share else planned


def judge(
    account: AccountRef,
    recipients: Sequence[Recipient],
    draft: Draft,
    now: datetime,
    *,
    read_day: Callable[[AccountRef, date], DayRoom],
    known: facts.Memory,
) -> tuple[tuple[PlannedText, ...], Gate | None]:
    """Return what would become of every recipient, and what stops the whole account.

    For those who ask it of the same people again and again: what is known of them is read once,
    by `known`, and nothing is summed up. Raises what `plan` raises.
    """
    planner = _Planner(account, draft, now, read_day, known)
    return planner.texts(recipients), gates.account_gate(planner.facts, draft.kind)


def shut_gates(
    account: AccountRef,
    recipient: Recipient,
    kind: Kind,
    now: datetime,
    *,
    is_by_program: bool = False,
) -> list[Gate]:
    """Return every gate that is shut for one person now; none: they may be texted."""
    draft = Draft("Hello", kind, is_by_program=is_by_program)
    return _Planner(account, draft, now, _day_of(recipient)).shut_gates(recipient)


def plan_for(
    account: AccountRef, recipient: Recipient, draft: Draft, now: datetime, *, by: UUID | None
) -> Plan:
    """Return what would become of one recipient, as `plan` does, from as little as that takes."""
    return plan(account, [recipient], draft, now, read_day=_day_of(recipient), by=by)


def _day_of(recipient: Recipient) -> Callable[[AccountRef, date], DayRoom]:
    return limits.read_day_for((recipient.number.e164 if recipient.number else None) or "")


class _Seat(NamedTuple):
    """What became of one recipient at the gates, and the day their text counts against."""

    outcome: Fate
    gate: Gate | None
    not_before: datetime
    day: date | None = None
    draws_on_reserve: bool = False
    passed_limit: str = ""
    hours: Mapping[str, Any] | None = None


class _Planner:
    """One pass over the recipients, in order, with the room of the days running down."""

    def __init__(
        self,
        account: AccountRef,
        draft: Draft,
        now: datetime,
        read_day: Callable[[AccountRef, date], DayRoom],
        known: facts.Memory | None = None,
    ) -> None:
        self.account, self.draft, self.now = account, draft, now
        self.facts = facts.of_account(account)
        self.senders = facts.senders_by_number(account)
        self.writer = Writer(draft, lambda: facts.merge_values(account, self.facts.sender))
        self.leaves_at = max(now, draft.send_at) if draft.send_at else now
        self.today = accounts.today(account, self.leaves_at)
        self.calendar = Calendar(self.today, lambda day: read_day(account, day))
        book = compliance.rulebook(account.organization_id)
        self.clockwork = Clockwork(book)
        self.lately = Lately(account.organization_id, book, now, foresees=True)
        self.call_lists = dnc.read_lists(account.organization_id)
        self.is_old_list_open = draft.kind.is_marketing and facts.is_old_list_open(account)
        self.passes_limits = plan_limits.are_passed(account.organization_id, draft.kind)
        self._memory = known
        self._mornings: dict[int, datetime] = {}
        self.seen: set[str] = set()
        self.over_limit = 0

    def plan(self, recipients: Sequence[Recipient]) -> Plan:
        room = self.calendar.room()
        before = (room.recipients, room.segments)
        return self._sum(
            self.texts(recipients), before[0] - room.recipients, before[1] - room.segments
        )

    def texts(self, recipients: Sequence[Recipient]) -> tuple[PlannedText, ...]:
        return tuple(
            self.judge(recipient, known)
            for chunk in _chunks(recipients)
            for known in [self._known(chunk)]
            for recipient in chunk
        )

    def judge(self, recipient: Recipient, known: Known) -> PlannedText:
        """Put one recipient through the gates and give them their place in a day."""
        worded, looked_at = self._look_at(recipient, known)
        e164, code, is_reply = looked_at.e164, looked_at.country_code, looked_at.is_reply
        gate = gates.text_gate(looked_at)
        if e164:
            self.seen.add(e164)
        if gate is None:
            seat = self._seat(looked_at, self.calendar.room())
        elif gate.code in _PASSING:
            seat = self._later(looked_at, gate, recipient, known)
        else:
            seat = _Seat(Fate.BLOCKED, gate, self.leaves_at)
        standing = looked_at.standing
        return PlannedText(
            contact_id=recipient.contact.id,
            name=recipient.contact.full_name,
            e164=e164,
            outcome=seat.outcome,
            gate=seat.gate,
            body=worded.body,
            parts=worded.parts,
            country_code=code,
            region=recipient.number.region if recipient.number else None,
            is_reply=is_reply,
            draws_on_reserve=seat.draws_on_reserve,
            passed_limit=seat.passed_limit,
            day=seat.day,
            not_before=seat.not_before,
            from_e164=self._sender_for(e164, known),
            is_first=bool(e164) and e164 not in known.texted_before,
            consent_record_id=standing.record_id if standing else None,
            hours=seat.hours,
        )

    def shut_gates(self, recipient: Recipient) -> list[Gate]:
        known = self._known([recipient], for_gates=True)
        return gates.shut_gates(self.facts, self._look_at(recipient, known)[1])

    def _known(self, chunk: Sequence[Recipient], *, for_gates: bool = False) -> Known:
        numbers = [(r.contact.state, r.number.e164) for r in chunk if r.number and r.number.e164]
        self.lately.read(numbers, self.leaves_at)
        e164s = [e164 for _, e164 in numbers]
        if self._memory is not None:
            return self._memory.of(e164s)
        lists = self.call_lists
        return facts.of_people(self.account, e164s, self.now, lists, for_gates=for_gates)

    def _look_at(self, recipient: Recipient, known: Known) -> tuple[Worded, TextFacts]:
        number = recipient.number
        e164 = number.e164 if number else None
        code = facts.country_code(e164) if e164 else 1
        worded = self.writer.word(recipient.contact, code, number.region if number else None)
        is_reply = bool(e164) and known.is_reply(e164 or "", self.now)
        room = self.calendar.room()
        return worded, TextFacts(
            kind=self.draft.kind,
            now=self.now,
            e164=e164,
            problem=number.why if number else "",
            is_unreachable=bool(number and number.unreachable_code),
            is_duplicate=e164 in self.seen,
            country_code=code,
            country_room=room.countries.get(code) if code != 1 else None,
            standing=known.standings.get(e164) if e164 else None,
            missing=worded.missing,
            is_old_list_open=self.is_old_list_open,
            call_list=known.call_lists.get(e164) if e164 else None,
            hours=self._hours(recipient, known, self.leaves_at) if e164 else None,
            too_often=self._too_often(recipient, self.leaves_at, is_answer=is_reply),
            is_reply=is_reply,
            takes_recipient=room.takes_recipient(e164 or "", is_reply=is_reply),
            segments=sum_of_segments(worded.parts),
            recipients_left=room.recipients,
            segments_left=room.segments_for(is_reply=is_reply),
            passes_limits=self.passes_limits,
        )

    def _sender_for(self, e164: str | None, known: Known) -> str | None:
        """Return the number of the last exchange, else the default one (RULINGS 14)."""
        ours = known.our_numbers.get(e164) if e164 else None
        if ours in self.senders:
            return ours
        return self.facts.sender.e164 if self.facts.sender else None

    def _hours(self, recipient: Recipient, known: Known, at: datetime) -> Hours:
        """Return what the rules of hours say of a text at a time (P-3)."""
        e164 = (recipient.number.e164 if recipient.number else None) or ""
        timing, until = self.draft.timing, None
        told = self.clockwork.look(at, state=recipient.contact.state, e164=e164, timing=timing)
        if timing is Timing.INSISTED:
            until = at + hours.INSISTS_FOR
        elif self.draft.kind is Kind.ONE_TO_ONE and e164 in known.wrote_at:
            until = known.wrote_at[e164] + hours.ANSWERS_FOR
        return hours.freed(told, at, until, timing)

    def _too_often(self, recipient: Recipient, at: datetime, *, is_answer: bool) -> TooOften | None:
        """Return what the caps of the person's state say against a text at a time (S-2)."""
        e164 = recipient.number.e164 if recipient.number else None
        if e164 is None or not frequency.counts(self.draft.kind, is_answer=is_answer):
            return None
        return self.lately.too_often(at, state=recipient.contact.state, e164=e164)

    def _seat(self, text: TextFacts, room: DayRoom) -> _Seat:
        e164, is_reply = text.e164 or "", text.is_reply
        passed = room.passed_by(e164, text.segments, is_reply=is_reply)
        on_reserve = room.take(
            e164, text.segments, text.country_code, is_reply=is_reply, is_over=bool(passed)
        )
        return _Seat(Fate.GO, None, self.leaves_at, room.day, on_reserve, passed)

    def _fits(self, text: TextFacts, room: DayRoom) -> bool:
        if text.passes_limits:
            return room.has_country(text.country_code)
        return room.fits(text.e164 or "", text.segments, text.country_code, is_reply=text.is_reply)

    def _later(self, text: TextFacts, gate: Gate, recipient: Recipient, known: Known) -> _Seat:
        """Find the first day with room, at an hour that is open, or leave the person out.

        Whoever is beyond a day's limits is left out where the sender wants that (RULINGS 16);
        hours and caps alone leave nobody out (S-11).
        """
        at, offset, is_over = self.leaves_at, 0, False
        while offset < DAYS_AHEAD:
            room = self.calendar.room(offset)
            if self._fits(text, room):
                told = self._hours(recipient, known, at)
                often = self._too_often(recipient, at, is_answer=text.is_reply)
                if told.is_open and often is None:
                    self.over_limit += is_over
                    gate = replace(gate, held_until=at)
                    seat = self._seat(text, room)
                    return seat._replace(
                        outcome=Fate.HELD, gate=gate, not_before=at, hours=_facts_of(gate, text)
                    )
                at = often.free_at if often and told.is_open else told.opens_at
                offset = (accounts.today(self.account, at) - self.today).days
                continue
            is_over = True
            if self.draft.over_limit == "trim":
                gate = self._full(text, room) or gate
                break
            offset = self._day_after(offset, text)
            at = self._morning(offset)
        self.over_limit += is_over
        return _Seat(Fate.BLOCKED, replace(gate, outcome=Fate.BLOCKED), self.leaves_at)

    def _day_after(self, offset: int, text: TextFacts) -> int:
        """Return the next day to look at for a text that a day has no place for."""
        if text.passes_limits or text.is_reply:
            return offset + 1
        return self.calendar.next_for(text.e164 or "", offset + 1)

    def _morning(self, offset: int) -> datetime:
        """Return when texts of a later day may begin to leave; asked for by every held text."""
        if offset not in self._mornings:
            day = self.today + timedelta(days=offset)
            self._mornings[offset] = morning_of(day, self.account.timezone)
        return self._mornings[offset]

    def _full(self, text: TextFacts, room: DayRoom) -> Gate | None:
        """Return the limit of a day that a text would pass."""
        there = replace(
            text,
            hours=None,
            country_room=room.countries.get(text.country_code),
            takes_recipient=room.takes_recipient(text.e164 or "", is_reply=text.is_reply),
            recipients_left=room.recipients,
            segments_left=room.segments_for(is_reply=text.is_reply),
        )
        return gates.text_gate(there)

    def _sum(self, texts: tuple[PlannedText, ...], recipients: int, segments: int) -> Plan:
        plan = Plan(
            texts=texts,
            stopper=gates.account_gate(self.facts, self.draft.kind),
            classes=sums.classes(texts, self.draft),
            reasons=sums.reasons(texts),
            days=sums.days(texts),
            counters=queries.counters(self.account, self.leaves_at),
            recipients_taken=recipients,
            segments_taken=segments,
            available=billing.balance(self.account.id).available,
            share=None,
            forcing=analyze(self.draft.body).forcing if self.draft.body else (),
            replacements=replacements(self.draft.body) if self.draft.body else {},
            advice=sums.advice(texts, self.draft),
            over_limit=self.over_limit,
            brand=self._brand_wait(texts),
            key="",
        )
        return replace(plan, key=_key(self.draft, plan))

    def _brand_wait(self, texts: Sequence[PlannedText]) -> BrandWait | None:
        """Foresee whom the brand's day, which all accounts share, will keep waiting (S-5)."""
        known = registrations.brand(self.account.organization_id)
        today = queries.brand_day(self.account.organization_id, self.now) if known else None
        if known is None or today is None:
            return None
        leaving = [
            Leaving(text.not_before or self.leaves_at, text.segments, text.is_reply)
            for text in texts
            if text.outcome is not Fate.BLOCKED
            and text.country_code == 1
            and not numbers.is_toll_free(text.from_e164 or "")
        ]
        leaving.sort(key=lambda one: one.at)
        return foresee(leaving, today.segments, known.score, self.now)


def _facts_of(gate: Gate, text: TextFacts) -> Mapping[str, Any] | None:
    """Return the facts to store where it is the hours or a cap that hold a text."""
    if text.too_often is not None and gate.code == frequency.CAP:
        return text.too_often.facts
    return text.hours.facts if text.hours and gate.code == text.hours.code else None


def _key(draft: Draft, plan: Plan) -> str:
    """Return what stands for exactly this text, these recipients and this cost (R-8)."""
    whole = hashlib.sha256()
    about = [
        draft.body,
        draft.kind,
        [m.key for m in draft.media],
        draft.send_at.isoformat() if draft.send_at else None,
        draft.missing,
        sorted(draft.fallbacks.items()),
        draft.over_limit,
        draft.timing,
    ]
    whole.update(json.dumps(about).encode())
    for text in plan.texts:
        whole.update(f"\n{text.contact_id} {text.e164} {text.outcome} {text.credits}".encode())
    return whole.hexdigest()


def _chunks(recipients: Sequence[Recipient]) -> Iterator[list[Recipient]]:
    rest = iter(recipients)
    while chunk := list(islice(rest, facts.CHUNK)):
        yield chunk
