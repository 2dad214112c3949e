"""T0 of a plan's step: the texts of one step to some people, by the same gates (S-1, P-1).

Nobody sits before a page here, so nobody is asked: who is blocked gets a row that says why, who
is beyond a day's limits goes on the next day with room (S-5), and whom only time or somebody's
look can free waits without a row, to be asked for again.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select

from portal.core import clock, jobs
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.jobs import Job, Lane
from portal.core.tenancy import Tenant, owned
from portal.messaging.errors import AccountStopped, LintBlocks
from portal.messaging.models import MOVING, Message
from portal.messaging.queries import recovery as records
from portal.messaging.queries import stops
from portal.messaging.rules import gates, price
from portal.messaging.rules.frequency import CAP
from portal.messaging.rules.gates import LIMIT_CODES, NO_MEANS
from portal.messaging.rules.hours import CODES as HOURS
from portal.messaging.rules.plan import Plan, PlannedText
from portal.messaging.rules.whys import GONE_BEFORE
from portal.messaging.service import facts, limits, linting, outbox, sending
from portal.messaging.service.freezing import Freezer
from portal.messaging.service.planning import plan
from portal.messaging.values import CANCELABLE, Draft, Fate, Gate, Kind, Recipient, State
from portal.texting_accounts.values import AccountRef

PLAN_PAUSED = "plan_paused"
# A restored backup takes anew what was taken since, under a name of its own (I14).
_GONE: Final = Gate(
    GONE_BEFORE, "This had left already when a backup was restored. It does not go twice."
)
_FREES_ITSELF = HOURS | LIMIT_CODES | {CAP}


@dataclass(frozen=True, slots=True)
class Asked:
    """One text a plan asks for: what it is to be called, and who gets it."""

    id: UUID
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of the texts that were asked for, by what they are called."""

    queued: Mapping[UUID, datetime]  # and when they may go
    blocked: Mapping[UUID, Gate]  # a row says so (S-11)
    waits: Mapping[UUID, Gate]  # nothing was written


def follow(
    account: AccountRef, asked: Sequence[Asked], draft: Draft, *, actor: Actor
) -> tuple[Followed, UUID | None]:
    """Queue one step's text to these people, credits reserved; return also the send it is.

    The names make it once: a name that is there already is an IntegrityError, and nothing is
    changed. Raises AccountStopped where the whole account is.
    """
    now = clock.utcnow()
    limits.lock_day(account, limits.day_of(account, now))
    recipients = [one.recipient for one in asked]
    planned = _but_gone(account, plan(account, recipients, draft, now, read_day=limits.lock_day))
    names = {one.recipient.contact.id: one.id for one in asked}
    if planned.stopper is not None:
        raise AccountStopped(planned.stopper, _shut(planned, names))
    found = linting.verdict(account, draft, planned)
    try:
        linting.check(found, linting.SENT_BEFORE)
    except LintBlocks as refusal:
        planned = _blocked(planned, refusal.gate)
    kept, waits = _sorted_out(planned)
    told = Followed(
        {_name(names, t): t.not_before or now for t in kept if t.outcome is not Fate.BLOCKED},
        {_name(names, t): t.gate for t in kept if t.outcome is Fate.BLOCKED and t.gate},
        {_name(names, text): gate for text, gate in waits},
    )
    if not kept:
        return told, None
    frozen = Freezer(account, draft, actor, now, ids=names)
    nonce = hashlib.sha256("".join(sorted(map(str, names.values()))).encode()).hexdigest()
    sending.write_down(
        account, replace(planned, texts=tuple(kept)), draft, frozen,
        nonce=nonce, intent=nonce, found=found, actor=actor,
    )  # fmt: skip
    return told, frozen.campaign_id


def moving(tenant: Tenant, text_ids: Iterable[UUID]) -> dict[UUID, datetime | None]:
    """Return those of some texts that have neither left nor ended, and until when each is held."""
    rows = db.session.execute(
        select(Message.text_id, Message.held_until).where(_of(tenant, text_ids))
    )
    return {row.text_id: row.held_until for row in rows}


def hold(tenant: Tenant, text_ids: Iterable[UUID], sentence: str) -> int:
    """Keep back what has not left of some texts until somebody lets it go on; return how many."""
    waiting = (State.QUEUED, State.HELD, State.CLAIMED)
    return len(
        outbox.hold(
            and_(_of(tenant, text_ids), Message.part <= 1,
                 Message.state.in_(waiting)),
            PLAN_PAUSED, sentence, until=None, cause="plan",
        )
    )  # fmt: skip


def let_go(tenant: Tenant, text_ids: Iterable[UUID]) -> int:
    """Let what was kept back go on, through every gate; return how many."""
    freed = outbox.move(
        and_(
            _of(tenant, text_ids), Message.state == State.HELD,
            Message.reason_code == PLAN_PAUSED,
        ),
        State.QUEUED, cause="plan", reason_code=None, reason=None,
    )  # fmt: skip
    for account_id in sorted({row.account_id for row in freed}):
        jobs.request(Job.DRAIN, account_id, lane=Lane.TEXTS)
    return len(freed)


def cancel(tenant: Tenant, text_ids: Iterable[UUID], sentence: str) -> int:
    """Stop what has not left of some texts, for good; credits come back. Returns how many."""
    return len(
        outbox.end_unsent(
            and_(_of(tenant, text_ids), Message.state.in_(CANCELABLE)),
            State.CANCELED, cause="plan", code="plan_ended", sentence=sentence,
        )
    )  # fmt: skip


def kept_back(account: AccountRef, body: str) -> Gate | None:
    """Return what keeps a step of a plan back that nobody is to send by hand either (H-4, H-8)."""
    if account.bulk_pause is not None:
        return gates.bulk_paused(account.bulk_pause)
    return stops.shut_words(account.tenant, body)


def lacks_means(account: AccountRef) -> bool:
    """Say whether plans of an account wait for a subscription or a number, and for nothing else."""
    gate = gates.account_gate(facts.of_account(account), Kind.PLAN)
    return gate is not None and gate.code in NO_MEANS and account.bulk_pause is None


def without_means(
    account: AccountRef, asked: Sequence[Asked], draft: Draft
) -> tuple[Gate, dict[UUID, Gate]] | None:
    """Return why nothing can be sent from an account at all, and whom a gate stops for themselves.

    None: it has a subscription and a number, or something else stops it first (S-6).
    """
    planned = plan(account, [one.recipient for one in asked], draft, clock.utcnow())
    if planned.stopper is None or planned.stopper.code not in NO_MEANS:
        return None
    return planned.stopper, _shut(planned, {one.recipient.contact.id: one.id for one in asked})


def end_stranded(tenant: Tenant, text_ids: Iterable[UUID], code: str, sentence: str) -> set[UUID]:
    """End texts that nothing can be sent from; return which: one that may go by now is left (S-6)."""
    ended = outbox.end_unsent(
        and_(
            _of(tenant, text_ids), Message.part <= 1, Message.state == State.HELD,
            Message.reason_code.in_(NO_MEANS),
        ),
        State.BLOCKED, cause="plan", code=code, sentence=sentence,
    )  # fmt: skip
    return {row.text_id for row in ended}


def _of(tenant: Tenant, text_ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Return those of some texts of an account that have not come to an end; by its index."""
    return and_(MOVING, owned(tenant, Message), Message.text_id.in_(list(text_ids)))


def waits_for(gate: Gate) -> bool:
    """Say whether what a gate stops waits to be asked for again: time alone, or a look, frees it."""
    return gate.outcome is Fate.HELD or gate.code in _FREES_ITSELF


def _sorted_out(planned: Plan) -> tuple[list[PlannedText], list[tuple[PlannedText, Gate]]]:
    """Part who gets a row from who waits without one: for a look, for room, for credits."""
    kept: list[PlannedText] = []
    waits: list[tuple[PlannedText, Gate]] = []
    left = planned.available
    for text in planned.texts:
        gate = text.gate
        if text.outcome is Fate.BLOCKED:
            if gate is not None and waits_for(gate):
                waits.append((text, gate))
            else:
                kept.append(text)
        elif text.credits > left:
            waits.append((text, price.SHORT))
        else:
            left -= text.credits
            kept.append(text)
    return kept, waits


def _shut(planned: Plan, names: Mapping[UUID, UUID]) -> dict[UUID, Gate]:
    """Return who may not be texted by anybody's hand either: hours and limits alone are no such no."""
    return {
        _name(names, text): text.gate
        for text in planned.texts
        if text.outcome is Fate.BLOCKED
        and text.gate is not None
        and text.gate.code not in _FREES_ITSELF
    }


def _blocked(planned: Plan, gate: Gate) -> Plan:
    """Return the plan with everybody blocked who would have gone."""
    texts = tuple(
        text if text.outcome is Fate.BLOCKED else replace(text, outcome=Fate.BLOCKED, gate=gate)
        for text in planned.texts
    )
    return replace(planned, texts=texts)


def _but_gone(account: AccountRef, planned: Plan) -> Plan:
    """Return the plan with those blocked to whom the carrier sent these words in lost days."""
    e164s = {text.e164 for text in planned.texts if text.e164}
    gone = records.gone_unaccounted(account.organization_id, e164s)
    if not gone:
        return planned
    texts = tuple(
        replace(text, outcome=Fate.BLOCKED, gate=_GONE)
        if text.outcome is not Fate.BLOCKED
        and any((text.e164, part.body.strip()) in gone for part in text.parts)
        else text
        for text in planned.texts
    )
    return replace(planned, texts=texts)


def _name(names: Mapping[UUID, UUID], text: PlannedText) -> UUID:
    assert text.contact_id is not None  # who is asked for is a contact
    return names[text.contact_id]
