"""Foreseeing what would happen if people were enrolled now: who gets what when, and who is left out (P-1, S-1).

It is played through for everybody as the engine would do it: step by step in order of time, each
text through the same gates as a send, for the moment it is due. What a day's limit, hours or dates
hold makes a person's later steps late, too, and the room of a day is given away once. Nothing is
changed. Consent and limits may change until then, and the gates are asked again when a text goes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.billing import queries as billing
from portal.contacts import queries as contacts
from portal.contacts.values import ContactRef, Selection
from portal.core import clock
from portal.core.errors import DomainError
from portal.drips.rules import timing
from portal.drips.service import enrolling
from portal.drips.values import MOST_AT_ONCE, DripRef, Step, StepKind
from portal.messaging.rules.allotment import DayRoom
from portal.messaging.rules.plan import PlannedText
from portal.messaging.service import facts, following, limits, planning
from portal.messaging.values import Draft, Fate, Gate, Kind, Recipient
from portal.texting_accounts.values import AccountRef

SHOWN: Final = 50
_MANY_DAYS: Final = timedelta(days=60)  # later than any day a text finds its place in
Due = tuple[datetime, int]  # when, and which step


@dataclass(frozen=True, slots=True)
class Happens:
    """One step for one person."""

    step: Step
    at: datetime
    gate: Gate | None = None  # why it waits, or why it does not go
    credits: int = 0
    is_over: bool = False  # it goes over a daily limit, at the sender's risk (S-5)

    @property
    def is_blocked(self) -> bool:
        """Whether it would not go."""
        return self.gate is not None and self.gate.outcome is Fate.BLOCKED


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What one person would get."""

    person: ContactRef
    steps: tuple[Happens, ...]
    left_out: str = ""  # why they would not be enrolled

    @property
    def blocked(self) -> tuple[Happens, ...]:
        """Return the steps that would not go."""
        return tuple(step for step in self.steps if step.is_blocked)


@dataclass(slots=True)
class StepSum:
    """What one step comes to."""

    step: Step
    due_at: datetime  # for whoever nothing holds
    goes: int = 0
    held: int = 0  # by a gate, or behind a text that one held
    blocked: int = 0
    credits: int = 0
    over: int = 0  # of those that go, over a daily limit
    latest: datetime | None = None  # when the last of those held goes
    why: Counter[str] = field(default_factory=Counter)

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Return why people wait or are left out, the commonest first."""
        return self.why.most_common(5)


@dataclass(frozen=True, slots=True)
class Foresight:
    """The calendar of an enrolment before it is made."""

    people: int  # selected
    looked_at: int  # reckoned one by one: as many as are enrolled at once
    new: int  # would be enrolled
    already: int  # they, or somebody with their number, are in it
    opted_out: int
    steps: tuple[StepSum, ...]
    persons: tuple[Foreseen, ...]  # the first of them, those with trouble before the others
    days: tuple[tuple[date, int], ...]  # texts a day, where the account is
    credits: int
    available: int  # credits
    stopper: Gate | None = None  # why nothing can go from the account now

    @property
    def is_whole(self) -> bool:
        """Whether everybody was reckoned."""
        return self.looked_at == self.people


def foresee(account: AccountRef, drip: DripRef, selection: Selection) -> Foresight:
    """Return what would happen if a selection were enrolled now; changes nothing."""
    now, people = clock.utcnow(), contacts.count_selected(account.tenant, selection)
    known: list[ContactRef] = []
    fresh: list[ContactRef] = []
    left_out: dict[UUID, str] = {}
    numbers: set[str] = set()
    for some in _batches(account, selection):
        sorted_ = enrolling.sort_out(account, drip.id, some, now, numbers)
        known += some
        fresh += [person for person, _ in sorted_.fresh]
        left_out |= sorted_.left_out
    play = _Play(account, drip, now)
    play.run(fresh)
    persons = [
        Foreseen(person, tuple(play.happens.get(person.id, ())), left_out.get(person.id, ""))
        for person in known
    ]
    persons.sort(key=lambda one: (not one.left_out, not one.blocked))
    out = sum(why == enrolling.OPTED_OUT for why in left_out.values())
    return Foresight(
        people=people,
        looked_at=len(known),
        new=len(fresh),
        already=len(left_out) - out,
        opted_out=out,
        steps=tuple(play.sums),
        persons=tuple(persons[:SHOWN]),
        days=tuple(sorted(play.days.items())),
        credits=sum(one.credits for one in play.sums),
        available=billing.balance(account.id).available,
        stopper=play.stopper,
    )


def _batches(account: AccountRef, selection: Selection) -> Iterator[list[ContactRef]]:
    left = MOST_AT_ONCE
    for batch in contacts.selected(account.tenant, selection):
        yield batch[:left]
        left -= len(batch)
        if left <= 0:
            return


class _Play:
    """A plan played through for people who begin together."""

    def __init__(self, account: AccountRef, drip: DripRef, now: datetime) -> None:
        self.account, self.steps, self.now = account, drip.steps, now
        self.zone = ZoneInfo(account.timezone)
        self.happens: dict[UUID, list[Happens]] = defaultdict(list)
        self.days: Counter[date] = Counter()
        self.sums = [StepSum(s, timing.due_at(s, now, account.timezone)) for s in drip.steps]
        self.stopper: Gate | None = None
        self._known = facts.Memory(account, now)
        self._rooms: dict[date, DayRoom] = {}
        self._due: dict[Due, list[ContactRef]] = {}
        self._order: list[Due] = []
        self._left_at: dict[UUID, datetime] = {}  # the newest text of each

    def run(self, people: Sequence[ContactRef]) -> None:
        """Take every step for these people, in order of time."""
        for person in people:
            self._wait(person, self.sums[0].due_at, 0)
        while self._order:
            due = heappop(self._order)
            self._take(*due, self._due.pop(due))

    def _wait(self, person: ContactRef, at: datetime, which: int) -> None:
        key = at, which
        if key not in self._due:
            self._due[key] = []
            heappush(self._order, key)
        self._due[key].append(person)

    def _take(self, due: datetime, which: int, people: Sequence[ContactRef]) -> None:
        """Take a step for those for whom it is due together."""
        step, total = self.steps[which], self.sums[which]
        if step.kind is StepKind.TEXT:
            self._text(step, due, people, total)
        else:
            if due > total.due_at:
                total.held += len(people)
                total.latest = max(total.latest or due, due)
            else:
                total.goes += len(people)
            for person in people:
                self.happens[person.id].append(Happens(step, due))
        if which + 1 == len(self.steps):
            return
        after = self.steps[which + 1]
        days = after.day - step.day
        later = timing.next_due(after, self.now, self.account.timezone, due, days)
        for person in people:
            self._wait(person, self._behind(person, after, later, days), which + 1)

    def _behind(self, person: ContactRef, step: Step, due: datetime, days: int) -> datetime:
        """Return when a step is taken for somebody: no text overtakes the one before it."""
        left_at = self._left_at.get(person.id, due)
        if left_at <= due:
            return due
        free = left_at + timing.FOLLOWS_WITHIN
        if free - due <= timing.LATE:
            return free
        return timing.retimed(step, free, self.account.timezone, days)

    def _text(
        self, step: Step, due: datetime, people: Sequence[ContactRef], total: StepSum
    ) -> None:
        draft = Draft(
            step.body, Kind.PLAN, missing=step.missing, over_limit="spread",
            send_at=max(due, self.now),
        )  # fmt: skip
        recipients = [Recipient(person, person.preferred) for person in people]
        try:
            texts, self.stopper = planning.judge(
                self.account, recipients, draft, self.now,
                read_day=self._read_day, known=self._known,
            )  # fmt: skip
        except DomainError as error:  # words that can't be merged any more
            gate = Gate(error.code, error.message)
            total.blocked += len(people)
            total.why[gate.sentence] += len(people)
            for person in people:
                self.happens[person.id].append(Happens(step, due, gate))
            return
        for person, text in zip(people, texts, strict=True):
            self._note(person, step, due, text, total)

    def _note(
        self, person: ContactRef, step: Step, due: datetime, text: PlannedText, total: StepSum
    ) -> None:
        gate, at, price = text.gate, text.not_before or due, text.credits
        if text.outcome is Fate.BLOCKED and gate is not None and not following.waits_for(gate):
            total.blocked += 1
            total.why[gate.sentence] += 1
            self.happens[person.id].append(Happens(step, due, gate))
            return
        if text.outcome is Fate.BLOCKED and gate is not None:  # no day ahead has room
            gate, at = Gate(gate.code, gate.sentence, Fate.HELD), due + _MANY_DAYS
        else:
            self.days[at.astimezone(self.zone).date()] += 1
        is_late = gate is not None or at > total.due_at
        is_over = bool(text.passed_limit)
        total.held += is_late
        total.goes += not is_late
        total.over += is_over
        total.credits += price
        if is_late:
            if text.outcome is not Fate.BLOCKED:
                total.latest = max(total.latest or at, at)
            total.why[gate.sentence if gate else "The text before it leaves late."] += 1
        self._left_at[person.id] = at
        self.happens[person.id].append(Happens(step, at, gate, price, is_over))

    def _read_day(self, account: AccountRef, day: date) -> DayRoom:
        """Return what earlier steps left of a day."""
        if day not in self._rooms:
            self._rooms[day] = limits.read_day(account, day)
        return self._rooms[day]
