"""Taking and giving back places of the daily limits: nothing passes them (S-5, PROMISES 3.3)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Row, Table, and_, bindparam, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import Last, before_commit, db, is_sqlite
from portal.core.many_rows import insert_rows
from portal.messaging.models import (
    AllowedCountry,
    DailyCountry,
    DailyLimit,
    DailyRecipient,
    Message,
)
from portal.messaging.rules.allotment import DayRoom, reserve_for_replies
from portal.messaging.values import State
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_NEVER_LEFT = (State.BLOCKED, State.CANCELED, State.EXPIRED, State.REJECTED)
_CHUNK = 500
_DAY: Final = cast(Table, DailyLimit.__table__).c
_COUNTED: Final = cast(Table, DailyRecipient.__table__).c
# Made once: every open conversation asks these (G6).
_TAKEN: Final = select(
    _DAY.recipients + _DAY.recipients_over, _DAY.segments + _DAY.segments_over, _DAY.replies
).where(_DAY.account_id == bindparam("account"), _DAY.day == bindparam("day"))
_TAKEN_FOR: Final = _TAKEN.add_columns(  # nobody is counted before the day has its row
    exists()
    .where(
        _COUNTED.account_id == bindparam("account"),
        _COUNTED.day == bindparam("day"),
        _COUNTED.e164 == bindparam("number"),
    )
    .label("is_counted")
)


@dataclass(frozen=True, slots=True)
class Place:
    """What one text takes of a day."""

    e164: str
    segments: int
    country_code: int
    is_reply: bool
    draws_on_reserve: bool
    is_over: bool = False  # beyond the limits, at the sender's risk


def place_of(text: Any) -> Place:
    """Return what a text takes of its day, by its row or as it was planned."""
    return Place(
        text.e164 or "",
        text.segments,
        text.country_code,
        text.is_reply,
        text.draws_on_reserve,
        bool(text.passed_limit),
    )


@dataclass(frozen=True, slots=True)
class Held:
    """A place that a text had and won't use."""

    account_id: UUID
    day: date
    place: Place


def day_of(account: AccountRef, at: datetime) -> date:
    """Return the account's own day at a time (S-5)."""
    return accounts.today(account, at)


def lock_day(account: AccountRef, day: date) -> DayRoom:
    """Lock an account's day and return what is left of it; days are locked in order."""
    insert = (sqlite if is_sqlite() else postgresql).insert(DailyLimit)
    reserve = reserve_for_replies(account.daily_segment_limit)
    db.session.execute(
        insert.values(
            account_id=account.id,
            day=day,
            organization_id=account.organization_id,
            recipients_limit=account.recipients_a_day,
            segments_limit=account.daily_segment_limit,
            replies_limit=reserve,
        ).on_conflict_do_nothing()
    )
    row = db.session.scalars(
        select(DailyLimit)
        .where(DailyLimit.account_id == account.id, DailyLimit.day == day)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    # A limit edited during the day holds at once, but never below what has been taken.
    row.recipients_limit = max(account.recipients_a_day, row.recipients)
    row.segments_limit = max(account.daily_segment_limit, row.segments)
    row.replies_limit = max(reserve, row.replies)
    db.session.flush()  # the guarded UPDATE that follows compares with these
    return DayRoom(
        day,
        account.recipients_a_day - row.recipients - row.recipients_over,
        account.daily_segment_limit - row.segments - row.segments_over,
        reserve - row.replies,
        counted_on(account.id, day),
        country_room(account.id, day),
    )


def read_day(account: AccountRef, day: date) -> DayRoom:
    """Return what is left of an account's day, without locking it."""
    row = db.session.execute(_TAKEN, {"account": account.id, "day": day}).first()
    return _room(account, day, row, counted_on(account.id, day), country_room(account.id, day))


def read_day_for(e164: str) -> Callable[[AccountRef, date], DayRoom]:
    """Return what reads the same for one number alone: not everybody who has a place (G6)."""

    def read(account: AccountRef, day: date) -> DayRoom:
        asked = {"account": account.id, "day": day, "number": e164}
        row = db.session.execute(_TAKEN_FOR, asked).first()
        countries = {} if e164.startswith("+1") else country_room(account.id, day)
        return _room(account, day, row, {e164} if row and row.is_counted else set(), countries)

    return read


def _room(
    account: AccountRef,
    day: date,
    row: Row[*tuple[Any, ...]] | None,
    counted: set[str],
    countries: dict[int, int],
) -> DayRoom:
    recipients, segments, replies = row[:3] if row else (0, 0, 0)
    return DayRoom(
        day,
        account.recipients_a_day - recipients,
        account.daily_segment_limit - segments,
        reserve_for_replies(account.daily_segment_limit) - replies,
        counted,
        countries,
    )


def counted_on(account_id: UUID, day: date) -> set[str]:
    """Return the numbers that have their place in a day."""
    return set(
        db.session.scalars(
            select(DailyRecipient.e164).where(
                DailyRecipient.account_id == account_id, DailyRecipient.day == day
            )
        )
    )


def country_room(account_id: UUID, day: date) -> dict[int, int]:
    """Return how many texts are left in each country that is switched on."""
    rows = db.session.execute(
        select(AllowedCountry.country_code, AllowedCountry.daily_limit, DailyCountry.used)
        .outerjoin(
            DailyCountry,
            and_(
                DailyCountry.account_id == AllowedCountry.account_id,
                DailyCountry.country_code == AllowedCountry.country_code,
                DailyCountry.day == day,
            ),
        )
        .where(AllowedCountry.account_id == account_id)
    )
    return {row.country_code: row.daily_limit - (row.used or 0) for row in rows}


def take(account: AccountRef, day: date, places: Sequence[Place]) -> bool:
    """Take places of a day that lock_day() said are free; False when they are not.

    Places beyond the limits are taken whatever is left, and leave less for all others.
    """
    within = [p for p in places if not p.is_over]
    fresh = _count_recipients(account, day, {p.e164 for p in within if not p.is_reply})
    segments, replies = _segments(within)
    over = [p for p in places if p.is_over]
    fresh_over = _count_recipients(
        account, day, {p.e164 for p in over if not p.is_reply}, is_over=True
    )
    row = db.session.scalar(
        update(DailyLimit)
        .where(
            DailyLimit.account_id == account.id,
            DailyLimit.day == day,
            DailyLimit.recipients + fresh <= DailyLimit.recipients_limit,
            DailyLimit.segments + segments <= DailyLimit.segments_limit,
            DailyLimit.replies + replies <= DailyLimit.replies_limit,
        )
        .values(
            recipients=DailyLimit.recipients + fresh,
            segments=DailyLimit.segments + segments,
            replies=DailyLimit.replies + replies,
            recipients_over=DailyLimit.recipients_over + fresh_over,
            segments_over=DailyLimit.segments_over + sum(p.segments for p in over),
        )
        .returning(DailyLimit.account_id)
        .execution_options(synchronize_session=False)
    )
    if row is None:
        return False
    abroad = Counter(p.country_code for p in places if p.country_code != 1)
    return all(_take_country(account, day, code, count) for code, count in abroad.items())


def give_back(held: Iterable[Held]) -> None:
    """Return places of texts that never left or left on another day, once their rows say so.

    That is done at the end of the unit of work, day by day, each under the lock of its day: a
    confirm that counts on a place must have committed before we look who still needs it.
    """
    days: dict[tuple[UUID, date], list[Place]] = defaultdict(list)
    for one in held:
        days[one.account_id, one.day].append(one.place)
    for (account_id, day), places in days.items():
        work = partial(_give_back, account_id, day, places)
        before_commit(Last.COUNTERS, f"{account_id} {day}", work)


def _give_back(account_id: UUID, day: date, places: Sequence[Place]) -> None:
    which = and_(DailyLimit.account_id == account_id, DailyLimit.day == day)
    db.session.execute(select(DailyLimit.day).where(which).with_for_update()).all()
    free, free_over = _forget_recipients(
        account_id, day, {p.e164 for p in places if not p.is_reply}
    )
    segments, replies = _segments(p for p in places if not p.is_over)
    db.session.execute(
        update(DailyLimit)
        .where(which)
        .values(
            recipients=DailyLimit.recipients - free,
            segments=DailyLimit.segments - segments,
            replies=DailyLimit.replies - replies,
            recipients_over=DailyLimit.recipients_over - free_over,
            segments_over=DailyLimit.segments_over - sum(p.segments for p in places if p.is_over),
        )
        .execution_options(synchronize_session=False)
    )
    for code, count in Counter(p.country_code for p in places if p.country_code != 1).items():
        db.session.execute(
            update(DailyCountry)
            .where(
                DailyCountry.account_id == account_id,
                DailyCountry.day == day,
                DailyCountry.country_code == code,
            )
            .values(used=DailyCountry.used - count)
            .execution_options(synchronize_session=False)
        )


def allow_country(
    account: AccountRef, country_code: int, *, daily_limit: int = 100, actor: Actor
) -> None:
    """Switch a country on for an account, or change its daily limit (S-2)."""
    insert = (sqlite if is_sqlite() else postgresql).insert(AllowedCountry)
    db.session.execute(
        insert.values(
            account_id=account.id,
            organization_id=account.organization_id,
            country_code=country_code,
            daily_limit=daily_limit,
            allowed_by=actor.label,
        ).on_conflict_do_update(
            index_elements=["account_id", "country_code"],
            set_={"daily_limit": daily_limit, "allowed_by": actor.label},
        )
    )
    audit.record(
        "messaging:country:allow",
        actor=actor,
        organization_id=account.organization_id,
        account_id=account.id,
        country_code=country_code,
        daily_limit=daily_limit,
    )


def forbid_country(account: AccountRef, country_code: int, *, actor: Actor) -> None:
    """Switch a country off again; texts that wait for it are blocked when their turn comes."""
    db.session.execute(
        delete(AllowedCountry).where(
            AllowedCountry.account_id == account.id, AllowedCountry.country_code == country_code
        )
    )
    audit.record(
        "messaging:country:forbid",
        actor=actor,
        organization_id=account.organization_id,
        account_id=account.id,
        country_code=country_code,
    )


def _segments(places: Iterable[Place]) -> tuple[int, int]:
    """Return what places take of the day's segments, and of its reserve for replies."""
    known = list(places)
    replies = sum(p.segments for p in known if p.draws_on_reserve)
    return sum(p.segments for p in known) - replies, replies


def _count_recipients(
    account: AccountRef, day: date, e164s: set[str], *, is_over: bool = False
) -> int:
    """Enter numbers into the day's list and return how many were not on it."""
    shared = {
        "account_id": account.id,
        "day": day,
        "organization_id": account.organization_id,
        "is_over": is_over,
    }
    return insert_rows(
        cast(Table, DailyRecipient.__table__),
        ({"e164": e164, **shared} for e164 in sorted(e164s)),
        only_new=True,
    )


def _forget_recipients(account_id: UUID, day: date, e164s: set[str]) -> tuple[int, int]:
    """Take numbers off the day's list unless another text of the day is counted there.

    Returns how many were within the limit, and how many over it.
    """
    still = exists().where(
        Message.account_id == DailyRecipient.account_id,
        Message.e164 == DailyRecipient.e164,
        Message.slot_on == DailyRecipient.day,
        Message.is_reply.is_(False),
        Message.state.not_in(_NEVER_LEFT),
    )
    gone: list[bool] = []
    ordered = sorted(e164s)
    for start in range(0, len(ordered), _CHUNK):
        removed = db.session.execute(
            delete(DailyRecipient)
            .where(
                DailyRecipient.account_id == account_id,
                DailyRecipient.day == day,
                DailyRecipient.e164.in_(ordered[start : start + _CHUNK]),
                ~still,
            )
            .returning(DailyRecipient.is_over)
            .execution_options(synchronize_session=False)
        )
        gone += removed.scalars()
    return len(gone) - sum(gone), sum(gone)


def _take_country(account: AccountRef, day: date, code: int, count: int) -> bool:
    limit = db.session.scalar(
        select(AllowedCountry.daily_limit).where(
            AllowedCountry.account_id == account.id, AllowedCountry.country_code == code
        )
    )
    if limit is None:
        return False
    insert = (sqlite if is_sqlite() else postgresql).insert(DailyCountry)
    db.session.execute(
        insert.values(
            account_id=account.id,
            day=day,
            country_code=code,
            organization_id=account.organization_id,
            daily_limit=limit,
        ).on_conflict_do_nothing()
    )
    taken = db.session.scalar(
        update(DailyCountry)
        .where(
            DailyCountry.account_id == account.id,
            DailyCountry.day == day,
            DailyCountry.country_code == code,
            DailyCountry.used + count <= limit,
        )
        .values(used=DailyCountry.used + count, daily_limit=limit)
        .returning(DailyCountry.used)
        .execution_options(synchronize_session=False)
    )
    return taken is not None
