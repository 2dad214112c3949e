"""Taking the steps that are due: each once for each person, in order (P-1, S-11).

A batch is people of one account at the same step. Whoever is locked by another run is left to it;
the run of a step is a row that there can be but one of, written with the text it queues and with
where the person stands next. So a process that dies has done a batch wholly or not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID, uuid4

from sqlalchemy import Table, insert

from portal.contacts import queries as contacts
from portal.contacts.values import ContactRef, NumberRef
from portal.core.db import db
from portal.core.many_rows import insert_rows
from portal.drips.models import DripEnrolment, DripRun, DripSend
from portal.drips.queries import enrolments as queries
from portal.drips.queries import library
from portal.drips.queries.enrolments import Due
from portal.drips.rules import timing
from portal.drips.service import counting, mailing, reminding, stopping
from portal.drips.values import DripRef, EnrolmentState, Outcome, Step, StepKind
from portal.messaging.errors import AccountStopped
from portal.messaging.rules.gates import NO_MEANS, OPTED_OUT
from portal.messaging.rules.whys import BULK_PAUSED
from portal.messaging.service import following, saved
from portal.messaging.service.following import Asked
from portal.messaging.service.sending import number_of
from portal.messaging.values import Draft, Fate, Gate, Kind, Recipient
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

LOOKS_AGAIN: Final = timedelta(minutes=15)  # after something that only time or a person mends
EARLIER_STEP: Final = "earlier_step"
_RUNS: Final = cast(Table, DripRun.__table__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a step for one person."""

    run_id: UUID
    outcome: Outcome
    words: str = ""
    is_opted_out: bool = False


@dataclass(frozen=True, slots=True)
class _Round:
    """One step of a plan, being taken for people of one account."""

    account: AccountRef
    drip: DripRef
    steps: Sequence[Step]
    step: Step
    now: datetime

    @property
    def after_it(self) -> Step | None:
        """Return the step that comes next; None: it is the last."""
        return next((s for s in self.steps if s.position == self.step.position + 1), None)

    @property
    def days_before_it(self) -> int:
        """Return how many days the plan has between the step before and this one."""
        before = next((s for s in self.steps if s.position == self.step.position - 1), self.step)
        return self.step.day - before.day


def run(batch: Sequence[Due], now: datetime) -> int:
    """Take one step for people of one account who wait for it; return for how many.

    Once for each, however often and in however many processes it is run.
    """
    rows = list(db.session.scalars(queries.taken(batch, now)))
    account = accounts.account(batch[0].account_id)
    if not rows or account is None:
        return 0
    if batch[0].step_id is None:
        return _finish(account, rows, now)
    drip = library.drip_of(account.organization_id, rows[0].drip_id)
    steps = library.steps_of(account.organization_id, [rows[0].version_id])[rows[0].version_id]
    step = next(step for step in steps if step.id == batch[0].step_id)
    this = _Round(account, drip, steps, step, now)
    ready = _in_order(this, rows)
    taken, waits = _take(this, ready)
    for row in ready:
        if row.id in waits:
            _wait(row, waits[row.id], now + LOOKS_AGAIN)
    done = [row for row in ready if row.id in taken]
    insert_rows(_RUNS, (_run(row, step, taken[row.id], now) for row in done))
    for row in done:
        _advance(this, row, taken[row.id])
    gone = [row for row in done if taken[row.id].is_opted_out]
    if gone:
        stopping.found_opted_out(gone, reminding.actor_of(drip))
    if done:
        assert step.id is not None  # it was read
        counting.count(account.organization_id, account.id, drip.id, step.id, runs=len(done))
    return len(done)


def _finish(account: AccountRef, rows: Sequence[DripEnrolment], now: datetime) -> int:
    """End the plan for those whose last text has left; return for how many."""
    ready = _behind(account, rows, now)
    for row in ready:
        row.state, row.ended_at, row.look_at = EnrolmentState.DONE, now, None
        row.waits_for = row.waits_words = ""
    return len(ready)


def _behind(
    account: AccountRef, rows: Sequence[DripEnrolment], now: datetime
) -> list[DripEnrolment]:
    """Return those whose newest text has left or ended; the others are looked at again."""
    before = [row.last_text_id for row in rows if row.last_text_id is not None]
    moving = following.moving(account.tenant, before) if before else {}
    for row in rows:
        if row.last_text_id in moving:
            until = moving[row.last_text_id]
            _wait(row, _BEFORE, max(until or now, now) + timing.FOLLOWS_WITHIN)
    return [row for row in rows if row.last_text_id not in moving]


def _in_order(this: _Round, rows: Sequence[DripEnrolment]) -> list[DripEnrolment]:
    """Return those whose text before this step has left; the others are looked at again.

    What a held text or a pause made late takes its own time of day again.
    """
    ready, now = [], this.now
    goes_on = this.account.bulk_pause is None
    for row in _behind(this.account, rows, now):
        was_paused = row.waits_for == BULK_PAUSED and goes_on
        was_late, row.waits_for = row.waits_for == EARLIER_STEP or was_paused, ""
        if was_late and row.due_at is not None and now - row.due_at > timing.LATE:
            row.due_at = row.look_at = timing.retimed(
                this.step, now, this.account.timezone, 0 if was_paused else this.days_before_it
            )
            row.waits_words = ""
            continue
        ready.append(row)
    return ready


def _take(
    this: _Round, ready: Sequence[DripEnrolment]
) -> tuple[dict[UUID, Taken], dict[UUID, Gate]]:
    """Do what the step says; return what became of whom, and who has to wait."""
    if not ready:
        return {}, {}
    if this.step.kind is StepKind.TEXT:
        return _text(this, ready)
    if this.step.kind is StepKind.WAIT:
        return {row.id: Taken(uuid4(), Outcome.PASSED) for row in ready}, {}
    people = _people(this, ready)
    names = {row.id: uuid4() for row in ready}
    if this.step.kind is StepKind.TASK:
        own = saved.own_values(this.account)
        for row in ready:
            person = people[row.contact_id]
            reminding.remind(this.account, this.drip, this.step, person, row.id, own=own)
        return {id_: Taken(name, Outcome.REMINDED) for id_, name in names.items()}, {}
    asked = {names[row.id]: people[row.contact_id] for row in ready}
    told = mailing.post(this.account, this.step, asked)
    return {id_: Taken(name, *told[name]) for id_, name in names.items()}, {}


def _text(
    this: _Round, ready: Sequence[DripEnrolment]
) -> tuple[dict[UUID, Taken], dict[UUID, Gate]]:
    account, drip, step = this.account, this.drip, this.step
    people = _people(this, ready)
    numbers = {row.id: number_for(row, people[row.contact_id]) for row in ready}
    behind = _behind_others(this, ready, numbers)
    ready = [row for row in ready if row.id not in behind]
    if not ready:
        return {}, behind
    for row in ready:
        row.e164 = _e164(numbers[row.id])
    names = {row.id: uuid4() for row in ready}
    asked = [
        Asked(names[row.id], Recipient(people[row.contact_id], numbers[row.id])) for row in ready
    ]
    draft = draft_of(drip, step)
    try:
        told, campaign_id = following.follow(account, asked, draft, actor=reminding.actor_of(drip))
    except AccountStopped as refusal:
        gate = refusal.gate
        if gate.code in NO_MEANS:  # nobody is to send by hand what somebody stopped
            gate = following.kept_back(account, step.body) or gate
        if gate.code in NO_MEANS:
            shut = {row.id: refusal.shut.get(names[row.id]) for row in ready}
            waits = {id_: why for id_, why in shut.items() if why and why.outcome is Fate.HELD}
            own = saved.own_values(account)
            for row in ready:
                if shut[row.id] is None:
                    person = people[row.contact_id]
                    reminding.text_by_hand(account, drip, step, person, row.id, own=own)
            return {
                row.id: _not_sent(names[row.id], shut[row.id])
                for row in ready
                if row.id not in waits
            }, behind | waits
        return {}, behind | {row.id: gate for row in ready}
    if campaign_id is not None:
        db.session.execute(
            insert(DripSend).values(
                campaign_id=campaign_id,
                organization_id=account.organization_id,
                account_id=account.id,
                drip_id=drip.id,
                step_id=step.id,
            )
        )
    taken = {
        row.id: Taken(names[row.id], Outcome.QUEUED)
        if names[row.id] in told.queued
        else _blocked(names[row.id], told.blocked[names[row.id]])
        for row in ready
        if names[row.id] not in told.waits
    }
    waits = {row.id: told.waits[names[row.id]] for row in ready if names[row.id] in told.waits}
    return taken, behind | waits


def draft_of(drip: DripRef, step: Step) -> Draft:
    """Return the text a step asks for."""
    return Draft(step.body, Kind.PLAN, missing=step.missing, over_limit="spread", name=drip.name)


def _behind_others(
    this: _Round, ready: Sequence[DripEnrolment], numbers: Mapping[UUID, NumberRef | None]
) -> dict[UUID, Gate]:
    """Return those whose new number the plan texts for somebody else: it gets a plan once."""
    moved = {
        row.id: e164
        for row in ready
        if (e164 := _e164(numbers[row.id])) is not None and e164 != row.e164
    }
    if not moved:
        return {}
    taken = queries.numbers_in(this.account.tenant, this.drip.id, moved.values())
    return {id_: _OTHERS for id_, e164 in moved.items() if e164 in taken}


def _people(this: _Round, rows: Sequence[DripEnrolment]) -> dict[UUID, ContactRef]:
    ids = [row.contact_id for row in rows]
    return {person.id: person for person in contacts.by_ids(this.account.tenant, ids)}


def _blocked(run_id: UUID, gate: Gate) -> Taken:
    return Taken(run_id, Outcome.BLOCKED, gate.sentence, is_opted_out=gate.code in OPTED_OUT)


def _not_sent(run_id: UUID, gate: Gate | None) -> Taken:
    words = reminding.not_sent(gate)
    is_opted_out = gate is not None and gate.code in OPTED_OUT
    return Taken(run_id, Outcome.NOT_SENT, words, is_opted_out)


def number_for(row: DripEnrolment, person: ContactRef) -> NumberRef | None:
    """Return the number they were enrolled with, else the one they prefer now."""
    return number_of(person, row.e164) if row.e164 else person.preferred


def _e164(number: NumberRef | None) -> str | None:
    return number.e164 if number else None


def _run(row: DripEnrolment, step: Step, taken: Taken, now: datetime) -> dict[str, Any]:
    return {
        "id": taken.run_id,
        "organization_id": row.organization_id,
        "account_id": row.account_id,
        "enrolment_id": row.id,
        "step_id": step.id,
        "position": step.position,
        "kind": step.kind,
        "ran_at": now,
        "outcome": taken.outcome,
        "words": taken.words[:500],
    }


def _advance(this: _Round, row: DripEnrolment, taken: Taken) -> None:
    """Put a person at the step after this one, or at the end."""
    row.last_step_id, row.waits_for, row.waits_words = this.step.id, "", ""
    if taken.outcome is Outcome.QUEUED:
        row.last_text_id = taken.run_id
    later, now = this.after_it, this.now
    if later is not None:
        row.next_step_id = later.id
        row.due_at = row.look_at = timing.next_due(
            later, row.started_at, this.account.timezone, now, later.day - this.step.day
        )
        return
    row.next_step_id = row.due_at = None
    row.look_at = now  # once its last text has left, too, the plan is over for them


def _wait(row: DripEnrolment, gate: Gate, until: datetime) -> None:
    row.look_at, row.waits_for, row.waits_words = until, gate.code[:40], gate.sentence[:300]


_BEFORE: Final = Gate(EARLIER_STEP, "The text before it has not left yet.")
_OTHERS: Final = Gate("number_in_plan", "Somebody else with this number is in this plan.")
