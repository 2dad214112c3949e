"""Texts and credits by SmartPlan, as the running counts of its sends have them (M-3)."""

from collections import Counter, defaultdict
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.drips.models import Drip, DripSend
from portal.messaging.models import Campaign, CampaignCount, Message
from portal.messaging.values import Kind
from portal.reports.queries import usage
from portal.reports.rules.periods import Span
from portal.reports.values import Scope, Sums

_AT_ONCE: Final = 500


def by_plan(scope: Scope, span: Span) -> list[tuple[UUID, str, Sums]]:
    """Return what each plan's texts of these days came to, by name; archived plans included."""
    tenant = Tenant(scope.organization_id)
    rows = db.session.execute(
        select(DripSend.drip_id, *usage.OF_CAMPAIGNS.values())
        .join(CampaignCount, CampaignCount.campaign_id == DripSend.campaign_id)
        .join(Campaign, Campaign.id == DripSend.campaign_id)
        .where(
            owned(tenant, DripSend, CampaignCount),
            or_(*usage.confirmed(scope, span, Kind.PLAN)),
        )
        .group_by(DripSend.drip_id)
    )
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    for drip_id, *sums in rows:
        found[drip_id].update(dict(zip(usage.OF_CAMPAIGNS, sums, strict=True)))
    free = usage.on_the_house(scope, span, None, Message.kind == Kind.PLAN)
    plans = _plans(tenant, {text.campaign_id for text in free})
    for text in free:
        if text.campaign_id in plans:
            usage.give(found[plans[text.campaign_id]], text)
    names = _names(tenant)
    return sorted(
        ((id_, names.get(id_, ""), Sums(**sums)) for id_, sums in found.items()),
        key=lambda one: (one[1].casefold(), str(one[0])),
    )


def _plans(tenant: Tenant, campaign_ids: set[UUID]) -> dict[UUID, UUID]:
    """Return which plan some sends were for; few are paid for by the house at any time."""
    known: dict[UUID, UUID] = {}
    ids = sorted(campaign_ids)
    for start in range(0, len(ids), _AT_ONCE):
        rows = db.session.execute(
            select(DripSend.campaign_id, DripSend.drip_id).where(
                owned(tenant, DripSend), DripSend.campaign_id.in_(ids[start : start + _AT_ONCE])
            )
        )
        known |= {row.campaign_id: row.drip_id for row in rows}
    return known


def _names(tenant: Tenant) -> dict[UUID, str]:
    rows = db.session.execute(select(Drip.id, Drip.name).where(owned(tenant, Drip)))
    return {row.id: row.name for row in rows}
