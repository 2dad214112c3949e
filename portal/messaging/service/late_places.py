"""Places in the daily limits for texts that leave on another day than their own (PROMISES 3.3)."""

from datetime import date, datetime, timedelta
from typing import Final, cast

from sqlalchemy import Table, and_, bindparam, select, update

from portal.core.db import db
from portal.messaging.models import MOVING, Message
from portal.messaging.rules import gates
from portal.messaging.rules.allotment import morning_of
from portal.messaging.rules.gate_facts import TextFacts
from portal.messaging.service import limits
from portal.messaging.service.claims import Text
from portal.messaging.service.limits import Held, Place
from portal.messaging.values import MARKETING, Gate, State
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_MESSAGES = cast(Table, Message.__table__)
_CHUNK: Final = 500
_PLACED: Final = (
    "slot_on", "e164", "segments", "country_code", "is_reply", "draws_on_reserve", "passed_limit",
)  # fmt: skip

_COUNT_ON: Final = (
    update(_MESSAGES)
    .where(_MESSAGES.c.id == bindparam("this"))
    .values(
        slot_on=bindparam("today"),
        draws_on_reserve=bindparam("draws"),
        passed_limit=bindparam("passed"),
    )
)


def take_late_place(
    message: Text, account: AccountRef, now: datetime, *, passes_limits: bool
) -> Gate | None:
    """Count a text against today: its own day has passed while it waited (PROMISES 3.3).

    One that `passes_limits` finds its place beyond them where today is full (S-5).
    """
    today = accounts.today(account, now)
    room = limits.lock_day(account, today)
    e164 = message.e164 or ""
    is_reply = message.is_reply
    # It has a place beyond the limits, and nobody takes the risk any more: today is full for it.
    lost = bool(message.passed_limit) and message.slot_on == today and not passes_limits
    there = TextFacts(
        message.kind,
        now,
        e164,
        country_code=message.country_code,
        country_room=room.countries.get(message.country_code),
        is_reply=is_reply,
        takes_recipient=lost or room.takes_recipient(e164, is_reply=is_reply),
        segments=message.segments,
        recipients_left=0 if lost else room.recipients,
        segments_left=0 if lost else room.segments_for(is_reply=is_reply),
        tomorrow=morning_of(today + timedelta(days=1), account.timezone),
        passes_limits=passes_limits,
    )
    if (full := gates.day_full(there)) is not None:
        return full
    had = limits.place_of(message)
    passed = room.passed_by(e164, message.segments, is_reply=is_reply)
    is_over = bool(passed)
    draws = room.take(
        e164, message.segments, message.country_code, is_reply=is_reply, is_over=is_over
    )
    place = Place(e164, message.segments, message.country_code, is_reply, draws, is_over)
    if not limits.take(account, today, [place]):
        raise RuntimeError("a place was free and could not be taken")  # the day is locked
    db.session.execute(
        _COUNT_ON,
        {"this": message.id, "today": today, "draws": draws, "passed": passed or None},
    )
    if message.slot_on is not None:
        limits.give_back([Held(account.id, message.slot_on, had)])
    return None


def give_up(account: AccountRef, today: date) -> int:
    """Give back the places that bulk and plan texts have from today on; return how many.

    Each takes one of the day it leaves on, as far as that day has any: so a limit that became
    lower holds for what was planned before, too.
    """
    waits = and_(
        MOVING,
        Message.account_id == account.id,
        Message.kind.in_(MARKETING),
        Message.state.in_((State.QUEUED, State.HELD)),
        Message.slot_on >= today,
    )
    rows = db.session.execute(
        select(*(getattr(Message, name) for name in ("id", *_PLACED)))
        .where(waits)
        .order_by(Message.id)
        .with_for_update()
    ).all()
    for start in range(0, len(rows), _CHUNK):
        some = [row.id for row in rows[start : start + _CHUNK]]
        db.session.execute(
            update(_MESSAGES)
            .where(_MESSAGES.c.id.in_(some))
            .values(slot_on=None, draws_on_reserve=False, passed_limit=None)
        )
    limits.give_back(Held(account.id, row.slot_on, limits.place_of(row)) for row in rows)
    return len(rows)
