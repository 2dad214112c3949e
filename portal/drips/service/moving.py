"""What becomes of timed steps when an account goes to another time zone (P-1)."""

from sqlalchemy import select

from portal.core import clock
from portal.core.db import db
from portal.core.tenancy import owned
from portal.drips.models import DripEnrolment
from portal.drips.models.enrolments import LIVE
from portal.drips.queries import library
from portal.drips.rules import timing
from portal.texting_accounts.values import AccountRef


def move(account: AccountRef, old_zone: str) -> None:
    """Have the next steps of an account's people come at their time of day where it is now.

    Whoever waits for something else, or is paused, keeps that and gets the new time all the same.
    """
    e, now = DripEnrolment, clock.utcnow()
    rows = list(
        db.session.scalars(
            select(e)
            .where(LIVE, owned(account.tenant, e), e.due_at.is_not(None))
            .order_by(e.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
    steps = library.steps_of(account.organization_id, {row.version_id for row in rows})
    known = {step.id: step for some in steps.values() for step in some}
    for row in rows:
        step = known.get(row.next_step_id)
        if step is None or row.due_at is None:
            continue
        due = timing.moved(step, row.due_at, now, old_zone, account.timezone)
        if row.look_at == row.due_at:
            row.look_at = due
        row.due_at = due
    db.session.flush()
