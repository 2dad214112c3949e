"""One step after the other: taken by one run, carried out outside, written down (N-5).

    with unit_of_work():
        order = registrations.claim(registration_id)
    outcome = registrations.carry_out(order)
    with unit_of_work():
        goes_on = registrations.settle(order, outcome)

A run that dies loses nothing: its lease ends, and the next one looks before it makes anything.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from portal.core import audit, jobs
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.jobs import Job
from portal.core.leased import forget_trouble, is_due, keep_trouble, take
from portal.core.secrets_box import SecretUnreadable
from portal.core.steps import Trouble, back_off, next_look
from portal.core.tenancy import Tenant, owned
from portal.gateways.registrations import Review
from portal.numbers import queries as numbers
from portal.numbers import rules as number_rules
from portal.numbers import service as number_service
from portal.registrations import queries
from portal.registrations.models import Registration
from portal.registrations.rules import rejections, steps
from portal.registrations.service.rows import close, is_still_held, locked
from portal.registrations.service.telling import tell
from portal.registrations.values import Kind, Order, Outcome, Result, State, Step

LEASE: Final = timedelta(seconds=120)  # longer than one step's carrier calls can take
_AGAIN_SUSPENDED: Final = timedelta(hours=1)


def claim(registration_id: UUID) -> Order | None:
    """Take the next step to do; None when nothing is due, or another run is at it."""
    row = db.session.get(
        Registration, registration_id, with_for_update=True, populate_existing=True
    )
    now = utcnow()
    if row is None or not is_due(row, now):
        return None
    if row.kind is Kind.TOLL_FREE and not is_still_held(row):
        close(row, SYSTEM)
        return None
    try:
        credentials = numbers.credentials(row.organization_id)
    except SecretUnreadable as error:
        _not_now(row, Outcome(Result.NOT_NOW, trouble=Trouble(error.message)))
        return None
    step, asked_at = Step(row.todo[0]), row.asked_at
    take(row, LEASE)
    if step in steps.MAKING:
        row.asked_at = now  # should this run die, the next one knows that something may be made
    return Order(
        registration_id=row.id,
        organization_id=row.organization_id,
        kind=row.kind,
        step=step,
        lease=row.lease,
        details=queries.ref(row).details,
        sids=dict(row.sids),
        asked_at=asked_at,
        now=now,
        credentials=credentials,
        service_sid=numbers.messaging_service(row.organization_id),
        number_sids=_number_sids(row),
        earlier_sids=_earlier_sids(row),
    )


def settle(order: Order, outcome: Outcome) -> bool:
    """Write down how a step ended, and say whether the next one may follow at once.

    A run whose lease another one took over is not believed: that one looked for itself.
    """
    row = locked(Tenant(order.organization_id), order.registration_id)
    if row.lease != order.lease:
        return False
    row.lease_until, row.asked_at = None, outcome.asked_at
    if outcome.review is not None:
        row.carrier_status = outcome.review.status[:40]
    if outcome.trouble is None:
        forget_trouble(row)
    match outcome.result:
        case Result.DONE:
            _done(row, order.step, outcome)
        case Result.PENDING:
            row.tries = 0
            since = row.step_since or utcnow()
            row.next_at = utcnow() + next_look(
                utcnow() - since, at_most=steps.LOOKED_AT_LEAST_EVERY
            )
        case Result.WAITING | Result.NOT_NOW:
            _not_now(row, outcome)
        case Result.SUSPENDED if row.kind is Kind.TOLL_FREE:
            _let_send(row, is_on=False)
            row.todo = [Step.AWAIT_VERIFICATION.value, *row.todo]  # it may be sent in again
            _rejected(row, Step.AWAIT_VERIFICATION, outcome.review)
        case Result.SUSPENDED:
            _suspended(row, outcome.review)
        case Result.REFUSED | Result.REJECTED:
            _rejected(row, order.step, outcome.review)
    return outcome.result is Result.DONE and order.step is not Step.WATCH


def try_now(tenant: Tenant, registration_id: UUID, *, actor: Actor) -> None:
    """Go on at once with a registration that waits; for people who mended what was in the way."""
    row = locked(tenant, registration_id)
    if row.next_at is None or not queries.ref(row).is_waiting:
        return
    row.next_at = utcnow()
    audit.record(
        "registrations:registration:retry",
        actor=actor,
        organization_id=row.organization_id,
        subject_id=row.id,
    )
    jobs.request(Job.ADVANCE_REGISTRATION, row.id)


def _number_sids(row: Registration) -> tuple[str, ...]:
    if row.kind is Kind.TOLL_FREE:
        sender = numbers.sender_by_e164(row.organization_id, row.e164 or "")
        return (sender.carrier_sid,) if sender and sender.carrier_sid else ()
    return tuple(
        sender.carrier_sid
        for sender in numbers.ready_of_organization(row.organization_id)
        if sender.carrier_sid and not number_rules.is_toll_free(sender.e164)
    )


def _earlier_sids(row: Registration) -> tuple[str, ...]:
    """Return what the carrier calls the earlier requests of the same toll-free number."""
    if row.e164 is None:
        return ()
    rows = db.session.scalars(
        select(Registration.sids).where(
            owned(Tenant(row.organization_id), Registration),
            Registration.e164 == row.e164,
            Registration.id != row.id,
        )
    )
    return tuple(sids[Step.VERIFICATION] for sids in rows if Step.VERIFICATION in sids)


def _done(row: Registration, step: Step, outcome: Outcome) -> None:
    now = utcnow()
    if outcome.sid is not None:
        row.sids = {**row.sids, step.value: outcome.sid}
    row.tries, row.asked_at = 0, None
    if step is Step.WATCH:
        row.next_at = now + steps.WATCH_EVERY
        if row.state is State.SUSPENDED:
            _registered(row)
        return
    row.todo = row.todo[1:]
    following = Step(row.todo[0])
    row.next_at = row.step_since = now
    row.state = steps.state_at(following)
    if step is Step.AWAIT_BRAND and outcome.review is not None:
        is_vetted = row.details.get("tier") == "standard"
        row.score = outcome.review.score if is_vetted else None
        tell(row, "brand")
    if following is Step.WATCH:
        row.decided_at, row.next_at = now, now + steps.WATCH_EVERY
        _registered(row)
    db.session.flush()  # the audit entry comes last
    audit.record(
        "registrations:registration:step",
        actor=SYSTEM,
        organization_id=row.organization_id,
        subject_id=row.id,
        step=step.value,
        sid=outcome.sid,
        state=row.state.value,
    )


def _registered(row: Registration) -> None:
    """Let the numbers send."""
    row.state, row.reasons = State.REGISTERED, []
    _let_send(row, is_on=True)
    tell(row, "registered")


def _suspended(row: Registration, review: Review | None) -> None:
    """Stop the numbers and keep what was said; the carriers are asked again every hour."""
    row.next_at = utcnow() + _AGAIN_SUSPENDED
    said = review.reasons if review else ()
    row.reasons = [asdict(one) for one in rejections.explain(said, Step.WATCH)] if said else []
    if row.state is State.SUSPENDED:
        return
    row.state = State.SUSPENDED
    _let_send(row, is_on=False)
    tell(row, "suspended")
    _record_end(row)


def _let_send(row: Registration, *, is_on: bool) -> None:
    if row.kind is Kind.A2P:
        number_service.note_campaign(row.organization_id, is_live=is_on)
    else:
        number_service.note_toll_free(row.organization_id, row.e164 or "", is_verified=is_on)


def _rejected(row: Registration, step: Step, review: Review | None) -> None:
    row.state = State.REJECTED
    row.next_at, row.decided_at, row.tries = None, utcnow(), 0
    found = rejections.explain(review.reasons if review else (), step)
    row.reasons = [asdict(one) for one in found]
    row.may_send_in_again = review is None or review.may_send_in_again
    row.again_until = review.again_until if review else None
    tell(row, "rejected", found[0].sentence)
    _record_end(row)


def _record_end(row: Registration) -> None:
    db.session.flush()  # the audit entry comes last
    audit.record(
        "registrations:registration:end",
        actor=SYSTEM,
        organization_id=row.organization_id,
        subject_id=row.id,
        state=row.state.value,
        codes=[one["code"] for one in row.reasons],
    )


def _not_now(row: Registration, outcome: Outcome) -> None:
    row.next_at = utcnow() + back_off(row.tries)
    row.tries += 1
    if outcome.trouble is not None:
        keep_trouble(row, outcome.trouble)
        if outcome.trouble.code is not None:
            tell(row, "trouble", outcome.trouble.sentence)
