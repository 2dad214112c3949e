"""Rows by the million, past everything but the driver: the limit of an insert, and quick data."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from portal.core.db import db, is_sqlite, unit_of_work

_LINES: Final = 2_000


def read(name: str, organization_id: UUID) -> Sequence[tuple[Any, ...]]:
    """Return an organization's rows of a table as the driver gives them."""
    statement = f'SELECT {_columns(name)} FROM "{name}" WHERE organization_id = {_marks(1)}'  # noqa: S608
    owner = organization_id.hex if is_sqlite() else organization_id
    cursor = _cursor()
    cursor.execute(statement, (owner,))
    rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    cursor.close()
    db.session.rollback()
    return rows


def executemany(name: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows as read() gives them, in one statement for all."""
    marks = _marks(len(db.metadata.tables[name].columns))
    cursor = _cursor()
    cursor.executemany(f'INSERT INTO "{name}" ({_columns(name)}) VALUES ({marks})', rows)  # noqa: S608
    cursor.close()


def load(name: str, columns: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> None:
    """Insert rows of texts and numbers, by COPY where there is one; ids are hex, times ISO."""
    names = ", ".join(f'"{column}"' for column in columns)
    cursor = _cursor()
    if is_sqlite():
        marks = _marks(len(columns))
        cursor.executemany(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', rows)  # noqa: S608
    else:
        rest = iter(rows)
        with cursor.copy(f'COPY "{name}" ({names}) FROM STDIN') as copy:
            while block := "".join(map(_line, islice(rest, _LINES))):
                copy.write(block)
    cursor.close()


@contextmanager
def unchecked(*tables: str) -> Iterator[None]:
    """Load tables without their indexes and without looking up what rows refer to.

    An index made once, of rows that are all there, costs a tenth of one kept up row by row.
    """
    indexes = sorted(
        (index for name in tables for index in db.metadata.tables[name].indexes),
        key=lambda index: str(index.name),
    )
    _check_references(are_checked=False)
    with unit_of_work():
        for index in indexes:
            index.drop(db.session.connection())
    try:
        yield
    finally:
        for index in indexes:
            with unit_of_work():
                index.create(db.session.connection())
        _check_references(are_checked=True)


def empty(*tables: str) -> None:
    """Delete every row of these tables, and on PostgreSQL of those that refer to them."""
    _check_references(are_checked=False)
    with unit_of_work():
        if is_sqlite():
            for name in tables:
                db.session.execute(text(f'DELETE FROM "{name}"'))  # noqa: S608
        else:
            listed = ", ".join(f'"{name}"' for name in tables)
            db.session.execute(text(f"TRUNCATE {listed} CASCADE"))
    _check_references(are_checked=True)


def _check_references(*, are_checked: bool) -> None:
    """Have this connection look up what rows refer to, or not; never inside a transaction."""
    db.session.rollback()
    with db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if is_sqlite():
            driver.execute(f"PRAGMA foreign_keys={'ON' if are_checked else 'OFF'}")
            driver.execute(f"PRAGMA synchronous={'FULL' if are_checked else 'OFF'}")
            driver.execute(f"PRAGMA cache_size={-2_000 if are_checked else -200_000}")
        else:
            role = "origin" if are_checked else "replica"
            driver.execute(f"SET session_replication_role = {role}")
            driver.commit()


def _line(row: Sequence[str | int | None]) -> str:
    """Return a row as COPY reads it; what a bench writes needs no marks of escape."""
    return "\t".join([r"\N" if value is None else str(value) for value in row]) + "\n"


def _cursor() -> Any:
    """Return the driver's own cursor, in the session's transaction."""
    return db.session.connection().connection.cursor()


def _columns(name: str) -> str:
    return ", ".join(f'"{column.name}"' for column in db.metadata.tables[name].columns)


def _marks(count: int) -> str:
    return ", ".join(["?" if is_sqlite() else "%s"] * count)
