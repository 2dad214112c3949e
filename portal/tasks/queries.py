"""What there is to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, tuple_

from portal.contacts import queries as contacts
from portal.contacts.values import ContactRef
from portal.core import clock
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.people import queries as people
from portal.tasks import rules
from portal.tasks.models import Task
from portal.tasks.values import Moment, Source, TaskRef, View
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

SHOWN: Final = 100
AT_HOME: Final = 10
AT_ONCE: Final = 100
Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks of an account a list is about."""

    view: View = View.OPEN
    words: str = ""
    contact_id: UUID | None = None
    source: Source | None = None
    only_for: UUID | None = None  # this person's own and everybody's


def tasks(account: AccountRef, wanted: Wanted, limit: int = SHOWN) -> list[TaskRef]:
    """Return tasks of an account, the earliest first; finished ones the latest first."""
    order = (Task.done_at.desc(), Task.id) if wanted.view is View.DONE else (Task.due_at, Task.id)
    rows = db.session.scalars(
        select(Task).where(*_where(account, wanted)).order_by(*order).limit(limit)
    )
    return [_ref(row) for row in rows]


def count(account: AccountRef, wanted: Wanted) -> int:
    """Return how many there are."""
    found = select(func.count()).select_from(Task).where(*_where(account, wanted))
    return db.session.scalar(found) or 0


def account_ids(organization_id: UUID, user_id: UUID) -> set[UUID]:
    """Return the accounts in which open tasks are for one person alone."""
    rows = select(Task.account_id).where(
        owned(Tenant(organization_id), Task), Task.for_id == user_id, Task.done_at.is_(None)
    )
    return set(db.session.scalars(rows.distinct()))


def count_for(tenant: Tenant, user_id: UUID) -> int:
    """Return how many open tasks of an account are for one person alone."""
    wanted = select(func.count()).where(
        owned(tenant, Task), Task.for_id == user_id, Task.done_at.is_(None)
    )
    return db.session.scalar(wanted) or 0


def get_or_404(tenant: Tenant, task_id: UUID) -> TaskRef:
    """Return one task as it is now. Raises NotFound."""
    row = db.session.scalars(
        select(Task)
        .where(owned(tenant, Task), Task.id == task_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that task. It may have gone with the contact it was about.")
    return _ref(row)


def about(tenant: Tenant, contact_id: UUID) -> list[TaskRef]:
    """Return the open tasks about a person, the earliest first."""
    rows = db.session.scalars(
        select(Task)
        .where(owned(tenant, Task), Task.contact_id == contact_id, Task.done_at.is_(None))
        .order_by(Task.due_at, Task.id)
        .limit(SHOWN)
    )
    return [_ref(row) for row in rows]


def moments(tenant: Tenant, contact_id: UUID, limit: int) -> list[Moment]:
    """Return when tasks about a person were written and finished, the newest first (K-5)."""
    rows = db.session.scalars(
        select(Task)
        .where(owned(tenant, Task), Task.contact_id == contact_id)
        .order_by(func.coalesce(Task.done_at, Task.created_at).desc(), Task.id)
        .limit(limit)
    )
    found = []
    for row in rows:
        said = "\n".join(part for part in (row.title, row.note) if part)
        found.append(Moment(row.created_at, "Task", row.created_by, said, tone=""))
        if row.done_at is not None:
            found.append(Moment(row.done_at, "Task done", row.done_by or "", row.title, tone="ok"))
    return found


def names(tenant: Tenant, rows: Sequence[TaskRef]) -> dict[UUID, ContactRef]:
    """Return the people tasks are about."""
    ids = {row.contact_id for row in rows if row.contact_id is not None}
    return {person.id: person for person in contacts.by_ids(tenant, sorted(ids))}


def whose(account: AccountRef) -> dict[UUID, str]:
    """Return who works in an account, by name: a task may be for one of them."""
    found = {member.user_id: member.name for member in accounts.members(account.id)}
    if account.owner_user_id is not None and (owner := people.user(account.owner_user_id)):
        found[owner.id] = owner.name
    return found


def told_to(account: AccountRef, for_id: UUID | None) -> list[UUID]:
    """Return whom to tell that a task is due.

    Who it is for, while that person still works in the account; else its owner and leads, so that
    nothing is forgotten when somebody leaves.
    """
    if for_id is not None:
        held = people.membership(for_id, account.organization_id)
        if held is not None and accounts.reaches(for_id, held.role, account):
            return [for_id]
    elif account.owner_user_id is not None:
        return [account.owner_user_id]
    return accounts.watchers(account)


def untold(after: Place | None = None) -> list[Place]:
    """Return some open tasks that are due and that nobody was told of, the earliest first."""
    due = select(Task.due_at, Task.id).where(
        Task.done_at.is_(None), Task.told_at.is_(None), Task.due_at <= clock.utcnow()
    )
    if after is not None:
        due = due.where(tuple_(Task.due_at, Task.id) > tuple_(*after))
    rows = db.session.execute(due.order_by(Task.due_at, Task.id).limit(AT_ONCE))
    return [(row.due_at, row.id) for row in rows]


def _where(account: AccountRef, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [
        owned(account.tenant, Task),
        Task.done_at.is_not(None) if wanted.view is View.DONE else Task.done_at.is_(None),
    ]
    end = rules.end_of_day(clock.utcnow(), account.timezone)
    if wanted.view is View.DUE:
        found.append(Task.due_at < end)
    elif wanted.view is View.LATER:
        found.append(Task.due_at >= end)
    found += [
        or_(Task.title.icontains(word, autoescape=True), Task.note.icontains(word, autoescape=True))
        for word in wanted.words.split()
    ]
    if wanted.contact_id is not None:
        found.append(Task.contact_id == wanted.contact_id)
    if wanted.source is not None:
        found.append(Task.source == wanted.source)
    if wanted.only_for is not None:
        found.append(or_(Task.for_id.is_(None), Task.for_id == wanted.only_for))
    return found


def _ref(row: Task) -> TaskRef:
    return TaskRef(
        id=row.id,
        contact_id=row.contact_id,
        for_id=row.for_id,
        title=row.title,
        note=row.note,
        due_at=row.due_at,
        source=row.source,
        created_at=row.created_at,
        created_by=row.created_by,
        done_at=row.done_at,
        done_by=row.done_by or "",
        edits=row.edits,
    )
