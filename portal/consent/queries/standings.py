"""What stands now, for many numbers at once (SPEED 3b)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    CompoundSelect,
    Row,
    Table,
    bindparam,
    case,
    literal,
    literal_column,
    select,
    union_all,
)

from portal.consent.models import (
    ConsentRecord,
    ConsentStanding,
    DoNotContact,
    OrganizationOptOut,
    RevocationHold,
)
from portal.consent.values import (
    DncRef,
    Event,
    HoldState,
    MessageKind,
    Reach,
    Standing,
    Strength,
)
from portal.core.among import among
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.once import once_a_page
from portal.core.tenancy import Tenant, owned

MOST = 500
_Refused = dict[str, tuple[datetime, Reach]]  # since when, and how far
_OfOrganization = tuple[_Refused, dict[str, datetime], _Refused]
_STANDING = cast(Table, ConsentStanding.__table__)
_OPT_OUT = cast(Table, OrganizationOptOut.__table__)
_DNC = cast(Table, DoNotContact.__table__)
_HOLD = cast(Table, RevocationHold.__table__)

# Made once: building a statement costs more than asking it, and every text asks these.
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
    # With the organization as well, SQLite walks through all an account's standings.
    _STANDING.c.account_id == bindparam("account"),
    among(_STANDING.c.e164, "numbers"),
)
_REFUSALS: CompoundSelect[Any] = union_all(
    select(
        literal("out").label("what"),
        _OPT_OUT.c.e164.label("e164"),
        _OPT_OUT.c.opted_out_at.label("at"),
        _OPT_OUT.c.reach.label("reach"),
    ).where(
        _OPT_OUT.c.organization_id == bindparam("organization"),
        among(_OPT_OUT.c.e164, "numbers"),
    ),
    select(literal("dnc"), _DNC.c.e164, _DNC.c.added_at, literal(Reach.MARKETING.value)).where(
        _DNC.c.organization_id == bindparam("organization"), among(_DNC.c.e164, "numbers")
    ),
    # As far as an opt-out reaches: all texts of its own account, marketing of every other.
    select(
        literal("hold"),
        _HOLD.c.e164,
        _HOLD.c.said_at,
        case(
            (_HOLD.c.account_id == bindparam("account"), literal(Reach.EVERYTHING.value)),
            else_=literal(Reach.MARKETING.value),
        ),
    ).where(
        _HOLD.c.organization_id == bindparam("organization"),
        among(_HOLD.c.e164, "numbers"),
        _HOLD.c.state == literal_column(f"'{HoldState.STANDING.value}'"),
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
    read = _known_once if len(wanted) == 1 else _known
    rows, (org_outs, dncs, holds) = read(tenant, tuple(wanted))
    found = {}
    for e164 in wanted:
        row = rows.get(e164)
        org_out, reach = org_outs.get(e164, (None, Reach.MARKETING))
        held_at, held_reach = holds.get(e164, (None, Reach.EVERYTHING))
        if row is None:
            found[e164] = Standing(
                e164,
                org_opted_out_at=org_out,
                org_reach=reach,
                dnc_at=dncs.get(e164),
                held_at=held_at,
                held_reach=held_reach,
                refused_at=org_out,
            )
            continue
        expired = row.expires_at is not None and now >= row.expires_at
        stopped, started, own_act = row.stopped_at, row.started_at, row.own_act_at
        refused = max(filter(None, (stopped, org_out)), default=None)
        if org_out is not None and own_act is not None and own_act > org_out:
            org_out = None  # consent given to this account afterwards lifts it here
        if held_at is not None and own_act is not None and own_act > held_at:
            held_at = None  # as does the person's own opt-in after their words
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
            held_at=held_at,
            held_reach=held_reach,
            refused_at=refused,
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


def _known(
    tenant: Tenant, e164s: tuple[str, ...]
) -> tuple[dict[str, Row[*tuple[Any, ...]]], _OfOrganization]:
    """Return the row of each number in the account, and what the organization knows of them."""
    asked = {"account": tenant.account_id, "numbers": e164s}
    rows = {row.e164: row for row in db.session.execute(_STANDINGS, asked)}
    return rows, _of_organization(tenant, e164s)


# Of one number alone: a preview asks of 50,000, and what they came to is all it keeps.
_known_once = once_a_page(_known)


def _of_organization(tenant: Tenant, e164s: Sequence[str]) -> _OfOrganization:
    """Return who opted out of the organization, who is on its list, and who is held; one SELECT."""
    asked = {
        "organization": tenant.organization_id,
        "account": tenant.account_id,
        "numbers": e164s,
    }
    outs: _Refused = {}
    dncs: dict[str, datetime] = {}
    holds: _Refused = {}
    for what, e164, at, written in db.session.execute(_REFUSALS, asked):
        reach = Reach(written)
        if what == "dnc":
            dncs[e164] = at
        elif what == "hold":
            if e164 not in holds or reach is Reach.EVERYTHING:  # its own says the most
                holds[e164] = at, reach
        elif reach is not Reach.ACCOUNT:
            outs[e164] = at, reach
    return outs, dncs, holds


def refused_since(account_ids: Collection[UUID], since: datetime) -> dict[Tenant, list[str]]:
    """Return by account which numbers had an opt-out recorded since then, of some accounts."""
    r = ConsentRecord
    rows = db.session.execute(
        select(r.organization_id, r.account_id, r.e164)
        .where(r.account_id.in_(account_ids), r.event == Event.OPTED_OUT, r.recorded_at >= since)
        .distinct()
        .order_by(r.account_id, r.e164)
    )
    found: defaultdict[Tenant, list[str]] = defaultdict(list)
    for organization_id, account_id, e164 in rows:
        found[Tenant(organization_id, account_id)].append(e164)
    return found


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
