"""Who answers a conversation: given, taken, and free again when somebody leaves (Q-5)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update

from portal.contacts import queries as contacts
from portal.contacts import service as contact_service
from portal.core import audit, clock, phone
from portal.core.audit import SYSTEM, Actor
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.core.tenancy import Tenant, owned
from portal.messaging.errors import AssignedMeanwhile
from portal.messaging.models import Conversation
from portal.messaging.queries.assigned import ASSIGNED, FREED, Pair
from portal.messaging.service import facts
from portal.notifications import service as notifications
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

FREED_AT_ONCE: Final = 200


def assign(
    account: AccountRef,
    conversation_id: UUID,
    to: UUID | None,
    *,
    was: UUID | None,
    actor: Actor,
) -> None:
    """Give a conversation to one of the account's people, or to nobody; tell who gets it.

    `was` is who had it on the page. Raises AssignedMeanwhile when somebody else has it by now,
    BadInput for a person who does not text from this account, NotFound. Again is harmless.
    """
    row = db.session.scalars(
        select(Conversation)
        .where(owned(account.tenant, Conversation), Conversation.id == conversation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that conversation.")
    if row.assignee_id == to:
        return
    if row.assignee_id != was:
        raise AssignedMeanwhile(_name_of(row.assignee_id))
    name = _able(account, to)
    row.assignee_id = to
    said = {"to": name, "was": _name_of(was), "is_own": to is not None and to == actor.id}
    _record(ASSIGNED, account, [row.id], said, actor)
    if to is not None and to != actor.id:
        _tell(account, row, to, actor)


def lock_numbers(organization_id: UUID, who: UUID) -> None:
    """Lock the numbers of all of somebody's conversations, before anything else (RULINGS 6)."""
    c = Conversation
    theirs = select(c.e164).where(owned(Tenant(organization_id), c), c.assignee_id == who)
    contact_service.lock_numbers(organization_id, db.session.scalars(theirs).all())


def hand_over(account: AccountRef, who: UUID, to: UUID | None, *, actor: Actor) -> int:
    """Give all of somebody's conversations of an account to another, or to nobody; say how many.

    Their numbers are locked before where texts are canceled, too. Raises BadInput for a person who
    does not text from this account.
    """
    name = _able(account, to)
    c = Conversation
    theirs = and_(owned(account.tenant, c), c.assignee_id == who)
    ids = db.session.scalars(select(c.id).where(theirs).order_by(c.id).with_for_update()).all()
    _set_holder(theirs, to)
    said = {"to": name, "was": _name_of(who), "is_own": to is not None and to == actor.id}
    _record(ASSIGNED, account, ids, said, actor)
    return len(ids)


def free(pair: Pair) -> int:
    """Let somebody's conversations of an account be nobody's once they can't answer there.

    At most FREED_AT_ONCE of them; return how many.
    """
    account_id, user_id = pair
    account = accounts.account(account_id)
    if account is None or facts.may_still_send(account, [user_id])[user_id]:
        return 0
    c = Conversation
    theirs = (
        select(c.id)
        .where(owned(account.tenant, c), c.assignee_id == user_id)
        .order_by(c.id)
        .limit(FREED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    ids = db.session.scalars(theirs).all()
    name = _name_of(user_id)
    _set_holder(c.id.in_(ids), None)
    _record(FREED, account, ids, {"was": name}, SYSTEM)
    if ids:
        _tell_watchers(account, user_id, name)
    return len(ids)


def _able(account: AccountRef, to: UUID | None) -> str | None:
    """Return what who is to answer is called. Raises BadInput for a person who does not text here."""
    able = {person.id: person.name for person in accounts.people_of(account)}
    if to is not None and to not in able:
        raise BadInput("This person does not text from this account. Choose somebody who does.")
    return able[to] if to else None


def _set_holder(which: ColumnElement[bool], to: UUID | None) -> None:
    db.session.execute(
        update(Conversation)
        .where(which)
        .values(assignee_id=to)
        .execution_options(synchronize_session=False)
    )


def _record(
    event: str, account: AccountRef, ids: Iterable[UUID], said: Mapping[str, Any], actor: Actor
) -> None:
    for id_ in ids:
        audit.record(
            event,
            actor=actor,
            organization_id=account.organization_id,
            account_id=account.id,
            subject_id=id_,
            **said,
        )


def _name_of(user_id: UUID | None) -> str | None:
    person = people.user(user_id) if user_id else None
    return person.name if person else None


def _tell(account: AccountRef, row: Conversation, to: UUID, actor: Actor) -> None:
    _, name = contacts.names_by_numbers(account.tenant, [row.e164]).get(row.e164, (None, ""))
    shown = phone.show(row.e164) if name in ("", row.e164) else name
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account.id,
        user_ids=[to],
        kind="assigned",
        title=f"{actor.label} gave you the conversation with {shown}",
        text=row.preview,
        url=f"/accounts/{account.id}/conversations/{row.id}",
        dedupe_key=f"assigned:{row.id}:{clock.utcnow().isoformat()}",
    )


def _tell_watchers(account: AccountRef, user_id: UUID, name: str | None) -> None:
    today = accounts.today(account, clock.utcnow())
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account.id,
        user_ids=accounts.watchers(account),
        kind="assigned",
        title=f"Conversations of {name} are nobody's now",
        text=f"{name} does not text from {account.name} any more. Give them to somebody else.",
        url=f"/accounts/{account.id}/inbox?view=unassigned",
        dedupe_key=f"freed:{account.id}:{user_id}:{today}",
    )
