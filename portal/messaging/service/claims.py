"""T1: a worker takes texts whose time has come. Nothing is sent yet (PROMISES 2.3)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update

from portal.core import clock
from portal.core.db import database_now, db
from portal.messaging.models import MOVING, Message
from portal.messaging.service import outbox
from portal.messaging.values import Priority, State
from portal.numbers import queries as numbers
from portal.numbers import service as number_service

LEASE = timedelta(seconds=60)
AT_ONCE = 20  # RULINGS 12
AHEAD = timedelta(seconds=30)  # of a number's pace


@dataclass(frozen=True, slots=True)
class Claim:
    """A text in a worker's hands: `epoch` proves the claim is still this worker's."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    e164: str
    epoch: int
    owner: str
    leaves_at: datetime  # its slot in the number's pace


def claim(account_id: UUID, owner: str, *, limit: int = AT_ONCE) -> list[Claim]:
    """Take up to `limit` texts of an account that may leave within the next 30 seconds.

    People before campaigns, then in order. A text whose worker died is taken over once its
    lease has run out: being claimed, it has done nothing yet.
    """
    now = database_now()
    limit = min(limit, _paced(account_id))
    if limit < 1:
        return []
    rows = _take(account_id, owner, Message.state == State.QUEUED, Message.not_before <= now, limit)
    if len(rows) < limit:
        rows += _take(account_id, owner, _is_back(now), Message.id.is_not(None), limit - len(rows))
    return _with_slots(account_id, rows, owner)


def renew(claims: Sequence[Claim]) -> None:
    """Keep the claims that wait for their turn."""
    if claims:
        db.session.execute(
            update(Message)
            .where(
                Message.id.in_([c.id for c in claims]),
                Message.state == State.CLAIMED,
                Message.owner == claims[0].owner,
            )
            .values(lease_until=database_now() + LEASE)
            .execution_options(synchronize_session=False)
        )


def put_back(claims: Sequence[Claim]) -> None:
    """Let go of claims that won't be used, so that nobody waits for their leases."""
    if claims:
        outbox.move(
            and_(
                Message.id.in_([c.id for c in claims]),
                Message.state == State.CLAIMED,
                Message.owner == claims[0].owner,
            ),
            State.QUEUED,
            cause="put_back",
            is_logged=False,
            owner=None,
            lease_until=None,
        )


def due_accounts() -> list[tuple[UUID, bool]]:
    """Return accounts with texts whose time has come, and whether a person's is among them.

    The doorbell of last resort: a lost bell delays a text by one poll (PROMISES 2.3).
    """
    now = database_now()
    ready = or_(and_(Message.state == State.QUEUED, Message.not_before <= now), _is_back(now))
    found = db.session.execute(
        select(Message.account_id, Message.priority).where(MOVING, ready).distinct()
    )
    urgent: dict[UUID, bool] = {}
    for account_id, priority in found:
        urgent[account_id] = urgent.get(account_id, False) or priority == Priority.PERSON
    return list(urgent.items())


def _is_back(now: datetime) -> ColumnElement[bool]:
    """Texts held until now, or claimed by a worker whose lease has run out."""
    return or_(
        and_(Message.state == State.HELD, Message.held_until <= now),
        and_(Message.state == State.CLAIMED, Message.lease_until < now),
    )


def _take(
    account_id: UUID,
    owner: str,
    state: ColumnElement[bool],
    ready: ColumnElement[bool],
    limit: int,
) -> list[tuple[UUID, UUID, str, str | None, int, int]]:
    picked = (
        select(Message.id)
        .where(Message.account_id == account_id, MOVING, state, ready)
        .order_by(Message.priority, Message.not_before, Message.position, Message.part)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    rows = db.session.execute(
        update(Message)
        .where(Message.id.in_(select(picked.c.id)))
        .values(
            state=State.CLAIMED,
            owner=owner,
            epoch=Message.epoch + 1,
            lease_until=database_now() + LEASE,
        )
        .returning(
            Message.id,
            Message.organization_id,
            Message.e164,
            Message.from_e164,
            Message.segments,
            Message.epoch,
            Message.priority,
            Message.not_before,
            Message.position,
            Message.part,
        )
        .execution_options(synchronize_session=False)
    ).all()
    ordered = sorted(rows, key=lambda r: (r.priority, r.not_before, r.position, r.part))
    return [
        (r.id, r.organization_id, r.e164 or "", r.from_e164, r.segments, r.epoch) for r in ordered
    ]


def _paced(account_id: UUID) -> int:
    """Return how many texts the account's numbers can start within the next 30 seconds."""
    senders = [s for s in numbers.senders(account_id) if s.is_ready]
    if not senders:
        return AT_ONCE  # the gate holds them, with the reason
    return sum(number_service.room(s.id, clock.utcnow(), AHEAD) for s in senders)


def _with_slots(
    account_id: UUID, rows: Sequence[tuple[UUID, UUID, str, str | None, int, int]], owner: str
) -> list[Claim]:
    """Give each text its slot in the pace of the number it leaves from (RULINGS 12)."""
    now = clock.utcnow()
    senders = {s.e164: s.id for s in numbers.senders(account_id) if s.is_ready}
    default = numbers.default_sender(account_id)
    by_sender: dict[UUID | None, list[tuple[UUID, UUID, str, str | None, int, int]]] = defaultdict(
        list
    )
    for row in rows:
        by_sender[senders.get(row[3] or "", default.id if default else None)].append(row)
    claims = []
    for sender_id, texts in by_sender.items():
        slots = (
            number_service.take_slots(sender_id, [text[4] for text in texts], now)
            if sender_id
            else [now] * len(texts)
        )
        claims += [
            Claim(id_, organization_id, account_id, e164, epoch, owner, slot)
            for (id_, organization_id, e164, _from, _segments, epoch), slot in zip(
                texts, slots, strict=True
            )
        ]
    return sorted(claims, key=lambda c: c.leaves_at)
