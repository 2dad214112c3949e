"""The counts of consent as the records themselves give them: what the running ones must say."""

from typing import Any, cast

from sqlalchemy import Table, func, select

from portal.consent.models import ConsentDay, ConsentRecord, ConsentStanding, StandingCount
from portal.core.counting import Counted
from portal.core.tenancy import Tenant, owned


def recounts(tenant: Tenant) -> list[Counted]:
    """Return each table of counts with what an account's records and standings say it holds."""
    r, s = ConsentRecord, ConsentStanding
    kept: list[Any] = [
        r.account_id,
        r.day,
        r.event,
        r.method,
        r.strength,
        r.form_name,
        r.form_version,
        r.organization_id,
    ]
    stands: list[Any] = [s.account_id, s.strength, s.organization_id]
    return [
        (
            cast(Table, ConsentDay.__table__),
            select(*kept, func.count().label("records"))
            .where(owned(tenant, r), r.day.is_not(None))
            .group_by(*kept),
        ),
        (
            cast(Table, StandingCount.__table__),
            select(*stands, func.count().label("numbers"))
            .where(owned(tenant, s))
            .group_by(*stands),
        ),
    ]
