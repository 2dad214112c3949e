"""Reading what holds sending to a number because of the person's own words (Q-4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Select, Table, and_, bindparam, func, select

from portal.consent.models import ConsentStanding, RevocationHold
from portal.consent.values import HoldState
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import THAT_ONE, Tenant, owned

HOLDS_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class HoldRef:
    """One text that sounded like a revocation, and what became of it."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    e164: str
    sid: str
    words: str
    said_at: datetime
    held_at: datetime
    lapses_at: datetime
    state: HoldState
    settled_at: datetime | None
    settled_by: str
    reason: str

    @property
    def tenant(self) -> Tenant:
        """Return the account it was said to."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def is_standing(self) -> bool:
        """Say whether it still keeps texts back."""
        return self.state is HoldState.STANDING


@dataclass(frozen=True, slots=True)
class WaitingHolds:
    """What waits to be looked at in one account."""

    account_id: UUID
    count: int
    first_lapses_at: datetime  # when the first becomes an opt-out
    last_held_at: datetime
    lately: int  # those that came since the time that was asked about


_COLUMNS: Final = tuple(getattr(RevocationHold, name) for name in HoldRef.__dataclass_fields__)
_STANDS: Final = RevocationHold.state == HoldState.STANDING
_HOLD: Final = cast(Table, RevocationHold.__table__)
_HOLDS_OF: Final = (  # made once, of columns: every open conversation asks it (G6)
    select(*(_HOLD.c[name] for name in HoldRef.__dataclass_fields__))
    .where(owned(THAT_ONE, _HOLD), _HOLD.c.e164.in_(bindparam("numbers", expanding=True)))
    .order_by(_HOLD.c.said_at.desc(), _HOLD.c.id)
    .limit(bindparam("most"))
)


def hold_or_404(tenant: Tenant, hold_id: UUID) -> HoldRef:
    """Return one hold of an account. Raises NotFound."""
    row = db.session.execute(
        select(*_COLUMNS).where(owned(tenant, RevocationHold), RevocationHold.id == hold_id)
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that hold.")
    return HoldRef(*row)


def standing_hold(tenant: Tenant, e164: str) -> HoldRef | None:
    """Return the hold that stands for a number in an account."""
    row = db.session.execute(
        select(*_COLUMNS).where(owned(tenant, RevocationHold), RevocationHold.e164 == e164, _STANDS)
    ).one_or_none()
    return HoldRef(*row) if row else None


def holds_of(tenant: Tenant, e164s: Sequence[str], limit: int = 50) -> list[HoldRef]:
    """Return all that was held for some numbers of an account, newest first."""
    asked = {**tenant.named, "numbers": list(e164s), "most": limit}
    return [HoldRef(*row) for row in db.session.execute(_HOLDS_OF, asked)]


def holds_in(
    organization_id: UUID, account_ids: Sequence[UUID], *, standing: bool
) -> list[HoldRef]:
    """Return what stands in some accounts, the most pressing first, or what was settled last."""
    h = RevocationHold
    found = select(*_COLUMNS).where(
        h.organization_id == organization_id, h.account_id.in_(account_ids)
    )
    if standing:
        found = found.where(_STANDS).order_by(h.lapses_at, h.said_at, h.id)
    else:
        found = found.where(~_STANDS).order_by(h.settled_at.desc(), h.id)
    return [HoldRef(*row) for row in db.session.execute(found.limit(HOLDS_SHOWN))]


def waiting_by_account(organization_id: UUID, since: datetime) -> list[WaitingHolds]:
    """Return what waits to be looked at in each account, and how much of it came since then."""
    h = RevocationHold
    rows = db.session.execute(
        select(
            h.account_id,
            func.count(),
            func.min(h.lapses_at),
            func.max(h.held_at),
            func.count().filter(h.held_at >= since),
        )
        .where(owned(Tenant(organization_id), h), _STANDS)
        .group_by(h.account_id)
    )
    return [WaitingHolds(*row) for row in rows]


def overdue_holds(now: datetime, after: HoldRef | None = None) -> list[HoldRef]:
    """Return some that nobody has looked at in time, anywhere, by id, those after a given one."""
    return _some(select(*_COLUMNS).where(_STANDS, RevocationHold.lapses_at <= now), after)


def overtaken_holds(after: HoldRef | None = None) -> list[HoldRef]:
    """Return some that the person's own later opt-in to the same account has settled, likewise."""
    h, s = RevocationHold, ConsentStanding
    came_back = and_(s.account_id == h.account_id, s.e164 == h.e164, s.own_act_at > h.said_at)
    return _some(select(*_COLUMNS).join(s, came_back).where(_STANDS), after)


def _some(wanted: Select[Any], after: HoldRef | None) -> list[HoldRef]:
    h = RevocationHold
    if after is not None:
        wanted = wanted.where(h.id > after.id)
    return [HoldRef(*row) for row in db.session.execute(wanted.order_by(h.id).limit(100))]
