"""Writing tasks down, finishing them, putting them off, and telling that they are due.

The audit log says of a task whose and when, never its words: those may name people.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.contacts import queries as contacts
from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db, is_sqlite
from portal.core.edits import change_as_seen
from portal.core.erasing import wipe
from portal.core.errors import BadInput
from portal.core.tenancy import Tenant, owned
from portal.notifications import service as notifications
from portal.tasks import queries, rules
from portal.tasks.errors import TaskChanged
from portal.tasks.models import Task
from portal.tasks.values import PutOff, Source, TaskRef
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef


def remind(
    account: AccountRef,
    *,
    title: str,
    due_at: datetime,
    actor: Actor,
    note: str = "",
    contact_id: UUID | None = None,
    for_id: UUID | None = None,
    source: Source = Source.HAND,
    key: str | None = None,
) -> UUID:
    """Write down what is to be done and when, and return the task's id (P-1, S-6).

    With a key the same wish makes one task, however often it comes, and its id is returned: a
    SmartPlan's engine names the person's step by it. A title that is too long is cut when no
    person typed it. Without `for_id` the task is for whoever works in the account.
    Raises BadInput, NotFound, or AccountClosed where somebody writes in a closed account.
    """
    if source is Source.HAND:
        accounts.check_open(account.id)
    said = _words(title, note, is_typed=source is Source.HAND)
    if contact_id is not None:
        contacts.get_or_404(account.tenant, contact_id)
    _need_person(account, for_id)
    row = {
        "id": uuid4(),
        "organization_id": account.organization_id,
        "account_id": account.id,
        "contact_id": contact_id,
        "for_id": for_id,
        **said,
        "due_at": due_at,
        "source": source,
        "key": key,
        "created_at": clock.utcnow(),
        "created_by": actor.label[:200],
        "edits": 0,
    }
    insert = (sqlite if is_sqlite() else postgresql).insert(Task).values(row)
    made: UUID | None = db.session.scalar(
        insert.on_conflict_do_nothing(index_elements=["account_id", "key"]).returning(Task.id)
    )
    if made is None:
        return db.session.scalars(
            select(Task.id).where(owned(account.tenant, Task), Task.key == key)
        ).one()
    _record("add", account.tenant, made, actor, contact_id=contact_id, due_at=due_at, source=source)
    return made


def change(
    account: AccountRef,
    task_id: UUID,
    *,
    title: str,
    note: str,
    due_at: datetime,
    for_id: UUID | None,
    edits: int,
    actor: Actor,
) -> None:
    """Change a task; `edits` is what the person saw. One that is due anew is told anew.

    Raises NotFound, BadInput, or TaskChanged where somebody was faster.
    """
    before = queries.get_or_404(account.tenant, task_id)
    if due_at == before.due_at.replace(second=0, microsecond=0):
        due_at = before.due_at  # as the person saw it, to the minute
    new = {**_words(title, note, is_typed=True), "due_at": due_at, "for_id": for_id}
    if for_id != before.for_id:
        _need_person(account, for_id)
    if before.edits != edits:
        raise TaskChanged
    if all(getattr(before, name) == value for name, value in new.items()):
        return
    if due_at != before.due_at:
        new["told_at"] = None
    if not _move(account.tenant, before, new):
        raise TaskChanged
    _record("change", account.tenant, task_id, actor, due_at=due_at)


def finish(tenant: Tenant, task_id: UUID, *, actor: Actor) -> TaskRef:
    """Mark a task as done; a second time changes nothing. Raises NotFound."""
    before = queries.get_or_404(tenant, task_id)
    if not before.is_done:
        done = {"done_at": clock.utcnow(), "done_by": actor.label[:200]}
        if _move(tenant, before, done):
            _record("finish", tenant, task_id, actor)
    return queries.get_or_404(tenant, task_id)


def reopen(tenant: Tenant, task_id: UUID, *, actor: Actor) -> TaskRef:
    """Take back that a task is done; a second time changes nothing. Raises NotFound."""
    before = queries.get_or_404(tenant, task_id)
    if before.is_done and _move(tenant, before, {"done_at": None, "done_by": None}):
        _record("reopen", tenant, task_id, actor)
    return queries.get_or_404(tenant, task_id)


def put_off(account: AccountRef, task_id: UUID, far: PutOff, *, actor: Actor) -> TaskRef:
    """Have an open task due so many days from today, and told anew then. Raises NotFound."""
    before = queries.get_or_404(account.tenant, task_id)
    due_at = rules.put_off_to(before.due_at, clock.utcnow(), far, account.timezone)
    is_moved = not before.is_done and due_at != before.due_at
    if is_moved and _move(account.tenant, before, {"due_at": due_at, "told_at": None}):
        _record("put-off", account.tenant, task_id, actor, due_at=due_at)
    return queries.get_or_404(account.tenant, task_id)


def hand_over(account: AccountRef, who: UUID, to: UUID | None, *, actor: Actor) -> int:
    """Give somebody's open tasks of an account to another, or to whoever works there; say how many.

    Raises BadInput for a person who does not work in the account.
    """
    _need_person(account, to)
    given = db.session.scalars(
        update(Task)
        .where(owned(account.tenant, Task), Task.for_id == who, Task.done_at.is_(None))
        .values(for_id=to, edits=Task.edits + 1)
        .returning(Task.id)
        .execution_options(synchronize_session=False)
    ).all()
    for task_id in sorted(given):
        _record("hand-over", account.tenant, task_id, actor, was=who, to=to)
    return len(given)


def tell_due(batch: Sequence[queries.Place]) -> int:
    """Tell who has to do these tasks that they are due, each once; return how many were told of.

    Nobody is told of those in a closed account, where nothing goes on. Safe in several processes.
    """
    rows = db.session.scalars(
        select(Task)
        .where(
            Task.id.in_([id_ for _, id_ in batch]),
            Task.done_at.is_(None),
            Task.told_at.is_(None),
        )
        .order_by(Task.due_at, Task.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    now, told = clock.utcnow(), 0
    for row in rows:
        row.told_at = now
        if accounts.is_closed(row.account_id):
            continue
        told += 1
        account = accounts.get_or_404(Tenant(row.organization_id, row.account_id))
        notifications.notify(
            organization_id=row.organization_id,
            account_id=row.account_id,
            user_ids=queries.told_to(account, row.for_id),
            kind="task",
            title=f"To do: {row.title}",
            text=row.note,
            url=f"/accounts/{row.account_id}/tasks/{row.id}",
            dedupe_key=f"task:{row.id}:{row.due_at.isoformat()}",
        )
    return told


def forget_about(
    organization_id: UUID,
    words: Iterable[str],
    contact_ids: Iterable[UUID],
    *,
    before: datetime,
    is_dry: bool,
) -> int:
    """Delete tasks about these contacts, and those that name one of the words (C-10)."""
    named = [
        column.contains(word, autoescape=True)
        for word in words
        for column in (Task.title, Task.note)
    ]
    about = and_(
        Task.organization_id == organization_id,
        Task.created_at <= before,
        or_(Task.contact_id.in_(list(contact_ids)), *named),
    )
    return wipe(Task, about, None, is_dry=is_dry)


def _words(title: str, note: str, *, is_typed: bool) -> dict[str, str]:
    title, note = rules.tidy_title(title), note.replace("\0", "").strip()
    if not is_typed:
        title, note = title[: rules.LONGEST_TITLE], note[: rules.LONGEST_NOTE]
    if not title:
        raise BadInput("Say what is to be done.")
    if len(title) > rules.LONGEST_TITLE:
        raise BadInput(f"Keep it to {rules.LONGEST_TITLE} characters; the note takes more.")
    if len(note) > rules.LONGEST_NOTE:
        raise BadInput(f"Keep the note to {rules.LONGEST_NOTE:,} characters.")
    return {"title": title, "note": note}


def _need_person(account: AccountRef, for_id: UUID | None) -> None:
    if for_id is not None and for_id not in queries.whose(account):
        raise BadInput("Choose somebody who works in this account.")


def _move(tenant: Tenant, before: TaskRef, values: dict[str, Any]) -> bool:
    """Change the row as it was read; say whether nobody was faster."""
    return change_as_seen(Task, tenant, before.id, before.edits, values)


def _record(verb: str, tenant: Tenant, task_id: UUID, actor: Actor, **said: Any) -> None:
    audit.record(
        f"tasks:task:{verb}",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=task_id,
        **{name: _plain(value) for name, value in said.items()},
    )


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value or "")
