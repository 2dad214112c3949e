"""When each number's next text may leave (RULINGS 12): a row per number, moved by one UPDATE."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import case, select, update

from portal.core.db import db
from portal.core.errors import NotFound
from portal.numbers.models import SenderNumber

_SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def take_slots(sender_id: UUID, segments: Sequence[int], now: datetime) -> list[datetime]:
    """Reserve the next slots of a number and return when each text may leave, in order.

    Texts follow each other at the number's pace by their segments; slots that passed
    unused are lost, so a number that rested does not burst. One guarded UPDATE inside
    the caller's unit of work: two workers never get the same slot.
    """
    if not segments:
        return []
    now_us = _us(now)
    earliest = case((SenderNumber.next_slot_us > now_us, SenderNumber.next_slot_us), else_=now_us)
    row = db.session.execute(
        update(SenderNumber)
        .where(SenderNumber.id == sender_id)
        .values(
            next_slot_us=earliest + sum(segments) * _SECOND_US // SenderNumber.segments_per_second
        )
        .returning(SenderNumber.next_slot_us, SenderNumber.segments_per_second)
        .execution_options(synchronize_session=False)
    ).first()
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
    row = db.session.execute(
        select(SenderNumber.next_slot_us, SenderNumber.segments_per_second).where(
            SenderNumber.id == sender_id
        )
    ).first()
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
