"""Reads of daily limits (S-5)."""

from datetime import datetime

from sqlalchemy import select

from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import AllowedCountry, DailyLimit
from portal.messaging.values import Counters
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef


def counters(account: AccountRef, now: datetime) -> Counters:
    """Return what an account has taken of the limits of its day."""
    day = accounts.today(account, now)
    row = db.session.execute(
        select(DailyLimit.recipients, DailyLimit.segments).where(
            DailyLimit.account_id == account.id, DailyLimit.day == day
        )
    ).first()
    recipients, segments = row or (0, 0)
    return Counters(
        day,
        recipients,
        account.daily_recipient_limit,
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
