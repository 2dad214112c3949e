"""Reading an account's rows, table by table, some at a time: no cursor stays open, nothing is held.

Tables are named, not imported: a dossier reads what others own and says nothing of how they work.
Each read begins after the last row of the one before, so memory is the same for ten texts and for
a million.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    case,
    false,
    literal,
    null,
    or_,
    select,
    tuple_,
)

from portal.core.access import Role
from portal.core.db import Base, db
from portal.core.tenancy import Tenant, owned
from portal.dossiers.values import Content, Evidence, Whose

AT_ONCE: Final = 1_000
_PARENTS: Final = 300  # rows whose children are read together


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows, from when until before when."""

    tenant: Tenant
    begins: datetime | None
    ends: datetime


Cells = Sequence[Any]


def batches(scope: Scope, content: Content, parent: Content | None) -> Iterator[Sequence[Cells]]:
    """Give the rows of one file in its order, some at a time."""
    cells, whole = _cells(content)
    if parent is None:
        place = len(_order(content))
        for page in _pages(scope, content, cells, whole):
            yield [row[place:] for row in page]
        return
    assert content.parent is not None
    own = _table(content.table).c[content.parent[0]]
    place = len(_order(parent))
    parents = _table(parent.table)
    for page in _pages(scope, parent, [parents.c.id.label("parent_id")], parents, _PARENTS):
        ids = [row[place] for row in page]
        at = {id_: index for index, id_ in enumerate(ids)}
        asked = select(own.label("child_of"), *cells).select_from(whole)
        asked = asked.where(_mine(scope.tenant, content), own.in_(ids))
        found = db.session.execute(asked.order_by(*_order(content))).all()
        yield [row[1:] for row in sorted(found, key=lambda row: at[row[0]])]


def evidence(scope: Scope, source: Evidence) -> Iterator[Sequence[Any]]:
    """Give the rows that have a file behind them, as mappings with all their columns."""
    table = _table(source.table)
    keys = [table.c[name] for name in source.key]
    whole = _within(scope, select(table), table, source.at).where(
        owned(scope.tenant, table), table.c[source.sha256].is_not(None)
    )
    last: Sequence[Any] | None = None
    while True:
        asked = _after(whole, keys, last).order_by(*keys).limit(AT_ONCE)
        page = db.session.execute(asked).mappings().all()
        if not page:
            return
        yield page
        last = [page[-1][name] for name in source.key]


def log_places(scope: Scope) -> Iterator[Sequence[tuple[int, str]]]:
    """Give the place in the log and the event of each entry about the account."""
    log = _table("audit_entries")
    from_log = Content("", log.name, "", ("position",), "at", ("position",), Whose.LOG)
    for page in _pages(scope, from_log, [log.c.event], log):
        yield [(row[0], row[-1]) for row in page]


def _pages(
    scope: Scope, content: Content, cells: Sequence[Any], of: Any, size: int = AT_ONCE
) -> Iterator[Sequence[Row[Any]]]:
    """Give pages of rows; the columns of the order stand before the cells."""
    order = _order(content)
    keyed = [column.label(f"key_{at}") for at, column in enumerate(order)]
    whole = select(*keyed, *cells).select_from(of).where(_mine(scope.tenant, content))
    whole = _within(scope, whole, _table(content.table), content.at)
    passes = [(whole, order)]
    if order[0].nullable:  # what has no number comes last: nothing is after NULL
        passes = [(whole.where(order[0].is_not(None)), order)]
        passes.append((whole.where(order[0].is_(None)), order[1:]))
    for asked, keys in passes:
        last: Sequence[Any] | None = None
        while True:
            page = db.session.execute(_after(asked, keys, last).order_by(*keys).limit(size)).all()
            if page:
                yield page
            if len(page) < size:
                break
            last = page[-1][len(order) - len(keys) : len(order)]


def _within(scope: Scope, asked: Select[Any], table: Table, at: str | None) -> Select[Any]:
    """Narrow rows to the period, where a column says when each came."""
    if at is None:
        return asked
    asked = asked.where(table.c[at] < scope.ends)
    return asked if scope.begins is None else asked.where(table.c[at] >= scope.begins)


def _after(asked: Select[Any], keys: Sequence[Any], last: Sequence[Any] | None) -> Select[Any]:
    if last is None:
        return asked
    values = [literal(value, key.type) for key, value in zip(keys, last, strict=True)]
    return asked.where(tuple_(*keys) > tuple_(*values))


def _order(content: Content) -> list[Any]:
    """Return what the rows are read by: as the file says, then the key, so that none is like another."""
    table = _table(content.table)
    named = content.order or ((content.at,) if content.at else ())
    keys = [c.name for c in table.primary_key if c.name not in {"organization_id", "account_id"}]
    if not (named or keys):
        keys = ["account_id"]  # one row an account
    return [table.c[name] for name in dict.fromkeys((*named, *keys))]


def _cells(content: Content) -> tuple[list[Any], Any]:
    """Return a file's columns, and the tables they are of: the own one, others of the same tenant beside."""
    table = _table(content.table)
    cells: list[Any] = [_said(content, table, name).label(name) for name in content.columns]
    beside: dict[tuple[str, str], Any] = {}
    whole: Any = table
    for one in content.joined:
        if (one.table, one.local) not in beside:
            other = beside[one.table, one.local] = _table(one.table).alias()
            condition = other.c[one.key] == table.c[one.local]
            for owner in ("organization_id", "account_id"):
                if owner in other.c:
                    condition &= other.c[owner] == table.c[owner]
            whole = whole.outerjoin(other, condition)
        cells.append(beside[one.table, one.local].c[one.column].label(one.heading))
    return cells, whole


def _said(content: Content, table: Table, name: str) -> Any:
    if name != "payload" or not content.silent:
        return table.c[name]
    return case((table.c.event.in_(content.silent), null()), else_=table.c.payload)


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def _mine(tenant: Tenant, content: Content) -> ColumnElement[bool]:
    """Return the condition that a row belongs to the account (I12)."""
    table = _table(content.table)
    if content.parent is not None and "organization_id" not in table.c:
        return ~false()  # a row of a row that was found to belong
    if content.whose is Whose.LOG:
        return and_(
            table.c.chain == tenant.organization_id, table.c.account_id == tenant.account_id
        )
    if content.whose is Whose.ACCOUNT:
        return owned(tenant, table)
    mine = owned(Tenant(tenant.organization_id), table)
    return and_(mine, _NARROWED[content.whose](tenant, table))


def _itself(tenant: Tenant, table: Table) -> ColumnElement[bool]:
    return table.c.id == tenant.account_id


def _known_numbers(tenant: Tenant, table: Table) -> ColumnElement[bool]:
    """Numbers somebody of the account wrote to, heard from, keeps, or has a word on consent from."""
    return or_(
        *(
            table.c.e164.in_(select(other.c.e164).where(owned(tenant, other)))
            for other in map(
                _table, ("consent_standings", "contact_numbers", "conversations", "messages")
            )
        )
    )


def _organization(tenant: Tenant, table: Table) -> ColumnElement[bool]:
    if "e164" not in table.c:
        return ~false()
    own = _table("sender_numbers")
    return or_(
        table.c.e164.is_(None),
        table.c.e164 == "",
        table.c.e164.in_(select(own.c.e164).where(owned(tenant, own))),
    )


def _of_account(tenant: Tenant, column: str) -> Any:
    account = _table("texting_accounts")
    return select(account.c[column]).where(
        owned(Tenant(tenant.organization_id), account),
        account.c.id == tenant.account_id,
        account.c[column].is_not(None),
    )


def _people(tenant: Tenant, table: Table) -> ColumnElement[bool]:
    members, teams = _table("account_members"), _table("team_members")
    own = Tenant(tenant.organization_id)
    owner = _of_account(tenant, "owner_user_id")
    around_owner = select(teams.c.team_id).where(owned(own, teams), teams.c.user_id.in_(owner))
    beside = select(teams.c.user_id).where(owned(own, teams), teams.c.team_id.in_(around_owner))
    team = select(teams.c.user_id).where(
        owned(own, teams), teams.c.team_id.in_(_of_account(tenant, "team_id"))
    )
    return or_(
        table.c.user_id.in_(owner),
        table.c.user_id.in_(select(members.c.user_id).where(owned(tenant, members))),
        table.c.user_id.in_(team),
        and_(table.c.user_id.in_(beside), table.c.role == Role.TEAM_LEAD),
    )


def _plans(tenant: Tenant, table: Table) -> ColumnElement[bool]:
    enrolments = _table("drip_enrolments")
    used = select(enrolments.c.drip_id).where(owned(tenant, enrolments))
    return or_(table.c.account_id == tenant.account_id, table.c.id.in_(used))


def _versions(tenant: Tenant, table: Table) -> ColumnElement[bool]:
    drips = _table("drips")
    own = owned(Tenant(tenant.organization_id), drips)
    return table.c.drip_id.in_(select(drips.c.id).where(own, _plans(tenant, drips)))


def _steps(tenant: Tenant, table: Table) -> ColumnElement[bool]:
    versions = _table("drip_versions")
    own = owned(Tenant(tenant.organization_id), versions)
    return table.c.version_id.in_(select(versions.c.id).where(own, _versions(tenant, versions)))


def _replies(tenant: Tenant, table: Table) -> ColumnElement[bool]:
    return or_(
        table.c.team_id.is_(None) & table.c.user_id.is_(None),
        table.c.team_id.in_(_of_account(tenant, "team_id")),
        table.c.user_id.in_(_of_account(tenant, "owner_user_id")),
    )


_NARROWED: Final = {
    Whose.ITSELF: _itself,
    Whose.NUMBERS: _known_numbers,
    Whose.ORGANIZATION: _organization,
    Whose.PEOPLE: _people,
    Whose.PLANS: _plans,
    Whose.VERSIONS: _versions,
    Whose.STEPS: _steps,
    Whose.REPLIES: _replies,
}
