"""What stands now, for many numbers at once (SPEED 3b)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Table,
    bindparam,
    literal,
    select,
    union_all,
)

from portal.consent.models import ConsentStanding, DoNotContact, OrganizationOptOut
from portal.consent.values import DncRef, MessageKind, Reach, Standing, Strength
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.tenancy import Tenant, owned

MOST = 500
_STANDING = cast(Table, ConsentStanding.__table__)
_OPT_OUT = cast(Table, OrganizationOptOut.__table__)
_DNC = cast(Table, DoNotContact.__table__)

# Made once: building a statement costs more than asking it, and every text asks these.
_NUMBERS: BindParameter[list[str]] = bindparam("numbers", expanding=True)
_STANDINGS = select(
    _STANDING.c.e164,
    _STANDING.c.strength,
    _STANDING.c.kinds,
    _STANDING.c.record_id,
    _STANDING.c.expires_at,
    _STANDING.c.stopped_at,
    _STANDING.c.started_at,
    _STANDING.c.own_act_at,
    _STANDING.c.not_valid_reason,
).where(
    _STANDING.c.organization_id == bindparam("organization"),
    _STANDING.c.account_id == bindparam("account"),
    _STANDING.c.e164.in_(_NUMBERS),
)
_REFUSALS: CompoundSelect[Any] = union_all(
    select(
        literal("out").label("what"),
        _OPT_OUT.c.e164.label("e164"),
        _OPT_OUT.c.opted_out_at.label("at"),
        _OPT_OUT.c.reach.label("reach"),
    ).where(
        _OPT_OUT.c.organization_id == bindparam("organization"),
        _OPT_OUT.c.e164.in_(_NUMBERS),
    ),
    select(literal("dnc"), _DNC.c.e164, _DNC.c.added_at, literal(Reach.MARKETING.value)).where(
        _DNC.c.organization_id == bindparam("organization"), _DNC.c.e164.in_(_NUMBERS)
    ),
)


def standings(tenant: Tenant, e164s: Iterable[str], now: datetime) -> dict[str, Standing]:
    """Return what stands for each of at most 500 numbers, in two SELECTs.

    A number nothing is known of has a standing, too: one that allows nothing.
    """
    assert tenant.account_id is not None
    wanted = list(dict.fromkeys(e164s))
    if not wanted:
        return {}
    assert len(wanted) <= MOST
    asked = {
        "organization": tenant.organization_id, "account": tenant.account_id, "numbers": wanted
    }  # fmt: skip
    rows = {row.e164: row for row in db.session.execute(_STANDINGS, asked)}
    org_outs, dncs = _of_organization(tenant, wanted)
    found = {}
    for e164 in wanted:
        row = rows.get(e164)
        org_out, reach = org_outs.get(e164, (None, Reach.MARKETING))
        if row is None:
            found[e164] = Standing(
                e164, org_opted_out_at=org_out, org_reach=reach, dnc_at=dncs.get(e164)
            )
            continue
        expired = row.expires_at is not None and now >= row.expires_at
        stopped, started, own_act = row.stopped_at, row.started_at, row.own_act_at
        if org_out is not None and own_act is not None and own_act > org_out:
            org_out = None  # consent given to this account afterwards lifts it here
        found[e164] = Standing(
            e164,
            strength=row.strength,
            record_id=None if expired else row.record_id,
            kinds=tuple(MessageKind(kind) for kind in row.kinds),
            expires_at=row.expires_at,
            opted_out_at=stopped if stopped and (not started or started <= stopped) else None,
            org_opted_out_at=org_out,
            org_reach=reach,
            dnc_at=dncs.get(e164),
            not_valid_reason=row.not_valid_reason,
        )
    return found


def standing(tenant: Tenant, e164: str, now: datetime | None = None) -> Standing:
    """Return what stands for one number."""
    return standings(tenant, [e164], now or utcnow())[e164]


def do_not_contact(
    tenant: Tenant, *, search: str = "", after: str = "", limit: int = 50
) -> tuple[list[DncRef], str | None]:
    """Return the organization's do-not-contact list by number, and where the next page begins."""
    d = DoNotContact
    listed = select(d).where(owned(Tenant(tenant.organization_id), d)).order_by(d.e164)
    if after:
        listed = listed.where(d.e164 > after)
    if search:
        listed = listed.where(d.e164.contains(search, autoescape=True))
    rows = list(db.session.scalars(listed.limit(limit + 1)))
    refs = [DncRef(r.e164, r.reason, r.added_at, r.added_by) for r in rows[:limit]]
    return refs, refs[-1].e164 if len(rows) > limit else None


def _of_organization(
    tenant: Tenant, e164s: Sequence[str]
) -> tuple[dict[str, tuple[datetime, Reach]], dict[str, datetime]]:
    """Return when numbers opted out of the organization and were put on its list, in one SELECT."""
    asked = {"organization": tenant.organization_id, "numbers": e164s}
    outs: dict[str, tuple[datetime, Reach]] = {}
    dncs: dict[str, datetime] = {}
    for what, e164, at, reach in db.session.execute(_REFUSALS, asked):
        if what == "dnc":
            dncs[e164] = at
        elif Reach(reach) is not Reach.ACCOUNT:
            outs[e164] = at, Reach(reach)
    return outs, dncs


def consents_standing(organization_id: UUID) -> Iterator[tuple[UUID, str, datetime]]:
    """Give every consent that stands: account, number, and when it was given, if that is known."""
    s = ConsentStanding
    rows = db.session.execute(
        select(s.account_id, s.e164, s.given_at)
        .where(
            s.organization_id == organization_id,
            s.strength != Strength.NONE,
            s.given_at.is_not(None),
        )
        .order_by(s.e164, s.account_id)
    )
    for row in rows:
        yield row.account_id, row.e164, row.given_at
