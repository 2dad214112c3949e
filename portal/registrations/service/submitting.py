"""Sending a registration in: written down first, then told to the carrier step by step by a job."""

from uuid import UUID

from portal.core import audit, jobs, phone
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.formats import plural
from portal.core.jobs import Job
from portal.core.leased import forget_trouble
from portal.core.tenancy import Tenant
from portal.numbers import queries as numbers
from portal.registrations import queries
from portal.registrations.errors import AtTheCarrier, NoNumberYet, NotReady
from portal.registrations.rules import preflight, steps
from portal.registrations.service.looking import problems_of
from portal.registrations.service.rows import is_still_held, locked
from portal.registrations.values import RegistrationRef, State, Step


def submit(tenant: Tenant, registration_id: UUID, *, actor: Actor) -> RegistrationRef:
    """Send a draft in, or a rejected one again; a second click changes nothing.

    Raises NotFound, NotReady with every problem, NoNumberYet or AtTheCarrier.
    """
    row = locked(tenant, registration_id)
    now = queries.ref(row)
    if now.is_waiting or (now.state is State.REGISTERED and now.ended_at is None):
        return now
    if now.may_begin_anew or now.ended_at is not None:
        raise AtTheCarrier("Twilio takes no more changes to this request. Begin a new one.")
    if not now.may_be_edited:
        raise AtTheCarrier("The carriers suspended this. Its page says whom to ask.")
    if now.e164 is not None and not is_still_held(row):
        raise NotReady(f"{phone.show(now.e164)} is not set up any more, so it can't be sent in.")
    if numbers.credentials(tenant.organization_id) is None:
        raise NoNumberYet(
            "Set up a number first: your organization's account at the carrier comes with it."
        )
    problems = preflight.stopping(problems_of(now))
    if problems:
        raise NotReady(
            f"{plural(len(problems), 'thing')} must be mended before this can be sent in.", problems
        )
    if now.seen_at is None:
        raise NotReady("Look at the pages first: press “Look again”.")
    todo = steps.STEPS[row.kind]
    if row.state is State.REJECTED:
        rest = [Step(step) for step in row.todo]
        todo = steps.again(
            rest, has_parts=bool(row.sids), needs_new_campaign=now.needs_new_campaign
        )
    row.todo = [step.value for step in todo]
    row.state = State.SUBMITTING
    row.reasons, row.carrier_status = [], ""
    forget_trouble(row)
    row.submitted_at = row.next_at = row.step_since = utcnow()
    row.decided_at, row.again_until, row.tries = None, None, 0
    row.round += 1
    db.session.flush()  # the audit entry comes last
    audit.record(
        "registrations:registration:submit",
        actor=actor,
        organization_id=row.organization_id,
        subject_id=row.id,
        round=row.round,
    )
    jobs.request(Job.ADVANCE_REGISTRATION, row.id)
    return queries.ref(row)
