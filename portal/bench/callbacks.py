"""Stored status callbacks, applied 500 a transaction and one by one (G8).

One by one is done the plain way, with as little as the same outcome takes: read the event,
raise the text's state, write what happened, tick the event off, commit.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update

from portal.bench import brokerage
from portal.bench.measure import Figure, Options, Target, compare, rate
from portal.bench.scratch import open_scratch
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.messaging.service import statuses
from portal.texting_accounts.values import AccountRef

SQLITE: Final = Target("G8", 2, 3)
POSTGRESQL: Final = Target("G8", 5, 10)
_SIZE: Final = 5_000
_FEWER: Final = 10  # as few as this many times, one by one
_LOWER: Final = ("submitting", "unknown", "accepted", "sent")


def run(options: Options) -> Iterator[Figure]:
    """Measure 5,000 callbacks for as many texts the carrier has, on each database."""
    size = options.size or _SIZE
    for engine in options.engines:
        with open_scratch(engine) as here:
            callbacks = _Callbacks(brokerage.open_account(here, credits=1), size)
            callbacks.applied(size)
            yield compare(
                POSTGRESQL if engine == "postgresql" else SQLITE,
                f"{engine}, callbacks applied, {statuses.BATCH} a transaction",
                lambda: callbacks.applied(size),  # noqa: B023 (read before the next engine)
                lambda: callbacks.applied_plainly(max(1, size // _FEWER)),  # noqa: B023
                rounds=options.rounds,
            )


class _Callbacks:
    """Texts the carrier has accepted, and the news that each was delivered."""

    def __init__(self, account: AccountRef, size: int) -> None:
        self._account = account
        self._ids = [uuid4() for _ in range(size)]
        self._insert("messages", [self._text(id_, place) for place, id_ in enumerate(self._ids)])

    def applied(self, count: int) -> float:
        """Apply so many as the scheduler does; return how many a second."""
        self._tell(count)
        return rate(count, self._apply)

    def applied_plainly(self, count: int) -> float:
        """Apply so many one by one; return how many a second."""
        self._tell(count)
        db.session.rollback()
        events = db.metadata.tables["webhook_events"]
        ids = db.session.scalars(select(events.c.id)).all()
        return rate(count, lambda: _apply_plainly(ids))

    def _apply(self) -> None:
        done = statuses.BATCH
        while done == statuses.BATCH:
            with unit_of_work():
                done = statuses.apply_batch(statuses.waiting())

    def _tell(self, count: int) -> None:
        """Let each text be accepted again, and store the same callbacks anew."""
        with unit_of_work():
            for name in ("webhook_events", "message_events"):
                db.session.execute(delete(db.metadata.tables[name]))
            db.session.execute(update(db.metadata.tables["messages"]).values(state="accepted"))
        self._insert(
            "webhook_events",
            [
                {
                    "id": uuid4(),
                    "dedupe_key": id_.hex,
                    "organization_id": self._account.organization_id,
                    "sid": _sid(id_),
                    "status": "delivered",
                    "message_id": id_,
                    "attempt": 1,
                    "payload": {"MessageStatus": "delivered", "MessageSid": _sid(id_)},
                    "received_at": utcnow(),
                }
                for id_ in self._ids[:count]
            ],
        )

    def _insert(self, name: str, rows: Sequence[dict[str, Any]]) -> None:
        with unit_of_work():
            db.session.execute(insert(db.metadata.tables[name]), rows)

    def _text(self, id_: UUID, place: int) -> dict[str, Any]:
        now = utcnow()
        return {
            "id": id_,
            "organization_id": self._account.organization_id,
            "account_id": self._account.id,
            "kind": "one_to_one",
            "purpose": "",
            "priority": 0,
            "recipient_name": "",
            "e164": brokerage.number(place),
            "from_e164": brokerage.OWN_NUMBER,
            "text_id": id_,
            "position": 0,
            "body": "Hello",
            "body_hash": id_.hex,
            "media": [],
            "encoding": "GSM-7",
            "segments": 1,
            "credits": 0,
            "state": "accepted",
            "sid": _sid(id_),
            "sid_source": "http",
            "attempt": 1,
            "not_before": now,
            "submitted_at": now,
        }


def _sid(id_: UUID) -> str:
    return f"SM{id_.hex}"


def _apply_plainly(event_ids: Sequence[UUID]) -> None:
    events, messages = db.metadata.tables["webhook_events"], db.metadata.tables["messages"]
    log = db.metadata.tables["message_events"]
    for id_ in event_ids:
        now = utcnow()
        with unit_of_work():
            event = db.session.execute(select(events).where(events.c.id == id_)).one()
            is_lower = messages.c.state.in_(_LOWER)
            db.session.execute(
                update(messages)
                .where(messages.c.id == event.message_id, is_lower)
                .values(state=event.status, changed_at=now)
            )
            facts = {"message_id": event.message_id, "state": event.status}
            db.session.execute(insert(log).values(id=uuid4(), at=now, cause="callback", **facts))
            db.session.execute(update(events).where(events.c.id == id_).values(applied_at=now))
