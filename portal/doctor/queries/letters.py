"""I17: what was submitted to the carrier leaves, or somebody was asked to send it (A-5)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from portal.appeals.models import AppealCase, AppealSending
from portal.appeals.values import OVER, SendingState
from portal.core.tenancy import Tenant, owned
from portal.doctor.queries.looking import Check, Look
from portal.doctor.values import Found, Invariant

TAKEN_WITHIN: Final = timedelta(hours=1)  # of being asked for, or tried last


def cannot_leave(look: Look) -> Iterable[Found]:
    """Find what was given up because its files can't be read or made, of appeals that are open."""
    s, c = AppealSending, AppealCase
    tenant = Tenant(look.organization_id, look.account_id)
    rows = look.rows(
        select(s.id, s.case_id)
        .join(c, c.id == s.case_id)
        .where(owned(tenant, s, c), s.state == SendingState.BROKEN, c.state.not_in(OVER))
    )
    for row in rows:
        yield Found(row.id, f"What goes to the carrier for appeal {row.case_id} can't be read.")


def nobody_takes_it(look: Look) -> Iterable[Found]:
    """Find what has waited for a worker for long."""
    s = AppealSending
    rows = look.rows(
        select(s.id, s.case_id).where(
            owned(Tenant(look.organization_id, look.account_id), s),
            s.state == SendingState.WAITING,
            s.moved_at < look.now - TAKEN_WITHIN,
        )
    )
    for row in rows:
        yield Found(row.id, f"No worker made what goes to the carrier for appeal {row.case_id}.")


CHECKS: Final = (
    Check(
        Invariant.I17,
        cannot_leave,
        "Put the files back from a backup; then click “Try again” on the appeal's page.",
    ),
    Check(Invariant.I17, nobody_takes_it, "See that a worker listens to the lane of reports."),
)
