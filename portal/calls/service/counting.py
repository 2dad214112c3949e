"""Keeps the running counts of calls in step with the calls (M-3)."""

from typing import Final, cast

from sqlalchemy import Table

from portal.calls import queries
from portal.calls.models import Call, CallDay
from portal.core import counting
from portal.core.counting import Key
from portal.core.db import Last, gather_before_commit
from portal.core.tenancy import Tenant

_DAYS: Final = cast(Table, CallDay.__table__)
_SUMS: Final = counting.figures(_DAYS)


def add(call: Call, **by: int) -> None:
    """Count what changed about a call, at the end of this unit of work."""
    if any(by.values()):
        key: Key = (call.account_id, call.day, call.organization_id)
        gather_before_commit(Last.COUNTS, _write_calls, {key: [by.get(n, 0) for n in _SUMS]})


def recount(tenant: Tenant) -> None:
    """Make the counts of an account anew from its calls."""
    counting.make_anew(tenant, [queries.recounts(tenant)])


def _write_calls(changes: list[counting.Sums]) -> None:
    counting.add(_DAYS, counting.together(changes))
