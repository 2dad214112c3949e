"""Conversations: what the inbox knows of an account and a number (Q-5, RULINGS 14)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import case, func, true, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core.audit import Actor
from portal.core.db import db, is_sqlite
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import Conversation
from portal.messaging.rules.plan import PlannedText
from portal.messaging.service import happenings
from portal.messaging.values import Fate
from portal.texting_accounts.values import AccountRef

PREVIEW = 200


@dataclass(frozen=True, slots=True)
class Heard:
    """The conversation a text came to, and who answers it."""

    id: UUID
    assignee_id: UUID | None


def note_outbound(account: AccountRef, texts: Iterable[PlannedText], now: datetime) -> None:
    """Bring one-to-one texts to the top of the inbox; they answer what was open."""
    for text in texts:
        if text.e164 is None or text.outcome is Fate.BLOCKED:
            continue
        _upsert(
            account,
            text.e164,
            text.contact_id,
            {
                "our_e164": text.from_e164,
                "last_at": now,
                "preview": text.body[:PREVIEW],
                "needs_answer": False,
            },
        )


def note_inbound(
    account: AccountRef,
    e164: str,
    contact_id: UUID | None,
    *,
    our_e164: str,
    body: str,
    at: datetime,
    needs_answer: bool,
) -> Heard:
    """Bring a received text to the top of the inbox, unread; return whose it is (Q-3)."""
    return _upsert(
        account,
        e164,
        contact_id,
        {
            "our_e164": our_e164,
            "last_at": at,
            "last_inbound_at": at,
            "preview": body[:PREVIEW],
            "needs_answer": needs_answer,
        },
        unread=1,
    )


def tell_of_reply(tenant: Tenant, e164: str, actor: Actor) -> None:
    """Say that a person wrote in their own words, before any text of theirs is locked."""
    happenings.REPLIED.tell(tenant, e164, actor)


def tell_of_lead(tenant: Tenant, contact_id: UUID) -> None:
    """Say that a text came from somebody nobody knew (K-6)."""
    happenings.LEAD.tell(tenant, contact_id)


def mark_opted_out(organization_id: UUID, account_id: UUID, e164: str, *, is_out: bool) -> None:
    """Keep the inbox's filter in step with the person's standing; an opt-out ends a hold."""
    ends = {"is_held": False} if is_out else {}
    _mark(organization_id, account_id, e164, is_opted_out=is_out, **ends)


def mark_held(organization_id: UUID, account_id: UUID, e164: str, *, is_held: bool) -> None:
    """Flag a conversation whose person seems to have asked for no more texts, or no longer (Q-4)."""
    _mark(organization_id, account_id, e164, is_held=is_held)


def mark_unanswered(organization_id: UUID, account_id: UUID, e164: str) -> None:
    """Put a conversation on the list of those that need an answer."""
    _mark(organization_id, account_id, e164, needs_answer=True)


def mark_read(tenant: Tenant, conversation_id: UUID) -> None:
    """Note that somebody has seen a conversation. Raises NotFound."""
    _set(tenant, conversation_id, unread=0)


def mark_answered(tenant: Tenant, conversation_id: UUID) -> None:
    """Take a conversation off the list of those that need an answer. Raises NotFound."""
    _set(tenant, conversation_id, needs_answer=False, unread=0)


def _mark(organization_id: UUID, account_id: UUID, e164: str, **values: bool) -> None:
    db.session.execute(
        update(Conversation)
        .where(
            Conversation.organization_id == organization_id,
            Conversation.account_id == account_id,
            Conversation.e164 == e164,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _set(tenant: Tenant, conversation_id: UUID, **values: object) -> None:
    found = db.session.scalar(
        update(Conversation)
        .where(owned(tenant, Conversation), Conversation.id == conversation_id)
        .values(**values)
        .returning(Conversation.id)
        .execution_options(synchronize_session=False)
    )
    if found is None:
        raise NotFound("We can't find that conversation.")


def _upsert(
    account: AccountRef,
    e164: str,
    contact_id: UUID | None,
    values: dict[str, object],
    *,
    unread: int = 0,
) -> Heard:
    """Add what is newer to what the inbox knows; a text heard late changes no later one's line."""
    insert = (sqlite if is_sqlite() else postgresql).insert(Conversation)
    statement = insert.values(
        id=uuid4(),
        organization_id=account.organization_id,
        account_id=account.id,
        e164=e164,
        unread=unread,
        **{"contact_id": contact_id, **values},
    )
    new = statement.excluded
    is_newer = new.last_at >= Conversation.last_at
    known: dict[str, object] = {
        name: case((is_newer, new[name]), else_=getattr(Conversation, name)) for name in values
    }
    if "last_inbound_at" in values:
        is_later = func.coalesce(Conversation.last_inbound_at <= new.last_inbound_at, true())
        known["last_inbound_at"] = case(
            (is_later, new.last_inbound_at), else_=Conversation.last_inbound_at
        )
    if contact_id:
        known["contact_id"] = contact_id
    row = db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "e164"],
            set_={
                **known,
                "unread": Conversation.unread + unread,
                "changed_at": new.changed_at,
            },
        ).returning(Conversation.id, Conversation.assignee_id)
    ).one()
    return Heard(row.id, row.assignee_id)
