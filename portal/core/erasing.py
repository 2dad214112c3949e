"""Taking personal data out of rows, counted first or done, a batch at a time (C-10, C-11)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, delete, func, or_, select, update

from portal.core.audit import AuditEntry
from portal.core.db import Base, db

ERASED: Final = "[erased]"  # stands where a text was


def wipe(
    model: type[Base],
    condition: ColumnElement[bool],
    values: Mapping[str, Any] | None,
    *,
    is_dry: bool,
    limit: int | None = None,
) -> int:
    """Set values in the rows that fit, or delete them when there are no values; return how many.

    A dry run only counts. With a limit at most so many rows are done: call it again until it
    returns less. The condition must no longer fit a row that was done.
    """
    if is_dry:
        return db.session.scalar(select(func.count()).select_from(model).where(condition)) or 0
    if limit is not None:
        key: Any = model.__table__.primary_key.columns.values()[0]  # type: ignore[attr-defined]
        condition = and_(condition, key.in_(select(key).where(condition).limit(limit)))
    work = delete(model) if values is None else update(model).values(**values)
    done: Any = db.session.execute(
        work.where(condition).execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


def entries_about(
    chain: UUID, words: Sequence[str], subjects: Sequence[UUID], *, before: datetime
) -> list[UUID]:
    """Return entries of the audit log that name one of the words or are about a subject.

    Only those that still have something to destroy; one pass over the chain.
    """
    e = AuditEntry
    named = [
        clause
        for word in words
        for clause in (cast(e.payload, Text).contains(word, autoescape=True), e.actor_label == word)
    ]
    return list(
        db.session.scalars(
            select(e.id).where(
                e.chain == chain,
                e.at <= before,
                e.salt.is_not(None),
                or_(*named, e.subject_id.in_(list(subjects))),
            )
        )
    )


def views_before(chain: UUID, before: datetime, *, limit: int | None = None) -> list[UUID]:
    """Return old entries about looks at personal data that still have their content."""
    e = AuditEntry
    found = select(e.id).where(
        e.chain == chain, e.event.endswith(":view"), e.at <= before, e.salt.is_not(None)
    )
    return list(db.session.scalars(found if limit is None else found.limit(limit)))
