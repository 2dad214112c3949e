"""Rows by the million, past everything but the driver: the limit of an insert, and quick data."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from portal.core.db import db, is_sqlite


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
        with cursor.copy(f'COPY "{name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    cursor.close()


def _cursor() -> Any:
    """Return the driver's own cursor, in the session's transaction."""
    return db.session.connection().connection.cursor()


def _columns(name: str) -> str:
    return ", ".join(f'"{column.name}"' for column in db.metadata.tables[name].columns)


def _marks(count: int) -> str:
    return ", ".join(["?" if is_sqlite() else "%s"] * count)
