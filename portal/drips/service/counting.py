"""Keeps the running counts of steps, at the end of the unit of work (M-3, H-8)."""

from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table

from portal.core import counting
from portal.core.counting import Key, Sums
from portal.core.db import Last, gather_before_commit
from portal.drips.models import DripCount

_COUNTS: Final = cast(Table, DripCount.__table__)


def count(
    organization_id: UUID,
    account_id: UUID,
    drip_id: UUID,
    step_id: UUID,
    *,
    runs: int = 0,
    replies: int = 0,
    opt_outs: int = 0,
) -> None:
    """Count what became of a step: times it was taken, and replies and opt-outs after it."""
    key: Key = (account_id, step_id, organization_id, drip_id)
    change: Sums = {key: [runs, replies, opt_outs]}
    gather_before_commit(Last.COUNTS, _write, change)


def _write(changes: list[Sums]) -> None:
    counting.add(_COUNTS, counting.together(changes))
