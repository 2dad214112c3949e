"""The day of a registered brand: what all accounts of an organization may send together (S-5).

Counted when a text leaves, on the brand's Pacific day, as the carrier counts. A text that is tried
again counts once. Replies and what the law wants may draw on what lies between our cap and the
carrier's, so that nobody is left unanswered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, and_, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core.db import db, is_sqlite
from portal.messaging.models import DailyBrand
from portal.messaging.rules.brand import brand_day
from portal.messaging.service.claims import Text
from portal.messaging.values import Gate, Kind
from portal.notifications import service as notifications
from portal.numbers import rules as numbers
from portal.people import queries as people
from portal.registrations import queries as registrations
from portal.registrations.rules import tiers

_DAYS: Final = cast(Table, DailyBrand.__table__)
# Made once: building a statement costs more than asking it.
_OF_DAY: Final = and_(
    _DAYS.c.organization_id == bindparam("organization"), _DAYS.c.day == bindparam("on")
)
_LOCK: Final = select(_DAYS.c.segments).where(_OF_DAY).with_for_update()
_TAKE: Final = update(_DAYS).where(_OF_DAY).values(segments=_DAYS.c.segments + bindparam("taken"))


@dataclass(frozen=True, slots=True)
class BrandDay:
    """A brand's day as it was locked: its caps, and the segments that have left on it."""

    organization_id: UUID
    now: datetime
    cap: int
    carrier_cap: int
    used: int


def lock_day(organization_id: UUID, texts: Sequence[Text], now: datetime) -> BrandDay | None:
    """Lock the brand's day; None when it has none: no registered brand, or no text of its own.

    Call it before the account's days are locked: others give places of those back at their end,
    when they hold the brand's day already (RULINGS 6).
    """
    brand = registrations.brand(organization_id)
    if brand is None or not any(_is_counted(text) for text in texts):
        return None
    cap, carrier_cap = tiers.daily_cap(brand.score), tiers.carrier_cap(brand.score)
    return BrandDay(organization_id, now, cap, carrier_cap, _lock(organization_id, now))


def admit(day: BrandDay | None, texts: Sequence[Text]) -> dict[UUID, Gate]:
    """Count texts that are about to leave, in order; return the gate of each that may not."""
    shut: dict[UUID, Gate] = {}
    if day is None:
        return shut
    used = day.used
    for text in filter(_is_counted, texts):
        is_owed = text.kind is Kind.SYSTEM or text.is_reply
        cap = day.carrier_cap if is_owed else day.cap
        gate = brand_day(used, text.segments, cap, tiers.next_day(day.now))
        if gate is not None and text.kind is not Kind.SYSTEM:
            shut[text.id] = gate
        else:
            used += text.segments
    if used > day.used:
        on, taken = tiers.day_of(day.now), used - day.used
        asked = {"organization": day.organization_id, "on": on, "taken": taken}
        db.session.execute(_TAKE, asked)
        _alert(day.organization_id, day.used, used, day.cap, day.now)
    return shut


def _is_counted(text: Text) -> bool:
    """Say whether a text counts for the brand: into the US, from a local number, the first time."""
    is_toll_free = numbers.is_toll_free(text.from_e164 or "")
    return text.country_code == 1 and text.attempt == 0 and not is_toll_free


def _lock(organization_id: UUID, now: datetime) -> int:
    """Lock the brand's day and return the segments that left on it."""
    day = tiers.day_of(now)
    insert = (sqlite if is_sqlite() else postgresql).insert(_DAYS)
    db.session.execute(
        insert.values(organization_id=organization_id, day=day, segments=0).on_conflict_do_nothing()
    )
    used: int = db.session.execute(_LOCK, {"organization": organization_id, "on": day}).scalar_one()
    return used


def _alert(organization_id: UUID, before: int, after: int, cap: int, now: datetime) -> None:
    """Tell leads and officers, once a day and share (S-5)."""
    share = tiers.alert_of(before, after, cap)
    if share is None:
        return
    day = tiers.day_of(now)
    receivers = [*people.leads(organization_id), *people.officers(organization_id)]
    notifications.notify(
        organization_id=organization_id,
        account_id=None,
        user_ids=[person.id for person in receivers],
        kind="trouble",
        title=f"{share} % of your brand's texts of today are sent",
        text=f"{after:,} of {cap:,} segments, all accounts together. Beyond that, texts wait for "
        "the next day, which begins at midnight Pacific time.",
        url=f"/organizations/{organization_id}/registrations",
        dedupe_key=f"brand-day:{organization_id}:{day}:{share}",
    )
