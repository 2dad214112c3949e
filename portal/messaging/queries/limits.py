"""Reads of daily limits (S-5)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import AllowedCountry, DailyBrand, DailyLimit
from portal.messaging.values import Counters
from portal.registrations import queries as registrations
from portal.registrations.rules import tiers
from portal.registrations.values import BrandDay
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef


def counters(account: AccountRef, now: datetime) -> Counters:
    """Return what an account has taken of the limits of its day, and what went over them."""
    day = accounts.today(account, now)
    row = db.session.execute(
        select(
            DailyLimit.recipients + DailyLimit.recipients_over,
            DailyLimit.segments + DailyLimit.segments_over,
        ).where(DailyLimit.account_id == account.id, DailyLimit.day == day)
    ).first()
    recipients, segments = row or (0, 0)
    return Counters(
        day,
        recipients,
        account.recipients_a_day,
        segments,
        account.daily_segment_limit,
    )


def allowed_countries(tenant: Tenant) -> dict[int, int]:
    """Return the countries outside code 1 that are switched on, with their daily limits."""
    rows = db.session.execute(
        select(AllowedCountry.country_code, AllowedCountry.daily_limit)
        .where(owned(tenant, AllowedCountry))
        .order_by(AllowedCountry.country_code)
    )
    return {row.country_code: row.daily_limit for row in rows}


def brand_day(organization_id: UUID, now: datetime) -> BrandDay | None:
    """Return how much of its day the organization's registered brand has sent, if it has one."""
    brand = registrations.brand(organization_id)
    if brand is None:
        return None
    used = db.session.scalar(
        select(DailyBrand.segments).where(
            owned(Tenant(organization_id), DailyBrand), DailyBrand.day == tiers.day_of(now)
        )
    )
    return BrandDay(used or 0, tiers.daily_cap(brand.score))
