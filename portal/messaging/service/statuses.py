"""Status callbacks: stored raw by the webhook, applied in batches by a job (RULINGS 17)."""

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final, cast
from uuid import UUID, uuid4

from sqlalchemy import Connection, Executable, Table, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import clock
from portal.core.among import among
from portal.core.db import db, is_sqlite
from portal.core.tenancy import Tenant
from portal.messaging.models import Message, WebhookEvent
from portal.messaging.rules.proofs import Effect, Evidence, Source, height
from portal.messaging.service import evidence, lessons
from portal.messaging.service.lessons import Lesson
from portal.messaging.values import State

logger = logging.getLogger(__name__)

_EVENTS: Final = cast(Table, WebhookEvent.__table__)
BATCH: Final = 500  # G8

Place = tuple[datetime, UUID]  # of a callback among all: when it came, and its id

# The carrier's words for how far a text is.
STATES: Final[Mapping[str, State]] = {
    "accepted": State.ACCEPTED,
    "scheduled": State.ACCEPTED,
    "queued": State.ACCEPTED,
    "sending": State.ACCEPTED,
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.DELIVERED,
    "undelivered": State.UNDELIVERED,
    "failed": State.FAILED,
    "canceled": State.FAILED,
}


@dataclass(frozen=True, slots=True)
class Callback:
    """One signed status callback, its fields checked."""

    organization_id: UUID
    sid: str
    status: str
    error_code: int | None
    message_id: UUID | None
    attempt: int | None
    payload: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One stored callback and the text it is about."""

    event_id: UUID
    proof: Evidence
    tenant: Tenant
    e164: str
    submitted_at: datetime | None
    is_news: bool  # not what the text bears already: that was learned when it came to bear it

    @property
    def name(self) -> tuple[UUID, str]:
        """Return which text it is about, under which name of the carrier."""
        return self.proof.message_id, self.proof.sid

    @property
    def lesson(self) -> Lesson:
        """Return what it may teach beyond its text."""
        return Lesson(self.tenant, self.e164, self.proof.error_code, at=self.submitted_at)


def store(callback: Callback) -> None:
    """Keep a callback as it came; one that came before stays as it was (I10)."""
    store_all(db.session.connection(), [callback])


def store_all(connection: Connection, callbacks: Sequence[Callback]) -> None:
    """Keep callbacks as they came, each once: also when two of these are the same (I10)."""
    now = clock.utcnow()
    connection.execute(
        _storing(is_sqlite=is_sqlite()),
        [
            {
                "id": uuid4(),
                "dedupe_key": _name_of(callback),
                "organization_id": callback.organization_id,
                "sid": callback.sid,
                "status": callback.status,
                "error_code": callback.error_code,
                "message_id": callback.message_id,
                "attempt": callback.attempt,
                "payload": dict(callback.payload),
                "received_at": now,
            }
            for callback in sorted(callbacks, key=_name_of)  # or two processes wait in a circle
        ],
    )


def _name_of(callback: Callback) -> str:
    return f"{callback.sid}:{callback.status}:{callback.error_code or ''}:{callback.message_id}"


@cache
def _storing(*, is_sqlite: bool) -> Executable:
    """Return the statement that stores them; made once, for it is much of a webhook's work (G7)."""
    insert = sqlite.insert(_EVENTS) if is_sqlite else postgresql.insert(_EVENTS)
    return insert.on_conflict_do_nothing()


def waiting(after: Place | None = None) -> list[Place]:
    """Return some callbacks that are not applied, the oldest first, those after a given one."""
    e = WebhookEvent
    wanted = select(e.received_at, e.id).where(e.applied_at.is_(None))
    if after is not None:
        wanted = wanted.where(tuple_(e.received_at, e.id) > tuple_(*after))
    rows = db.session.execute(wanted.order_by(e.received_at, e.id).limit(BATCH))
    return [(row.received_at, row.id) for row in rows]


def apply_batch(batch: Sequence[Place]) -> int:
    """Apply those of these callbacks that still wait, in this one transaction; return how many."""
    events = db.session.execute(
        select(
            WebhookEvent.id,
            WebhookEvent.organization_id,
            WebhookEvent.sid,
            WebhookEvent.status,
            WebhookEvent.error_code,
            WebhookEvent.message_id,
            WebhookEvent.attempt,
        )
        .where(among(_EVENTS.c.id, "events"), WebhookEvent.applied_at.is_(None))
        .order_by(WebhookEvent.received_at, WebhookEvent.id)
        .with_for_update(skip_locked=True),
        {"events": [event_id for _, event_id in batch]},
    ).all()
    if not events:
        return 0
    outcomes_: dict[UUID, str] = {}
    ours = _about_our_texts(events, outcomes_)
    lessons.lock(one.lesson for one in ours)
    believed: set[tuple[UUID, str]] = set()
    for round_ in _rounds(ours):
        effects = evidence.apply_many([one.proof for one in round_])
        for one, effect in zip(round_, effects, strict=True):
            if effect in (Effect.APPLIED, Effect.KNOWN):
                believed.add(one.name)
    # Each code teaches, also where the text has got further by then: what is learned must not
    # depend on which of two callbacks came first (I10).
    lessons.learn(
        (one.lesson for one in ours if one.is_news and one.name in believed),
        source="status callback",
    )
    _mark_applied(events, outcomes_)
    return len(events)


def _about_our_texts(events: Sequence, outcomes_: dict[UUID, str]) -> list[_Waiting]:  # type: ignore[type-arg]
    """Match callbacks to texts of the same organization; the rest is noted and left alone."""
    ids = {e.message_id for e in events if e.message_id is not None}
    sids = {e.sid for e in events}
    rows = db.session.execute(
        select(
            Message.id,
            Message.organization_id,
            Message.account_id,
            Message.e164,
            Message.sid,
            Message.state,
            Message.error_code,
            Message.submitted_at,
        ).where(or_(Message.id.in_(ids), Message.sid.in_(sids)))
    ).all()
    by_id = {row.id: row for row in rows}
    by_sid = {row.sid: row for row in rows if row.sid}
    waiting = []
    for event in events:
        row = by_id.get(event.message_id) or by_sid.get(event.sid)
        state = STATES.get(event.status)
        if row is None or row.organization_id != event.organization_id:
            outcomes_[event.id] = "no_text"
            logger.error("callback for %s, which is no text of ours", event.sid)
            continue
        if state is None:
            outcomes_[event.id] = "unknown_status"
            continue
        waiting.append(
            _Waiting(
                event.id,
                Evidence(
                    row.id, event.sid, Source.CALLBACK, state, event.error_code, event.attempt
                ),
                Tenant(row.organization_id, row.account_id),
                row.e164 or "",
                row.submitted_at,
                (row.sid, row.state, row.error_code) != (event.sid, state, event.error_code),
            )
        )
    return waiting


def _rounds(waiting: Sequence[_Waiting]) -> list[list[_Waiting]]:
    """Keep the highest state of each text and SID, and put one proof a text into each round.

    There is a second round only where a text was given two names.
    """
    best: dict[tuple[UUID, str], _Waiting] = {}
    for one in waiting:
        if one.name not in best or height(one.proof) > height(best[one.name].proof):
            best[one.name] = one
    rounds: list[list[_Waiting]] = []
    times: Counter[UUID] = Counter()
    for (message_id, _sid), one in best.items():
        if times[message_id] == len(rounds):
            rounds.append([])
        rounds[times[message_id]].append(one)
        times[message_id] += 1
    return rounds


def _mark_applied(events: Sequence, outcomes_: Mapping[UUID, str]) -> None:  # type: ignore[type-arg]
    ids: dict[str, list[UUID]] = defaultdict(list)
    for event in events:
        ids[outcomes_.get(event.id, "applied")].append(event.id)
    for outcome, which in ids.items():
        db.session.execute(
            update(WebhookEvent)
            .where(WebhookEvent.id.in_(which))
            .values(applied_at=clock.utcnow(), outcome=outcome)
            .execution_options(synchronize_session=False)
        )
