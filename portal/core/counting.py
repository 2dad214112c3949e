"""Running counts: sums in rows of their own, so that no report reads what they count (SPEED G13).

A table of counts has its key first, then whose it is, then whole numbers that are summed. It changes
in the transaction in which what it counts does, at its end (`Last.COUNTS`), and is never the
truth: it can be made anew at any time, and the doctor compares.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import Executable, Integer, Select, Table, delete, insert, text
from sqlalchemy.dialects import postgresql, sqlite

from portal.core.db import db, is_sqlite
from portal.core.tenancy import Tenant

# The whole row in the key's own tree: a report reads half as much, a count is written once.
IN_ITS_KEY: Final = {"sqlite_with_rowid": False}

Key = tuple[object, ...]  # the values of a row before its sums, as the table has its columns
K = TypeVar("K", bound=Key)
Sums = dict[Key, list[int]]
Counted = tuple[Table, Select[Any]]  # a table of counts, and what should be in it


def figures(table: Table) -> list[str]:
    """Return the columns that are summed."""
    return [
        column.name
        for column in table.columns
        if isinstance(column.type, Integer) and not column.primary_key
    ]


def gather(sums: dict[K, list[int]], key: K, by: Iterable[int]) -> None:
    """Add to what one row is to change by."""
    before = sums.setdefault(key, [])
    sums[key] = [a + b for a, b in zip(before, by, strict=True)] if before else list(by)


def together(tallies: Iterable[dict[K, list[int]]]) -> dict[K, list[int]]:
    """Return what several changes come to."""
    sums: dict[K, list[int]] = {}
    for tally in tallies:
        for key, by in tally.items():
            gather(sums, key, by)
    return sums


def add(table: Table, sums: Mapping[Key, Sequence[int]]) -> None:
    """Add to rows, or make them: one statement, in one order everywhere (RULINGS 6)."""
    names = [column.name for column in table.columns]
    changes = sorted(sums.items(), key=lambda change: [str(part) for part in change[0]])
    values = [dict(zip(names, (*key, *by), strict=True)) for key, by in changes if any(by)]
    if values:
        db.session.execute(_adding(table, is_sqlite=is_sqlite()), values)


def make_anew(tenant: Tenant, counted: Sequence[Counted]) -> None:
    """Make an account's counts anew, in tables named in the order in which all write to them.

    Whoever counts meanwhile waits: what they changed is either committed and counted here, or
    not, and then they add it afterwards.
    """
    if not is_sqlite():
        names = ", ".join(table.name for table, _ in counted)
        db.session.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))
    for table, wanted in counted:
        db.session.execute(
            delete(table).where(
                table.c.organization_id == tenant.organization_id,
                table.c.account_id == tenant.account_id,
            )
        )
        names_ = [column.name for column in wanted.selected_columns]
        db.session.execute(insert(table).from_select(names_, wanted))


@cache
def _adding(table: Table, *, is_sqlite: bool) -> Executable:
    """Return the statement that adds to a row, or makes it; built once."""
    new = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    return new.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: table.c[name] + new.excluded[name] for name in figures(table)},
    )
