"""Texts of plans that were queued before the account lost its subscription or its number (S-6).

When such a text would leave and nothing can send it, it ends, and what a step meeting an ended
subscription does is done for it: the line on the timeline, and a task with its words. All in one
unit of work, so a process that dies has done it for a person wholly or not at all.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from portal.contacts import queries as contacts
from portal.contacts.values import ContactRef
from portal.core import clock
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.drips.models import DripEnrolment, DripRun
from portal.drips.models.enrolments import LIVE
from portal.drips.queries import library
from portal.drips.service import reminding, running, stopping
from portal.drips.values import DripRef, Outcome, Step
from portal.messaging.queries import stops
from portal.messaging.queries.following import Stranded
from portal.messaging.rules.gates import OPTED_OUT
from portal.messaging.service import following, outbox, saved
from portal.messaging.service.following import Asked
from portal.messaging.values import Fate, Gate, Recipient
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

Place = tuple[DripEnrolment, UUID]  # somebody in a plan, and their text
_BY_HAND: Final = "A task asks somebody to send it by hand."


@dataclass(frozen=True, slots=True)
class _Round:
    """One step of a plan whose texts nothing can send, for people of one account."""

    account: AccountRef
    drip: DripRef
    step: Step
    people: Mapping[UUID, ContactRef]


def hand_over(batch: Sequence[Stranded]) -> int:
    """Have people of one account text by hand what nothing can send; return how many texts ended.

    Once for each, however often and in however many processes it is run: whoever is locked by
    another run is left to it, and a text that may go by now is not touched. Whom a gate only holds
    waits on, and whom one stops gets no task.
    """
    account = accounts.account(batch[0].account_id)
    if account is None or not following.lacks_means(account):
        return 0  # asked before anybody is locked: what waits is met by every sweep
    found = _places(account.tenant, [one.text_id for one in batch])
    text_ids = [text_id for places in found.values() for _, text_id in places]
    outbox.lock(text_ids)
    stopped = stops.stopped_texts(account.tenant, text_ids, clock.utcnow())
    count = 0
    for step_id, places in found.items():  # nobody is to send by hand what somebody stopped (H-8)
        if some := [place for place in places if place[1] not in stopped]:
            count += _hand_over(account, step_id, some)
    return count


def _places(tenant: Tenant, text_ids: Sequence[UUID]) -> dict[UUID, list[Place]]:
    """Lock who the texts are for, before the texts (RULINGS 6); return them by step."""
    e, r = DripEnrolment, DripRun
    rows = db.session.execute(
        select(e, r.id, r.step_id)
        .join(r, r.enrolment_id == e.id)
        .where(LIVE, owned(tenant, e, r), r.id.in_(text_ids))
        .order_by(e.id)
        .with_for_update(of=e, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[Place]] = defaultdict(list)
    for row, text_id, step_id in rows:
        found[step_id].append((row, text_id))
    return found


def _hand_over(account: AccountRef, step_id: UUID, places: Sequence[Place]) -> int:
    this = _Round(
        account,
        library.drip_of(account.organization_id, places[0][0].drip_id),
        library.step_of(account.organization_id, step_id),
        {c.id: c for c in contacts.by_ids(account.tenant, [row.contact_id for row, _ in places])},
    )
    told = following.without_means(
        account,
        [Asked(text_id, _recipient(row, this.people[row.contact_id])) for row, text_id in places],
        running.draft_of(this.drip, this.step),
    )
    if told is None:
        return 0
    why, shut = told
    by_gate: dict[Gate | None, list[Place]] = defaultdict(list)
    for row, text_id in places:
        by_gate[shut.get(text_id)].append((row, text_id))
    count = 0
    for gate, some in by_gate.items():
        if gate is None or gate.outcome is not Fate.HELD:
            ended = _end(account.tenant, some, gate, why)
            _follow_up(this, ended, gate)
            count += len(ended)
    return count


def _recipient(row: DripEnrolment, person: ContactRef) -> Recipient:
    return Recipient(person, running.number_for(row, person))


def _end(
    tenant: Tenant, places: Sequence[Place], gate: Gate | None, why: Gate
) -> list[DripEnrolment]:
    """End the texts, and say of their step that it was not sent; return for whom."""
    text_ids = [text_id for _, text_id in places]
    sentence = gate.sentence if gate else f"{why.sentence} {_BY_HAND}"
    ended = following.end_stranded(tenant, text_ids, (gate or why).code, sentence)
    db.session.execute(
        update(DripRun)
        .where(owned(tenant, DripRun), DripRun.id.in_(ended))
        .values(
            outcome=Outcome.NOT_SENT, words=reminding.not_sent(gate)[:500], ran_at=clock.utcnow()
        )
        .execution_options(synchronize_session=False)
    )
    return [row for row, text_id in places if text_id in ended]


def _follow_up(this: _Round, rows: Sequence[DripEnrolment], gate: Gate | None) -> None:
    """Remind of the text, but for whom a gate stops: of them an opt-out ends the plan."""
    if gate is None:
        own = saved.own_values(this.account)
        for row in rows:
            person = this.people[row.contact_id]
            reminding.text_by_hand(this.account, this.drip, this.step, person, row.id, own=own)
    elif rows and gate.code in OPTED_OUT:
        stopping.found_opted_out(rows, reminding.actor_of(this.drip))
