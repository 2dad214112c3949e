"""Appeals begun in some days: how far each is, and how long its decision took (A-5, M-3)."""

from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.appeals.models import AppealCase
from portal.billing.rules import day_start
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.reports.rules.appeals import Appeal
from portal.reports.rules.periods import Span
from portal.reports.values import Scope
from portal.texting_accounts.models import Restriction

_MOST = 10_000  # of one report: an organization has a handful a year


def begun(scope: Scope, span: Span) -> list[Appeal]:
    """Return each round that was begun in these days, the oldest first, by its suspension's cause."""
    c = AppealCase
    begins, ends = (day_start(day, scope.zone) for day in (span.first, span.after))
    rows = db.session.execute(
        select(
            *(Restriction.cause, c.round, c.state, c.submitted_at, c.decided_at),
            *(c.created_at, c.carrier_ticket),
        )
        .join(Restriction, Restriction.id == c.restriction_id)
        .where(
            owned(Tenant(scope.organization_id), c),
            c.account_id.in_(scope.account_ids),
            c.created_at >= begins,
            c.created_at < ends,
        )
        .order_by(c.created_at, c.id)
        .limit(_MOST)
    )
    zone = ZoneInfo(scope.zone)
    return [
        Appeal(*row[:5], row.created_at.astimezone(zone).date(), row.carrier_ticket) for row in rows
    ]
