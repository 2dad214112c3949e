"""T1: a worker takes texts whose time has come. Nothing is sent yet (PROMISES 2.3)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, Table, and_, bindparam, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from portal.core import clock
from portal.core.among import among
from portal.core.db import database_now, db
from portal.messaging.models import MOVING, Message
from portal.messaging.service import outbox
from portal.messaging.values import Kind, Priority, State, Timing
from portal.numbers import queries as numbers
from portal.numbers import service as number_service
from portal.numbers.values import SenderRef

LEASE = timedelta(seconds=60)
AT_ONCE = 20  # RULINGS 12
AHEAD = timedelta(seconds=30)  # of a number's pace


_MESSAGES = cast(Table, Message.__table__)


class _Taken(NamedTuple):
    """A text as it was taken."""

    id: UUID
    organization_id: UUID
    e164: str | None
    from_e164: str | None
    segments: int
    epoch: int


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


@dataclass(frozen=True, slots=True)
class Text:
    """What the last look needs to know of a text, as it was locked."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    campaign_id: UUID | None
    contact_id: UUID | None
    created_at: datetime
    created_by: UUID | None
    kind: Kind
    timing: Timing | None
    purpose: str
    text_id: UUID
    e164: str | None
    from_e164: str | None
    country_code: int
    body: str
    body_hash: str
    media: Sequence[Mapping[str, str]]
    segments: int
    is_reply: bool
    slot_on: date | None
    draws_on_reserve: bool
    passed_limit: str | None
    attempt: int
    epoch: int
    owner: str | None


def _take_where(ready: ColumnElement[bool]) -> ReturningUpdate[Any]:
    """Return the statement that takes texts which are ready; MOVING proves the index."""
    picked = (
        select(_MESSAGES.c.id)
        .where(_MESSAGES.c.account_id == bindparam("account"), MOVING, ready)
        .order_by(
            _MESSAGES.c.priority, _MESSAGES.c.not_before, _MESSAGES.c.position, _MESSAGES.c.part
        )
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    ordering = ("priority", "not_before", "position", "part")
    return (
        update(_MESSAGES)
        .where(_MESSAGES.c.id.in_(select(picked.c.id)))
        .values(
            state=State.CLAIMED,
            owner=bindparam("owner_"),
            epoch=_MESSAGES.c.epoch + 1,
            lease_until=bindparam("lease"),
        )
        .returning(*(_MESSAGES.c[name] for name in (*_Taken._fields, *ordering)))
    )


_NOW: Final = bindparam("now", type_=_MESSAGES.c.not_before.type)
_IS_DUE: Final = and_(_MESSAGES.c.state == State.QUEUED, _MESSAGES.c.not_before <= _NOW)
# Held until now, or claimed by a worker whose lease has run out.
_IS_BACK: Final = or_(
    and_(_MESSAGES.c.state == State.HELD, _MESSAGES.c.held_until <= _NOW),
    and_(_MESSAGES.c.state == State.CLAIMED, _MESSAGES.c.lease_until < _NOW),
)
# Made once: building a statement costs more than asking it.
_TAKE_DUE: Final = _take_where(_IS_DUE)
_TAKE_BACK: Final = _take_where(_IS_BACK)
_STILL_CLAIMED: Final = (
    select(*(_MESSAGES.c[name] for name in Text.__dataclass_fields__))
    .where(
        among(_MESSAGES.c.id, "texts"),
        _MESSAGES.c.state == State.CLAIMED,
        _MESSAGES.c.lease_until > bindparam("now"),
    )
    .order_by(_MESSAGES.c.id)
    .with_for_update()
)


def claim(account_id: UUID, owner: str, *, limit: int = AT_ONCE) -> list[Claim]:
    """Take up to `limit` texts of an account that may leave within the next 30 seconds.

    People before campaigns, then in order. A text whose worker died is taken over once its
    lease has run out: being claimed, it has done nothing yet.
    """
    now = database_now()
    senders = [s for s in numbers.senders(account_id) if s.is_ready]
    limit = min(limit, _paced(senders))
    if limit < 1:
        return []
    asked = {"account": account_id, "owner_": owner, "now": now, "lease": now + LEASE}
    rows = _take(_TAKE_DUE, asked, limit)
    if len(rows) < limit:
        rows += _take(_TAKE_BACK, asked, limit - len(rows))
    return _with_slots(account_id, senders, rows, owner)


def still_claimed(claims: Sequence[Claim], now: datetime) -> list[tuple[Claim, Text]]:
    """Lock the texts that are still in this worker's hands, in the order of the claims."""
    rows = db.session.execute(_STILL_CLAIMED, {"texts": [claim.id for claim in claims], "now": now})
    found = {row.id: Text(*row) for row in rows}
    return [
        (claim, found[claim.id])
        for claim in claims
        if claim.id in found
        and (found[claim.id].epoch, found[claim.id].owner) == (claim.epoch, claim.owner)
    ]


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
    found = db.session.execute(
        select(Message.account_id, Message.priority)
        .where(MOVING, or_(_IS_DUE, _IS_BACK))
        .distinct(),
        {"now": now},
    )
    urgent: dict[UUID, bool] = {}
    for account_id, priority in found:
        urgent[account_id] = urgent.get(account_id, False) or priority == Priority.PERSON
    return list(urgent.items())


def _take(statement: Executable, asked: Mapping[str, object], limit: int) -> list[_Taken]:
    rows = db.session.execute(statement, {**asked, "most": limit}).all()
    ordered = sorted(rows, key=lambda r: (r.priority, r.not_before, r.position, r.part))
    return [_Taken(*row[: len(_Taken._fields)]) for row in ordered]


def _paced(senders: Sequence[SenderRef]) -> int:
    """Return how many texts these numbers can start within the next 30 seconds."""
    if not senders:
        return AT_ONCE  # the gate holds them, with the reason
    return sum(number_service.room(s.id, clock.utcnow(), AHEAD) for s in senders)


def _with_slots(
    account_id: UUID, ready: Sequence[SenderRef], rows: Sequence[_Taken], owner: str
) -> list[Claim]:
    """Give each text its slot in the pace of the number it leaves from (RULINGS 12)."""
    now = clock.utcnow()
    by_e164 = {sender.e164: sender.id for sender in ready}
    default = ready[0].id if ready else None  # as queries.default_sender() says: it comes first
    by_sender: dict[UUID | None, list[_Taken]] = defaultdict(list)
    for row in rows:
        by_sender[by_e164.get(row.from_e164 or "", default)].append(row)
    claims = []
    for sender_id, texts in by_sender.items():
        slots = (
            number_service.take_slots(sender_id, [text.segments for text in texts], now)
            if sender_id
            else [now] * len(texts)
        )
        claims += [
            Claim(text.id, text.organization_id, account_id, text.e164 or "", text.epoch, owner, at)
            for text, at in zip(texts, slots, strict=True)
        ]
    return sorted(claims, key=lambda c: c.leaves_at)
