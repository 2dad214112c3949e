"""Finding, locking and marking the rows of transfers."""

from collections.abc import Sequence
from uuid import UUID

from portal.core.clock import utcnow
from portal.core.leased import forget_trouble
from portal.core.tenancy import Tenant, lock
from portal.transfers import queries
from portal.transfers.models import Transfer
from portal.transfers.values import Ending, Step


def locked(tenant: Tenant, transfer_id: UUID) -> Transfer:
    """Return a transfer of the tenant, locked. Raises NotFound."""
    queries.get_or_404(tenant, transfer_id)
    return lock(tenant, Transfer, transfer_id)


def step_of(row: Transfer) -> Step | None:
    """Return what is to be done next; None once it ended."""
    return Step(row.todo[0]) if row.todo and row.ended_at is None else None


def set_todo(row: Transfer, todo: Sequence[Step]) -> None:
    """Put these steps before it, beginning now."""
    row.todo = [step.value for step in todo]
    row.step_since = utcnow()
    row.tries = 0
    clear_trouble(row)


def note(row: Transfer, step: Step, outcome: str, trouble: str = "") -> None:
    """Keep how a step went, and how often it was tried."""
    before = row.notes.get(step.value)
    tries = (before["tries"] if before else 0) + 1
    one = {"outcome": outcome, "tries": tries, "at": utcnow().isoformat(), "trouble": trouble}
    row.notes = {**row.notes, step.value: one}


def clear_trouble(row: Transfer) -> None:
    """Forget what went wrong."""
    forget_trouble(row)
    row.is_token_refused = False


def end(row: Transfer, ending: Ending) -> None:
    """End it: from here on the old account's token is gone."""
    row.sealed_token = None
    row.next_at = row.lease_until = None
    row.todo = []
    row.ended_at, row.ending = utcnow(), ending
    clear_trouble(row)
