"""Foreseeing what would happen if people were enrolled now: who gets what when, and who is left out (P-1, S-1).

Every text step is put through the same gates as a send, for the moment it is due: hours, dates and
limits of that day included. Nothing is changed. Consent and limits may change until then, and the
gates are asked again whenever a text goes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.contacts import queries as contacts
from portal.contacts.values import ContactRef, Selection
from portal.core import clock
from portal.core.errors import DomainError
from portal.drips.queries import enrolments
from portal.drips.rules import timing
from portal.drips.values import DripRef, Step, StepKind
from portal.messaging.rules.gates import OPTED_OUT
from portal.messaging.rules.plan import Plan, PlannedText
from portal.messaging.service import planning
from portal.messaging.values import Draft, Fate, Gate, Kind, Recipient
from portal.texting_accounts.values import AccountRef

EXACTLY: Final = 300  # people; of more the first so many are shown, by the book's own order
SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Happens:
    """One step for one person."""

    step: Step
    at: datetime
    gate: Gate | None = None  # why it waits, or why it does not go
    credits: int = 0

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


@dataclass(frozen=True, slots=True)
class StepSum:
    """What one step comes to."""

    step: Step
    due_at: datetime
    goes: int = 0
    held: int = 0
    blocked: int = 0
    credits: int = 0
    latest: datetime | None = None  # when the last of those held goes
    reasons: tuple[tuple[str, int], ...] = ()  # why people wait or are left out


@dataclass(frozen=True, slots=True)
class Foresight:
    """The calendar of an enrolment before it is made."""

    people: int  # selected
    looked_at: int  # reckoned one by one
    new: int  # of those would be enrolled
    already: int
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


@dataclass(slots=True)
class _Tally:
    """What is found on the way."""

    happens: dict[UUID, list[Happens]] = field(default_factory=dict)
    days: Counter[date] = field(default_factory=Counter)
    sums: list[StepSum] = field(default_factory=list)
    stopper: Gate | None = None
    available: int = 0


def foresee(account: AccountRef, drip: DripRef, selection: Selection) -> Foresight:
    """Return what would happen if a selection were enrolled now; changes nothing."""
    now, people = clock.utcnow(), contacts.count_selected(account.tenant, selection)
    some: list[ContactRef] = []
    for batch in contacts.selected(account.tenant, selection):
        some += batch
        if len(some) >= EXACTLY:
            break
    some = some[:EXACTLY]
    in_it = enrolments.live_in(account.tenant, drip.id, [person.id for person in some])
    fresh = [person for person in some if person.id not in in_it]
    tally = _Tally({person.id: [] for person in fresh})
    for step in drip.steps:
        _look_at(account, step, fresh, now, tally)
    out = {id_ for id_, steps in tally.happens.items() if any(map(_is_out, steps))}
    persons = [
        Foreseen(person, tuple(tally.happens.get(person.id, ())), _why_not(person.id, in_it, out))
        for person in some
    ]
    persons.sort(key=lambda one: (not one.left_out, not one.blocked))
    return Foresight(
        people=people,
        looked_at=len(some),
        new=len(fresh) - len(out),
        already=len(in_it),
        opted_out=len(out),
        steps=tuple(tally.sums),
        persons=tuple(persons[:SHOWN]),
        days=tuple(sorted(tally.days.items())),
        credits=sum(one.credits for one in tally.sums),
        available=tally.available,
        stopper=tally.stopper,
    )


def _look_at(
    account: AccountRef, step: Step, people: Sequence[ContactRef], now: datetime, tally: _Tally
) -> None:
    """Reckon one step for everybody."""
    due = timing.due_at(step, now, account.timezone)
    if step.kind is not StepKind.TEXT or not people:
        for person in people:
            tally.happens[person.id].append(Happens(step, due))
        tally.sums.append(StepSum(step, due, goes=len(people)))
        return
    try:
        plan = _planned(account, step, people, due, now)
    except DomainError as error:  # words that can't be merged any more
        gate = Gate(error.code, error.message)
        for person in people:
            tally.happens[person.id].append(Happens(step, due, gate))
        tally.sums.append(StepSum(step, due, blocked=len(people)))
        return
    tally.stopper, tally.available = plan.stopper, plan.available
    zone = ZoneInfo(account.timezone)
    for person, text in zip(people, plan.texts, strict=True):
        at = text.not_before or due
        is_blocked = text.outcome is Fate.BLOCKED
        price = 0 if is_blocked else text.credits
        tally.happens[person.id].append(Happens(step, at, text.gate, price))
        if not is_blocked:
            tally.days[at.astimezone(zone).date()] += 1
    tally.sums.append(_sum(step, due, plan.texts))


def _planned(
    account: AccountRef, step: Step, people: Sequence[ContactRef], due: datetime, now: datetime
) -> Plan:
    draft = Draft(
        step.body, Kind.PLAN, missing=step.missing, over_limit="spread", send_at=max(due, now)
    )
    return planning.plan(account, [Recipient(p, p.preferred) for p in people], draft, now)


def _sum(step: Step, due: datetime, texts: Sequence[PlannedText]) -> StepSum:
    held = [text for text in texts if text.outcome is Fate.HELD]
    blocked = [text for text in texts if text.outcome is Fate.BLOCKED]
    why = Counter(text.gate.sentence for text in (*held, *blocked) if text.gate)
    return StepSum(
        step,
        due,
        goes=len(texts) - len(held) - len(blocked),
        held=len(held),
        blocked=len(blocked),
        credits=sum(text.credits for text in texts if text.outcome is not Fate.BLOCKED),
        latest=max((text.not_before for text in held if text.not_before), default=None),
        reasons=tuple(why.most_common(5)),
    )


def _is_out(one: Happens) -> bool:
    return one.gate is not None and one.gate.code in OPTED_OUT


def _why_not(id_: UUID, in_it: set[UUID], out: set[UUID]) -> str:
    if id_ in in_it:
        return "In this plan already"
    return "Opted out" if id_ in out else ""
