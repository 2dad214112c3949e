"""Keeps how each account was judged last (H-4)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.compliance.models import HealthMark
from portal.compliance.rules.health import Band
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.tenancy import owned
from portal.texting_accounts.values import AccountRef


def lock_mark(account: AccountRef, now: datetime) -> HealthMark:
    """Return how an account was judged last, locked; who never was had too few texts."""
    insert = (sqlite if is_sqlite() else postgresql).insert(HealthMark)
    db.session.execute(
        insert.values(
            account_id=account.id,
            organization_id=account.organization_id,
            band=Band.FEW,
            since=now,
        ).on_conflict_do_nothing()
    )
    return db.session.scalars(
        select(HealthMark)
        .where(owned(account.tenant, HealthMark))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def judge_anew(account: AccountRef, since: datetime) -> None:
    """Judge an account by nothing before `since`, a whole hour, and as if nobody had been told."""
    mark = lock_mark(account, utcnow())
    mark.band, mark.since, mark.judged_from = Band.FEW, utcnow(), since
