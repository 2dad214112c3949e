"""Sending a request in, and calling it off; written down first, then told step by step by a job."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from portal.core import jobs
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.formats import plural
from portal.core.jobs import Job
from portal.core.leased import forget_trouble
from portal.core.tenancy import Tenant
from portal.numbers.service import check_allowed
from portal.people import queries as people
from portal.porting import queries
from portal.porting.errors import NotReady, NotSigned, Underway
from portal.porting.models import PortIn, PortInEvent
from portal.porting.rules import letters, preflight, steps
from portal.porting.service.ending import end, forget_secrets
from portal.porting.service.rows import happened, locked, record
from portal.porting.values import PortInRef, Problem, State, Step
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

DRAFTS_KEPT: Final = timedelta(days=90)


def today_for(account: AccountRef) -> date:
    """Return the later of today there and at Twilio, which counts in UTC."""
    now = utcnow()
    return max(now.date(), accounts.today(account, now))


def problems_of(account: AccountRef, known: PortInRef) -> tuple[Problem, ...]:
    """Return what keeps a request from being sent in today."""
    return preflight.check(known, today_for(account))


def submit(account: AccountRef, port_in_id: UUID, *, signature: str, actor: Actor) -> PortInRef:
    """Sign the letter and send a request in, or one that was turned down again.

    A second click changes nothing. Raises NotFound, NotReady with every problem, NotSigned,
    Underway, SubscriptionNeeded or AccountRestricted (B-1, N-7).
    """
    row = locked(account.tenant, port_in_id)
    known = queries.ref(row)
    if known.state in (State.SENDING, State.UNDERWAY, State.ARRIVING, State.DONE):
        return known
    if not known.may_be_edited:
        raise Underway("This was called off. Begin anew with the same number.")
    check_allowed(account)
    problems = problems_of(account, known)
    if problems:
        raise NotReady(f"{plural(len(problems), 'thing')} must be mended first.", problems)
    if not letters.is_signature_of(signature, known.details.representative):
        raise NotSigned(f"Type the name of whoever signs: {known.details.representative}.")
    organization = people.organization_settings(account.organization_id)
    row.letter = letters.letter(row.e164, known.details, organization.name, known.details.day)
    row.signed_by, row.signed_at = signature.strip()[:200], utcnow()
    _go(row, steps.AGAIN if row.round else steps.FIRST)
    row.round += 1
    row.submitted_at = utcnow()
    row.port_date = None
    happened(row, f"{actor.label} sent it in, signed by {row.signed_by}.")
    record(row, "submit", actor, round=row.round, signed_by=row.signed_by)
    return queries.ref(row)


def call_off(tenant: Tenant, port_in_id: UUID, *, actor: Actor) -> PortInRef:
    """Call a request off; the number stays where it is unless it has moved already.

    Calling off again changes nothing. Raises NotFound, or Underway once the number is ours.
    """
    row = locked(tenant, port_in_id)
    known = queries.ref(row)
    if known.state in (State.CANCELING, State.CANCELED):
        return known
    if not known.may_be_canceled:
        raise Underway("It is too late: the number is here.")
    happened(row, f"{actor.label} called it off.")
    _call_off(row)
    record(row, "cancel", actor)
    return queries.ref(row)


def forget_drafts() -> int:
    """End what nobody sent in, or again, for so long; forget what opens the old account; a sweep.

    A request that was turned down, or that never got to Twilio, counts from the last line of its
    timeline. One that Twilio may have is called off there.
    """
    long_ago = utcnow() - DRAFTS_KEPT
    is_stirred = (
        select(PortInEvent.id)
        .where(PortInEvent.port_in_id == PortIn.id, PortInEvent.at >= long_ago)
        .exists()
    )
    rows = db.session.scalars(
        select(PortIn)
        .where(
            PortIn.created_at < long_ago,
            or_(
                PortIn.state == State.DRAFT,
                PortIn.state.in_([State.ACTION_NEEDED, State.SENDING]) & ~is_stirred,
            ),
        )
        .with_for_update()
    ).all()
    for row in rows:
        happened(row, f"Nothing came of it for {DRAFTS_KEPT.days} days, so it ended.")
        _call_off(row)
        record(row, "forget", SYSTEM)
    return len(rows)


def _call_off(row: PortIn) -> None:
    """End what Twilio never heard of; have the rest called off there, which takes no secret."""
    if row.request_sid is None and row.asked_at is None and row.lease_until is None:
        end(row, State.CANCELED)
        return
    row.lease += 1  # what a run is doing right now is looked for, not believed
    row.lease_until = None
    forget_secrets(row)
    _go(row, steps.CALL_OFF)


def _go(row: PortIn, todo: tuple[Step, ...]) -> None:
    row.todo = [step.value for step in todo]
    row.state = steps.state_at(todo)
    row.problems, row.carrier_status, row.signature_url = [], "", ""
    forget_trouble(row)
    row.next_at = row.step_since = utcnow()
    row.tries = 0
    jobs.request(Job.ADVANCE_PORT_IN, row.id)
