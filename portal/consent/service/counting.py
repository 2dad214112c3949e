"""Keeps the running counts of consent in step with records and standings (C-1, M-3)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from sqlalchemy import Table

from portal.consent import queries
from portal.consent.models import ConsentDay, StandingCount
from portal.consent.values import Strength
from portal.core import counting
from portal.core.counting import Key
from portal.core.db import Last, gather_before_commit
from portal.core.tenancy import Tenant

_DAYS: Final = cast(Table, ConsentDay.__table__)
_STANDINGS: Final = cast(Table, StandingCount.__table__)
_KEY: Final = [column.name for column in _DAYS.columns if column.name != "records"]


def count_kept(rows: Iterable[Mapping[str, Any]]) -> None:
    """Count the rows of records that are kept in this unit of work."""
    sums = Counter(tuple(row[name] for name in _KEY) for row in rows)
    gather_before_commit(Last.COUNTS, _write_consents, (_DAYS, sums))


def count_turned(tenant: Tenant, turned: Iterable[tuple[Strength | None, Strength]]) -> None:
    """Count numbers that had a strength, or no standing yet, and now have another."""
    sums: Counter[Key] = Counter()
    for was, now in turned:
        sums[tenant.account_id, now, tenant.organization_id] += 1
        if was is not None:
            sums[tenant.account_id, was, tenant.organization_id] -= 1
    gather_before_commit(Last.COUNTS, _write_consents, (_STANDINGS, sums))


def recount(tenant: Tenant) -> None:
    """Make the counts of an account anew from its records and standings."""
    counting.make_anew(tenant, queries.recounts(tenant))


def _write_consents(changes: list[tuple[Table, Counter[Key]]]) -> None:
    """Add the changes to the sums of days, then to those of standings."""
    for table in (_DAYS, _STANDINGS):
        sums: Counter[Key] = Counter()
        for of, by in changes:
            if of is table:
                sums.update(by)
        counting.add(table, {key: [count] for key, count in sums.items()})
