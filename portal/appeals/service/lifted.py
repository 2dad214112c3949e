"""A suspension that was lifted elsewhere leaves nothing to appeal: its case ends by itself (A-5)."""

from typing import Final
from uuid import UUID

from portal.appeals import queries
from portal.appeals.rules import states
from portal.appeals.rules.states import Move, Party
from portal.appeals.service import handling
from portal.core.audit import SYSTEM
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountState

_SYSTEM: Final = frozenset({Party.SYSTEM})
_LONGEST: Final = 300  # characters of a reason


def close(case_id: UUID) -> bool:
    """End a case whose suspension holds no more; say whether this call did.

    What the carrier had is reinstated, what it never saw is withdrawn, and so is that of an account
    that was closed, which nobody reinstated; whom it concerns is told. Raises MovedMeanwhile where
    somebody moved it at the same time.
    """
    case = queries.case_by_id(case_id)
    if case is None or case.is_over:
        return False
    suspension = accounts.restriction(case.tenant, case.restriction_id)
    if suspension is None or suspension.lifted_at is None:
        return False
    had_it = states.may(Move.REINSTATE, case.state, _SYSTEM)
    is_closed = accounts.get_or_404(case.tenant).state is AccountState.CLOSED
    move = Move.REINSTATE if had_it and not is_closed else Move.WITHDRAW
    said = (
        "The account was closed."
        if is_closed
        else f"The suspension was lifted by {suspension.lifted_by}: {suspension.lift_note or 'no note'}"
    )
    handling.advance(case, move, _SYSTEM, actor=SYSTEM, reason=said[:_LONGEST])
    return True
