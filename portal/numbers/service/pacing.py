"""When each number's next text may leave (RULINGS 12): a row per number, moved by one UPDATE."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import BigInteger, Table, bindparam, case, select, update

from portal.core.db import db
from portal.core.errors import NotFound
from portal.numbers.models import SenderNumber

_SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBERS = cast(Table, SenderNumber.__table__)
# Made once: building a statement costs more than asking it, and every claim asks these.
_NEXT = select(_NUMBERS.c.next_slot_us, _NUMBERS.c.segments_per_second).where(
    _NUMBERS.c.id == bindparam("number")
)
_NOW_US = bindparam("now_us", type_=BigInteger())
_TAKE = (
    update(_NUMBERS)
    .where(_NUMBERS.c.id == bindparam("number"))
    .values(
        next_slot_us=case(
            (_NUMBERS.c.next_slot_us > _NOW_US, _NUMBERS.c.next_slot_us), else_=_NOW_US
        )
        + bindparam("length_us", type_=BigInteger()) // _NUMBERS.c.segments_per_second
    )
    .returning(_NUMBERS.c.next_slot_us, _NUMBERS.c.segments_per_second)
)


def take_slots(sender_id: UUID, segments: Sequence[int], now: datetime) -> list[datetime]:
    """Reserve the next slots of a number and return when each text may leave, in order.

    Texts follow each other at the number's pace by their segments; slots that passed
    unused are lost, so a number that rested does not burst. One guarded UPDATE inside
    the caller's unit of work: two workers never get the same slot.
    """
    if not segments:
        return []
    asked = {"number": sender_id, "now_us": _us(now), "length_us": sum(segments) * _SECOND_US}
    row = db.session.execute(_TAKE, asked).first()
    if row is None:
        raise NotFound("We can't find that number.")
    first = row.next_slot_us - sum(segments) * _SECOND_US // row.segments_per_second
    slots, before = [], 0
    for count in segments:
        slots.append(_time(first + before * _SECOND_US // row.segments_per_second))
        before += count
    return slots


def room(sender_id: UUID, now: datetime, within: timedelta) -> int:
    """Return how many segments the number may still start within this time."""
    row = db.session.execute(_NEXT, {"number": sender_id}).first()
    if row is None:
        return 0
    start, end = max(int(row.next_slot_us), _us(now)), _us(now + within)
    if start >= end:
        return 0
    # A text that starts at the last moment counts, so a part of a slot is a whole one.
    return -((start - end) * int(row.segments_per_second) // _SECOND_US)


def hold_back(sender_id: UUID, until: datetime) -> None:
    """Let nothing leave from the number before then; for a carrier that says slow down."""
    db.session.execute(
        update(SenderNumber)
        .where(SenderNumber.id == sender_id, SenderNumber.next_slot_us < _us(until))
        .values(next_slot_us=_us(until))
        .execution_options(synchronize_session=False)
    )


def _us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _time(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)
