"""The one place where texts change state, and what every end of a text sets right.

Lock order everywhere: phone number, message, counters, credit account, chain head (RULINGS 6).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Table, or_, select, update

from portal.billing import service as billing
from portal.core import clock
from portal.core.among import among
from portal.core.db import Last, before_commit, db, is_sqlite
from portal.core.many_rows import insert_rows
from portal.messaging.models import Message, MessageEvent
from portal.messaging.queries.repeats import EARLIER_PART
from portal.messaging.rules.stages import ON_ITS_WAY, Standing, standing
from portal.messaging.service import limits
from portal.messaging.service.counting import Tally
from portal.messaging.service.limits import Held
from portal.messaging.values import Kind, State

_MESSAGES = cast(Table, Message.__table__)
_EVENTS = cast(Table, MessageEvent.__table__)
_CHUNK = 500
# Made once: building a statement costs more than asking it, and every text asks these.
_LOCK = (
    select(_MESSAGES.c.id)
    .where(among(_MESSAGES.c.id, "texts"))
    .order_by(_MESSAGES.c.id)
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class Moved:
    """What those who move a text need to know of it afterwards."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    campaign_id: UUID | None
    contact_id: UUID | None
    kind: Kind
    e164: str | None
    from_e164: str | None
    text_id: UUID
    part: int
    parts: int
    segments: int
    credits: int
    country_code: int
    is_reply: bool
    draws_on_reserve: bool
    passed_limit: str | None
    slot_on: date | None
    attempt: int
    day: date | None
    created_by: UUID | None
    error_code: int | None
    consent_record_id: UUID | None
    submitted_at: datetime | None
    created_at: datetime


_MOVED = tuple(getattr(Message, name) for name in Moved.__dataclass_fields__)


def move(
    where: ColumnElement[bool],
    state: State,
    *,
    cause: str,
    facts: Mapping[str, Any] | None = None,
    is_logged: bool = True,
    was: Standing = ON_ITS_WAY,
    **values: Any,
) -> list[Moved]:
    """Move every text that fits `where` to a state and write down why; return them.

    The states it may come from belong into `where`: a text that has moved on meanwhile is
    left alone. Texts are locked in the order of their ids, here as everywhere. All come from
    where `was` says: whatever has not left yet is on its way.
    """
    now = clock.utcnow()
    picked = select(Message.id).where(where).order_by(Message.id).with_for_update().cte("picked")
    rows = db.session.execute(
        update(Message)
        .where(Message.id.in_(select(picked.c.id)))
        .values(state=state, changed_at=now, **values)
        .returning(*_MOVED)
        .execution_options(synchronize_session=False)
    )
    moved = [Moved(*row) for row in rows]
    tally = Tally()
    for row in moved:
        tally.move(row, was, standing(state, row.error_code))
    tally.keep()
    if is_logged:
        log([row.id for row in moved], state, cause=cause, facts=facts, at=now)
    return moved


def lock(ids: Sequence[UUID]) -> None:
    """Lock texts in the order of their ids, before others lock some of them (RULINGS 6).

    On SQLite the unit of work holds the one lock there is (RULINGS 5).
    """
    if ids and not is_sqlite():
        db.session.execute(_LOCK, {"texts": ids}).all()


def log(
    ids: Sequence[UUID],
    state: State,
    *,
    cause: str,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Add one event for each text (RULINGS 8)."""
    if ids:
        shared = {"at": at, "state": state, "cause": cause[:40]}
        told = dict(facts) if facts else None
        insert_rows(
            _EVENTS,
            ({"id": uuid4(), "message_id": id_, "facts": told, **shared} for id_ in ids),
        )


def hold(
    where: ColumnElement[bool],
    code: str,
    sentence: str,
    *,
    until: datetime | None,
    cause: str,
    hours: Mapping[str, Any] | None = None,
) -> list[Moved]:
    """Keep texts back until a time, or until somebody mends the cause; credits stay reserved.

    `hours` are the facts by which the rules of hours hold them (P-3).
    """
    kept: dict[str, Any] = {"hours": hours} if hours else {}
    return move(
        where,
        State.HELD,
        cause=cause,
        facts={"reason": code, **kept},
        **kept,
        reason_code=code,
        reason=sentence,
        held_until=until,
        owner=None,
        lease_until=None,
    )


def end_unsent(
    where: ColumnElement[bool],
    state: State,
    *,
    cause: str,
    code: str,
    sentence: str | None = None,
    **values: Any,
) -> list[Moved]:
    """End texts that did not leave: later parts follow, then places of limits and credits."""
    moved = move(
        where,
        state,
        cause=cause,
        facts={"reason": code},
        reason_code=code,
        reason=sentence,
        held_until=None,
        owner=None,
        lease_until=None,
        **values,
    )
    moved += _end_later_parts(moved)
    settle_unsent(moved, reason=code)
    return moved


def settle_unsent(moved: Iterable[Moved], *, reason: str) -> int:
    """Give back places and credits of texts that did not leave, at the end of the unit of work.

    Returns the credits.
    """
    rows = list(moved)
    limits.give_back(
        Held(row.account_id, row.slot_on, limits.place_of(row))
        for row in rows
        if row.slot_on is not None and row.e164 is not None
    )
    owed: dict[UUID, list[UUID]] = defaultdict(list)
    for row in rows:
        if row.credits:
            owed[row.account_id].append(row.id)
    for account_id, ids in owed.items():
        before_commit(
            Last.CREDITS, account_id, partial(billing.release, account_id, ids, reason=reason)
        )
    return sum(row.credits for row in rows)


def release_next_part(text_id: UUID, part: int) -> None:
    """Let the part after this one go: it waited for this one (R-4)."""
    move(
        (Message.text_id == text_id)
        & (Message.part == part + 1)
        & (Message.state == State.HELD)
        & (Message.reason_code == WAITS_FOR_PART),
        State.QUEUED,
        cause="part_before_accepted",
        reason_code=None,
        reason=None,
    )


WAITS_FOR_PART = "part_waits"


def _end_later_parts(moved: Sequence[Moved]) -> list[Moved]:
    """Cancel the parts that would follow one that didn't leave (R-4)."""
    firsts: dict[UUID, int] = {}
    for row in moved:
        if row.part < row.parts:
            firsts[row.text_id] = min(row.part, firsts.get(row.text_id, row.part))
    ended: list[Moved] = []
    pairs = list(firsts.items())
    for start in range(0, len(pairs), _CHUNK):
        ended += move(
            or_(
                *(
                    (Message.text_id == text_id) & (Message.part > part)
                    for text_id, part in pairs[start : start + _CHUNK]
                )
            )
            & Message.state.in_((State.HELD, State.QUEUED)),
            State.CANCELED,
            cause="part_before_ended",
            reason_code=EARLIER_PART,
            reason="The part before this one did not go out.",
            held_until=None,
        )
    return ended
