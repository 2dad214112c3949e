"""Many rows in one call: bound column by column and handed to the driver as they are (G3, G4).

For each row of a statement SQLAlchemy collects parameters, defaults and types anew. Where
hundreds of rows are alike that costs more than the database's own work, so it is found out
once for a statement here, and a value that all rows share is bound once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from sqlalchemy import Column, Connection, Dialect, Table, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from portal.core.db import db, is_sqlite

INSERTED_AT_ONCE: Final = 500
COPIED_FROM: Final = 100  # rows on, where PostgreSQL has them

_Row = Mapping[str, Any]
_Bind = Callable[[Any], Any]
_Values = Callable[[Sequence[_Row]], Sequence[Any]]  # one column's, of some rows


def insert_rows(table: Table, rows: Iterable[_Row], *, only_new: bool = False) -> int:
    """Insert rows as they come, several hundred at once; return how many went in.

    Memory does not grow with them. All rows name the same columns; one they leave out gets its
    default. `only_new` passes over a row whose key is there already. PostgreSQL gets many by COPY,
    which takes it half as long as a statement for each row.
    """
    connection = db.session.connection()
    count, rest = 0, iter(rows)
    while some := list(islice(rest, INSERTED_AT_ONCE)):
        statement, columns = _insert_into(table, tuple(some[0]), connection.dialect, only_new)
        bound = list(zip(*(values(some) for values in columns), strict=True))
        if len(bound) >= COPIED_FROM and not only_new and not is_sqlite():
            count += _copy(connection, statement.partition(" VALUES ")[0], bound)
        else:
            count += connection.exec_driver_sql(statement, bound).rowcount
    return count


def survey(tables: Iterable[str]) -> None:
    """Have PostgreSQL count anew what tables hold that have just grown by much; SQLite needs none.

    Its own survey comes within minutes. Until then it plans for the few rows it knew, and reads
    all numbers of an account for every 500 it is asked for. Free of locks anybody waits for.
    """
    if is_sqlite():
        return
    connection = db.session.connection()
    quote = connection.dialect.identifier_preparer.quote
    connection.exec_driver_sql(f"ANALYZE {', '.join(quote(name) for name in tables)}")


def update_each(statement: Update, rows: Sequence[_Row]) -> None:
    """Run an update that was made once for each row, which names its bound parameters."""
    connection = db.session.connection()
    text, names, columns = _update(statement, tuple(rows[0]), connection.dialect)
    bound: list[Any] = list(zip(*(values(rows) for values in columns), strict=True))
    if not connection.dialect.positional:
        bound = [dict(zip(names, row, strict=True)) for row in bound]
    connection.exec_driver_sql(text, bound)


def _copy(connection: Connection, into: str, rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows by COPY in the session's own transaction; return how many."""
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {into.removeprefix('INSERT INTO ')} FROM STDIN"
    dialect, errors = connection.dialect, connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
            count: int = cursor.rowcount
    except errors as error:  # told and cleared up as SQLAlchemy would
        is_gone = dialect.is_disconnect(error, driver, None)
        if is_gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, errors, connection_invalidated=is_gone, dialect=dialect
        ) from error
    return count


@lru_cache(maxsize=64)
def _insert_into(
    table: Table, names: tuple[str, ...], dialect: Dialect, only_new: bool
) -> tuple[str, Sequence[_Values]]:
    """Return the driver's statement, and for each of its columns what gives the values."""
    unknown = set(names) - set(table.columns.keys())
    if unknown:
        raise ValueError(f"{table.name} has no column {min(unknown)}")
    columns = [c for c in table.columns if c.name in names or c.default is not None]
    quote = dialect.identifier_preparer.quote
    into = ", ".join(quote(column.name) for column in columns)
    marks = ", ".join(["?" if dialect.paramstyle == "qmark" else "%s"] * len(columns))
    known = " ON CONFLICT DO NOTHING" if only_new else ""
    return (
        f"INSERT INTO {quote(table.name)} ({into}) VALUES ({marks}){known}",  # noqa: S608 (our names)
        [_values_of(column, dialect, is_given=column.name in names) for column in columns],
    )


@lru_cache(maxsize=64)
def _update(
    statement: Update, given: tuple[str, ...], dialect: Dialect
) -> tuple[str, Sequence[str], Sequence[_Values]]:
    """Return the driver's statement, its parameters, and what gives the values of each."""
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    fixed = compiled.params
    unknown = set(given) - set(fixed)
    if unknown:
        raise ValueError(f"the statement has no parameter {min(unknown)}")
    names = compiled.positiontup or list(fixed)
    return (
        compiled.string,
        names,
        [
            _given(name, _binder(compiled.binds[name].type, dialect))
            if name in given
            else _same(fixed[name], _binder(compiled.binds[name].type, dialect))
            for name in names
        ],
    )


def _values_of(column: Column[Any], dialect: Dialect, *, is_given: bool) -> _Values:
    bind = _binder(column.type, dialect)
    if is_given:
        return _given(column.name, bind)
    default: Any = column.default
    if default.is_scalar:
        return _same(default.arg, bind)
    return lambda rows: _bound(bind, [default.arg(None) for _ in rows])


def _given(name: str, bind: _Bind | None) -> _Values:
    return lambda rows: _bound(bind, [row[name] for row in rows])


def _same(value: object, bind: _Bind | None) -> _Values:
    bound = value if bind is None else bind(value)
    return lambda rows: [bound] * len(rows)


def _binder(type_: TypeEngine[Any], dialect: Dialect) -> _Bind | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _bound(bind: _Bind | None, values: Sequence[Any]) -> Sequence[Any]:
    """Give values as the driver takes them; what all rows share is bound once."""
    if bind is None:
        return values
    if len(set(map(id, values))) == 1:
        return [bind(values[0])] * len(values)
    return [bind(value) for value in values]
