"""Reads of conversations and timelines (Q-3, Q-5, K-5)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import exists, func, literal_column, select, tuple_

from portal.consent import queries as consent
from portal.contacts import queries as contacts
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import Conversation, InboundText, Message
from portal.messaging.queries import cursors, rows
from portal.messaging.values import (
    ConversationRef,
    Kind,
    Page,
    State,
    TextView,
    TimelineEvent,
)

# A literal, not a parameter: only so does SQLite see that the view's own index will do.
_IS_UNREAD = Conversation.unread > literal_column("0")

View = Literal["all", "needs_answer", "unread", "opted_out"]


def conversations(
    tenant: Tenant, view: View = "all", cursor: str | None = None, limit: int = 50
) -> Page[ConversationRef]:
    """Return the inbox, newest first."""
    wanted = select(Conversation).where(owned(tenant, Conversation))
    if view == "needs_answer":
        wanted = wanted.where(Conversation.needs_answer)
    elif view == "unread":
        wanted = wanted.where(_IS_UNREAD)
    elif view == "opted_out":
        wanted = wanted.where(Conversation.is_opted_out)
    if cursor:
        wanted = wanted.where(
            tuple_(Conversation.last_at, Conversation.id) < tuple_(*cursors.read_moment(cursor))
        )
    found = list(
        db.session.scalars(
            wanted.order_by(Conversation.last_at.desc(), Conversation.id.desc()).limit(limit + 1)
        )
    )
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return Page(
        tuple(_refs(tenant, shown)),
        cursors.write_moment(last.last_at, last.id) if last else None,
    )


def conversation(tenant: Tenant, e164: str) -> ConversationRef | None:
    """Return the conversation with a number, if there has been one."""
    found = db.session.scalars(
        select(Conversation).where(owned(tenant, Conversation), Conversation.e164 == e164)
    ).all()
    return _refs(tenant, found)[0] if found else None


def conversation_by_id(tenant: Tenant, conversation_id: UUID) -> ConversationRef:
    """Return one conversation. Raises NotFound."""
    found = db.session.scalars(
        select(Conversation).where(owned(tenant, Conversation), Conversation.id == conversation_id)
    ).all()
    if not found:
        raise NotFound("We can't find that conversation.")
    return _refs(tenant, found)[0]


def thread(
    tenant: Tenant, e164: str, before: datetime | None = None, limit: int = 100
) -> list[TextView]:
    """Return the newest texts both ways with a number, oldest first."""
    views = _texts(tenant, [e164], before, limit)
    return sorted(views, key=lambda view: (view.at, view.part))[-limit:]


def timeline(tenant: Tenant, e164s: Sequence[str], limit: int = 200) -> list[TimelineEvent]:
    """Return texts both ways and what happened to the consent of these numbers, newest first."""
    events = [
        TimelineEvent(
            at=view.at,
            kind="text_in" if view.is_inbound else "text_out",
            title=_title(view),
            actor=view.name if view.is_inbound else view.actor,
            text=view,
        )
        for view in _texts(tenant, e164s, None, limit)
    ]
    for e164 in e164s:
        events += [
            TimelineEvent(
                at=r.recorded_at,
                kind=r.event,
                title=f"{r.event_label}: {r.method_label}",
                actor=r.collected_by,
            )
            for r in consent.records(tenant, e164)
        ]
    return sorted(events, key=lambda event: event.at, reverse=True)[:limit]


def unread_count(tenant: Tenant) -> int:
    """Return how many conversations hold something unread, counted up to 100."""
    some = (
        select(Conversation.id).where(owned(tenant, Conversation), _IS_UNREAD).limit(100).subquery()
    )
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def first_text_delivered(tenant: Tenant) -> bool:
    """Say whether any text of an account has reached a phone (X-7)."""
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    owned(tenant, Message),
                    Message.state == State.DELIVERED,
                    Message.kind != Kind.SYSTEM,
                )
            )
        )
    )


def _texts(
    tenant: Tenant, e164s: Sequence[str], before: datetime | None, limit: int
) -> list[TextView]:
    ours = select(Message).where(owned(tenant, Message), Message.e164.in_(e164s))
    theirs = select(InboundText).where(owned(tenant, InboundText), InboundText.e164.in_(e164s))
    if before is not None:
        ours = ours.where(Message.created_at < before)
        theirs = theirs.where(InboundText.received_at < before)
    sent = db.session.scalars(ours.order_by(Message.created_at.desc()).limit(limit)).all()
    got = db.session.scalars(theirs.order_by(InboundText.received_at.desc()).limit(limit))
    return rows.outbounds(sent) + [rows.inbound(row) for row in got]


def _title(view: TextView) -> str:
    if view.is_inbound:
        return {
            "stop": "Opted out by text",
            "start": "Opted in by text",
            "join": "Signed up by keyword",
        }.get(view.keyword or "", "Text received")
    return "Notice" if view.kind is Kind.SYSTEM else "Text"


def _refs(tenant: Tenant, found: Sequence[Conversation]) -> list[ConversationRef]:
    people = contacts.by_numbers(tenant, [row.e164 for row in found]) if found else {}
    refs = []
    for row in found:
        person = people.get(row.e164)
        refs.append(
            ConversationRef(
                id=row.id,
                account_id=row.account_id,
                e164=row.e164,
                contact_id=person.id if person else None,
                name=person.full_name if person else row.e164,
                last_at=row.last_at,
                preview=row.preview,
                unread=row.unread,
                needs_answer=row.needs_answer,
                is_opted_out=row.is_opted_out,
                last_inbound_at=row.last_inbound_at,
            )
        )
    return refs
