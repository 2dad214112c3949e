"""One of many values, asked for with the same statement however many there are.

An IN has a parameter for each value, so its statement differs with their number and both
SQLAlchemy and the driver read it anew: for 500 numbers that takes longer than the question.
PostgreSQL takes them as one array; SQLite, whose driver reads nothing, keeps the IN.
"""

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, any_, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import Boolean, String


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Say that a column is one of the values given as a list under this name."""
    return _Among(column, name)


class _Among(ColumnElement[bool]):
    type = Boolean()
    _traverse_internals = [  # noqa: RUF012 (a list, says SQLAlchemy)
        ("listed", InternalTraversal.dp_clauseelement),
        ("in_array", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.listed = column.in_(bindparam(name, expanding=True))
        # A cast to a text type with a length would cut what is too long, and find another.
        kind = String() if isinstance(column.type, String) else column.type
        self.in_array = column == any_(bindparam(name, type_=ARRAY(kind)))

    def self_group(self, against: OperatorType | None = None) -> ColumnElement[bool]:
        """Stand in a condition as it is: "IN (…) = 1" would hide the index from SQLite."""
        return self


@compiles(_Among)
def _as_list(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.listed, **options)


@compiles(_Among, "postgresql")
def _as_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.in_array, **options)
