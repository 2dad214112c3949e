"""Rows whose work at the carrier one run takes at a time (ADR 0010, 0011).

A run that dies loses nothing: its lease ends, and the next one looks before it does anything.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, String, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.columns import UTCDateTime
from portal.core.db import Base, database_now, db, part_of_work
from portal.core.steps import Trouble

AT_ONCE: Final = 50


class Leased:
    """Columns of a row that one run has at a time, and of what last stood in its way."""

    lease: Mapped[int] = mapped_column(default=0)  # which run
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    trouble: Mapped[str | None] = mapped_column(String(500))
    trouble_cause: Mapped[str | None] = mapped_column(String(500))
    trouble_code: Mapped[int | None]


class Stepped(Leased):
    """Columns of a row that goes on by itself, step by step."""

    todo: Mapped[list[str]] = mapped_column(JSON, default=list)  # the steps left, the next first
    asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the first may be done unheard
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # None: it waits for a person
    tries: Mapped[int] = mapped_column(default=0)  # in a row that came to nothing


def due_ids(model: type[Base], now: datetime, after: UUID | None = None) -> Sequence[UUID]:
    """Return some rows whose time has come and that no run has, by id, those after a given one."""
    table: Any = model  # which is Stepped, too
    is_free = or_(table.lease_until.is_(None), table.lease_until < now)
    wanted = select(table.id).where(table.next_at <= now, is_free)
    if after is not None:
        wanted = wanted.where(table.id > after)
    return db.session.scalars(wanted.order_by(table.id).limit(AT_ONCE)).all()


def is_running(row: Leased) -> bool:
    """Say whether a run has it now, by the database's clock."""
    return row.lease_until is not None and row.lease_until > database_now()


def is_due(row: Stepped | None, now: datetime) -> bool:
    """Say whether its next step may be taken now: its time has come, and no run has it."""
    if row is None or not row.todo or row.next_at is None or row.next_at > now:
        return False
    return not is_running(row)


def take(row: Leased, lasts: timedelta) -> None:
    """Let this run have it; what an earlier one brings back is not believed any more."""
    row.lease += 1
    row.lease_until = database_now() + lasts


def note_asked(row: Stepped, now: datetime) -> bool:
    """Note that from now on it may be done unheard; say no where the database says that another is.

    Should this run die, the next one knows that it has to look first.
    """
    try:
        with part_of_work():
            row.asked_at = now
            db.session.flush()  # an index keeps two from doing the same
    except IntegrityError:
        return False
    return True


def keep_trouble(row: Leased, trouble: Trouble) -> None:
    """Keep what went wrong, in words."""
    row.trouble, row.trouble_cause = trouble.sentence[:500], trouble.cause[:500]
    row.trouble_code = trouble.code


def forget_trouble(row: Leased) -> None:
    """Forget what went wrong."""
    row.trouble = row.trouble_cause = row.trouble_code = None


def trouble_of(row: Any) -> Trouble | None:
    """Return what went wrong; of a row, or of the columns that were read of one."""
    if not row.trouble:
        return None
    return Trouble(row.trouble, row.trouble_cause or "", row.trouble_code)
