"""Enrolling many people in a worker, some hundred at a time, each time wholly or not at all (P-1).

The row says who is left: a worker that dies has done a batch or it has not, and whoever goes on
begins where it stopped. Who is in the plan already is not put into it twice.
"""

from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select

from portal.contacts.values import Selection
from portal.core import audit, clock, jobs
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.jobs import Job, Lane
from portal.drips.models import DripIntake
from portal.drips.queries import library
from portal.drips.service import enrolling
from portal.drips.values import IntakeState, Source
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

AT_ONCE: Final = 300  # people a page enrols itself
JOB_TIMEOUT_S: Final = 600
_BATCH: Final = 500


def begin(account: AccountRef, drip_id: UUID, selection: Selection, *, actor: Actor) -> UUID:
    """Have a worker put everybody in a selection into a plan; return what it is called.

    Raises NotFound, DripArchived, AccountClosed, or BadInput for more than 5,000 at once.
    """
    accounts.check_open(account.id)
    enrolling.check_usable(account, library.drip_of(account.organization_id, drip_id))
    ids = enrolling.chosen(account, selection)
    now = clock.utcnow()
    row = DripIntake(
        id=uuid4(),
        organization_id=account.organization_id,
        account_id=account.id,
        drip_id=drip_id,
        contact_ids=[str(id_) for id_ in ids],
        state=IntakeState.MOVING,
        people=len(ids),
        begun_by_id=actor.id,
        begun_by=actor.label[:200],
        begun_at=now,
        moved_at=now,
    )
    db.session.add(row)
    audit.record(
        "drips:intake:begin",
        actor=actor,
        organization_id=account.organization_id,
        account_id=account.id,
        subject_id=drip_id,
        people=len(ids),
    )
    jobs.request(Job.TAKE_IN, row.id, lane=Lane.DEFAULT, timeout_s=JOB_TIMEOUT_S)
    return row.id


def step(intake_id: UUID) -> bool:
    """Enrol the next of those who are left; say whether more are left after them.

    Whoever comes while another is at it waits, and goes on behind them. A plan that was archived
    meanwhile, or an account that was closed, stops it with the reason.
    """
    row = db.session.scalar(
        select(DripIntake)
        .where(DripIntake.id == intake_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None or row.state is not IntakeState.MOVING:
        return False
    some = row.contact_ids[row.looked_at : row.looked_at + _BATCH]
    account = accounts.account(row.account_id)
    assert account is not None  # the row is of an account
    actor = Actor(row.begun_by_id, row.begun_by)
    try:
        with db.session.begin_nested():
            done = enrolling.enrol(
                account, row.drip_id, [UUID(id_) for id_ in some], source=Source.BULK, actor=actor
            )
    except DomainError as refusal:
        _end(row, IntakeState.STOPPED, refusal.message)
        return False
    row.looked_at += len(some)
    row.enrolled += done.enrolled
    row.already += done.already
    row.opted_out += done.opted_out
    row.moved_at = clock.utcnow()
    if row.looked_at >= row.people:
        _end(row, IntakeState.DONE)
        return False
    return True


def _end(row: DripIntake, state: IntakeState, fault: str = "") -> None:
    row.state, row.fault, row.contact_ids = state, fault[:300], []
    row.moved_at = clock.utcnow()
