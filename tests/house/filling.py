"""Puts something into every free text that one of everything leaves empty (S4).

A row made here is of a right shape only as far as the database looks: it is there to be shown.
"""

from contextlib import suppress
from datetime import time
from uuid import uuid4

from sqlalchemy import (  # fmt: skip
    JSON,
    Boolean,
    Date,
    Enum,
    Integer,
    LargeBinary,
    String,
    Time,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime
from portal.core.db import Base, db
from tests.house.payloads import free_columns

WORDS = "Words"
# Where one of a few words stands, or what is read as a mapping or a list of words.
FEW = {
    "sending_fences.cause": "by_hand", "hour_edits.code": "IL", "go_live.answers": {}, "retention_policies.days": {},
    "import_findings.cells": [WORDS],
}  # fmt: skip


def fill(ours):
    """Give each table a row of ours and each free text words, where the database lets us.

    `ours` names columns and what they hold where an account is ours.
    """
    for table in Base.metadata.sorted_tables:
        free = free_columns(table)
        if not free:
            continue
        if db.session.execute(select(table).limit(1)).first() is None:
            made = _row(table, ours)
            if made is not None:
                _try(insert(table).values(made))
        _fill_rows(table, free)


def _fill_rows(table, free):
    keys = list(table.primary_key.columns)
    for row in db.session.execute(select(table)).mappings().all():
        where = [key == row[key.name] for key in keys]
        for column in free:
            if not row[column.name] and not isinstance(column.type, JSON):
                _try(update(table).where(*where).values({column.name: WORDS[: column.type.length]}))


def _row(table, ours):
    """Return a row that points to what is ours, or None where there is nothing to point to."""
    row = {name: value for name, value in ours.items() if name in table.c}
    for key in sorted(table.foreign_key_constraints, key=lambda key: -len(key.columns)):
        if all(c.name in row or (c.nullable and c.name not in ours) for c in key.columns):
            continue
        other = key.referred_table
        mine = [other.c[name] == value for name, value in ours.items() if name in other.c]
        found = _first(select(other).where(*mine)) or _first(select(other))
        if found is None:
            return None
        row |= {
            e.parent.name: found[e.column.name] for e in key.elements if e.parent.name not in row
        }
    for column in table.c:
        is_wanted = str(column) in FEW or not (column.nullable or column.server_default)
        if column.name not in row and is_wanted:
            row[column.name] = _value(column)
    return row


def _first(statement):
    return db.session.execute(statement.limit(1)).mappings().first()


def _value(column):
    if str(column) in FEW:
        return FEW[str(column)]
    kind, now = column.type, utcnow()
    if isinstance(kind, Enum):
        return next(iter(kind.enum_class or kind.enums))
    if isinstance(kind, String):
        return WORDS[: kind.length]
    plain = ((JSON, []), (UTCDateTime, now), (Date, now.date()), (Time, time(9)), (Boolean, True), (Integer, 1), (LargeBinary, b"words"))  # fmt: skip
    return next((value for type_, value in plain if isinstance(kind, type_)), uuid4())


def _try(statement):
    """Run a statement, or leave it where the database refuses it."""
    with suppress(IntegrityError), db.session.begin_nested():
        db.session.execute(statement)
