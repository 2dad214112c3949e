"""Reads of conversations and timelines (Q-3, Q-5, K-5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Exists,
    ScalarSelect,
    Table,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)

from portal.consent import queries as consent
from portal.contacts import queries as contacts
from portal.core.columns import Id
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.once import once_a_page
from portal.core.tenancy import THAT_ONE, Tenant, owned
from portal.messaging.models import Conversation, FirstNotice, InboundText, Message
from portal.messaging.queries import cursors, rows
from portal.messaging.values import (
    ConversationRef,
    Kind,
    Page,
    State,
    TextView,
)

COUNT_CAP: Final = 100
_TALK: Final = cast(Table, Conversation.__table__)
_SENT: Final = cast(Table, Message.__table__)
_GOT: Final = cast(Table, InboundText.__table__)
_WATCHED: Final = 20  # texts of a talk whose fate an open one follows within seconds
# A literal, not a parameter: only so does SQLite see that the view's own index will do.
_IS_UNREAD: Final = _TALK.c.unread > literal_column("0")

View = Literal["all", "needs_answer", "mine", "unassigned", "unread", "held", "opted_out"]


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One line of a contact's timeline (K-5): a text, or something that happened to consent."""

    at: datetime
    kind: str  # text_out, text_in, or what happened to consent (consent.values.Event)
    title: str
    actor: str
    text: TextView | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How an inbox stands: when it last changed, and what waits in it, each counted up to 100 (Q-5)."""

    changed_at: datetime | None
    unread: int
    needs_answer: int


def conversations(
    tenant: Tenant,
    view: View = "all",
    cursor: str | None = None,
    limit: int = 25,
    *,
    reader: UUID | None = None,
    told_only: bool = False,
) -> Page[ConversationRef]:
    """Return the inbox, newest first; `reader` is whose view "mine" is.

    `told_only` leaves out whom the notice of the team has not reached (S-4).
    """
    wanted, asked = _LISTED[view], {**tenant.named, "most": limit + 1}
    if told_only:
        wanted = wanted.where(_told_of_team(_TALK.c.e164))
    if view == "mine":
        asked["reader"] = reader
    if cursor:
        wanted = wanted.where(
            tuple_(_TALK.c.last_at, _TALK.c.id) < tuple_(*cursors.read_moment(cursor))
        )
    found = db.session.execute(wanted, asked).all()
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return Page(
        tuple(_ref(row) for row in shown),
        cursors.write_moment(last.last_at, last.id) if last else None,
    )


def changed_at(tenant: Tenant) -> datetime | None:
    """Return when a conversation of the account last changed, of what is known: one seek (G6)."""
    return db.session.scalar(_CHANGED, tenant.named)


def talk_changed_at(tenant: Tenant, conversation_id: UUID) -> datetime | None:
    """Return when a conversation, or one of its newest texts, last changed: two seeks (G6)."""
    found = db.session.execute(_TALK_CHANGED, {**tenant.named, "talk": conversation_id}).first()
    return max((at for at in found or () if at is not None), default=None)


def conversation(tenant: Tenant, e164: str) -> ConversationRef | None:
    """Return the conversation with a number, if there has been one."""
    found = db.session.execute(
        _TALKS.where(_TALK.c.e164 == bindparam("e164")), {**tenant.named, "e164": e164}
    ).first()
    return _ref(found) if found else None


def conversation_by_id(tenant: Tenant, conversation_id: UUID) -> ConversationRef:
    """Return one conversation. Raises NotFound."""
    found = db.session.execute(
        _TALKS.where(_TALK.c.id == bindparam("talk")), {**tenant.named, "talk": conversation_id}
    ).first()
    if found is None:
        raise NotFound("We can't find that conversation.")
    return _ref(found)


def was_told_of_team(tenant: Tenant, e164: str) -> bool:
    """Say whether a number got the notice that a team may read along, as far as is known (S-4)."""
    told = select(_told_of_team(literal(e164)))
    return bool(db.session.scalar(told, tenant.named))


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
    return tally(tenant).unread


@once_a_page
def tally(tenant: Tenant) -> Tally:
    """Return how the inbox stands, in one statement that reads indexes alone (G6)."""
    return Tally(*db.session.execute(_TALLY, tenant.named).one())


def _count_of(condition: ColumnElement[bool]) -> ScalarSelect[int]:
    some = select(_TALK.c.id).where(owned(THAT_ONE, _TALK), condition).limit(COUNT_CAP)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


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


def any_text_delivered() -> bool:
    """Say whether any text of any account has reached a phone; for operators."""
    delivered = exists().where(Message.state == State.DELIVERED, Message.kind != Kind.SYSTEM)
    return bool(db.session.scalar(select(delivered)))


def _told_of_team(e164: ColumnElement[str]) -> Exists:
    return exists().where(
        owned(THAT_ONE, FirstNotice, Message),
        FirstNotice.e164 == e164,
        FirstNotice.team_message_id == Message.id,
        Message.state.in_((State.ACCEPTED, State.SENT, State.DELIVERED)),
    )


_OURS: Final = (
    select(*(_SENT.c[name] for name in rows.SENT))
    .where(owned(THAT_ONE, _SENT), _SENT.c.e164.in_(bindparam("numbers", expanding=True)))
    .order_by(_SENT.c.created_at.desc())
    .limit(bindparam("most"))
)
_THEIRS: Final = (
    select(*(_GOT.c[name] for name in rows.RECEIVED))
    .where(owned(THAT_ONE, _GOT), _GOT.c.e164.in_(bindparam("numbers", expanding=True)))
    .order_by(_GOT.c.received_at.desc())
    .limit(bindparam("most"))
)


def _texts(
    tenant: Tenant, e164s: Sequence[str], before: datetime | None, limit: int
) -> list[TextView]:
    asked = {**tenant.named, "numbers": e164s, "most": limit}
    ours, theirs = _OURS, _THEIRS
    if before is not None:
        ours = ours.where(_SENT.c.created_at < before)
        theirs = theirs.where(_GOT.c.received_at < before)
    sent = db.session.execute(ours, asked).all()
    got = db.session.execute(theirs, asked)
    return rows.outbounds(sent) + [rows.inbound(row) for row in got]


def _title(view: TextView) -> str:
    if view.is_inbound:
        return {
            "stop": "Opted out by text",
            "start": "Opted in by text",
            "join": "Signed up by keyword",
        }.get(view.keyword or "", "Text received")
    return "Notice" if view.kind is Kind.SYSTEM else "Text"


_TALKS: Final = contacts.with_holders(  # made once, of columns, for every page of the inbox (G6)
    select(
        *(
            _TALK.c[name]
            for name in (
                "id", "account_id", "e164", "last_at", "preview", "unread", "needs_answer",
                "is_opted_out", "is_held", "last_inbound_at", "assignee_id",
            )
        )
    ).where(owned(THAT_ONE, _TALK)),
    _TALK.c.e164,
)  # fmt: skip
_IN_VIEW: Final[dict[View, ColumnElement[bool]]] = {
    "all": true(),
    "needs_answer": _TALK.c.needs_answer,
    "mine": _TALK.c.assignee_id == bindparam("reader", type_=Id()),
    "unassigned": _TALK.c.assignee_id.is_(None),
    "unread": _IS_UNREAD,
    "held": _TALK.c.is_held,
    "opted_out": _TALK.c.is_opted_out,
}
_LISTED: Final = {
    view: _TALKS.where(condition)
    .order_by(_TALK.c.last_at.desc(), _TALK.c.id.desc())
    .limit(bindparam("most"))
    for view, condition in _IN_VIEW.items()
}
_CHANGED: Final = (
    select(_TALK.c.changed_at)
    .where(owned(THAT_ONE, _TALK), _TALK.c.changed_at.is_not(None))
    .order_by(_TALK.c.changed_at.desc())
    .limit(1)
)
_NEWEST: Final = (
    select(_SENT.c.changed_at)
    .where(owned(THAT_ONE, _SENT), _SENT.c.e164 == _TALK.c.e164)
    .order_by(_SENT.c.created_at.desc())
    .limit(_WATCHED)
    .correlate(_TALK)
    .subquery()
)
_TALK_CHANGED: Final = select(
    _TALK.c.changed_at, select(func.max(_NEWEST.c.changed_at)).scalar_subquery()
).where(owned(THAT_ONE, _TALK), _TALK.c.id == bindparam("talk"))
_TALLY: Final = select(
    _CHANGED.scalar_subquery(), _count_of(_IS_UNREAD), _count_of(_TALK.c.needs_answer)
)


def _ref(row: Sequence[Any]) -> ConversationRef:
    id_, account_id, e164, *stands, contact_id, first, last, email = row
    name = contacts.called(e164, first, last, email)
    return ConversationRef(id_, account_id, e164, contact_id, name, *stands)


def heard_at(tenant: Tenant, our_e164: str, since: datetime) -> datetime | None:
    """Return when the carrier's webhook first brought a text to one of our numbers since then.

    What was only found in the carrier's list does not count: it proves no webhook.
    """
    return db.session.scalar(
        select(func.min(InboundText.received_at)).where(
            owned(tenant, InboundText),
            InboundText.our_e164 == our_e164,
            InboundText.source == "webhook",
            InboundText.received_at >= since,
        )
    )
