"""I11: reports count each text once, on its own day: running counts are the sums of what they count."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import except_, or_, select, union_all

from portal.calls import queries as calls
from portal.consent import queries as consent
from portal.core import counting
from portal.core.tenancy import Tenant
from portal.doctor.queries.looking import Check, Look
from portal.doctor.values import Found, Invariant
from portal.messaging.queries import counts


def counted_otherwise(look: Look) -> Iterable[Found]:
    """Count each account's texts, calls and consents again and compare the running counts."""
    tenant = Tenant(look.organization_id, look.account_id)
    for table, wanted in (
        calls.recounts(tenant), *consent.recounts(tenant), *counts.recounts(tenant)
    ):  # fmt: skip
        kept = select(table).where(
            table.c.organization_id == look.organization_id,
            table.c.account_id == look.account_id,
            or_(*(table.c[name] != 0 for name in counting.figures(table))),
        )
        columns = [wanted.selected_columns[column.name] for column in table.columns]
        counted = wanted.with_only_columns(*columns)
        one_way, other_way = except_(kept, counted).subquery(), except_(counted, kept).subquery()
        odd = union_all(select(one_way.c[0], one_way.c[1]), select(other_way.c[0], other_way.c[1]))
        rows = look.rows(select(odd.subquery()).distinct())
        for owner, place in rows:
            whose = table.columns[0].name.removesuffix("_id")
            where = f"day {place}" if "day" in table.c else f"{whose} {owner}, {place}"
            yield Found(
                place if "day" in table.c else owner,
                f"{table.name} differs from what it counts at {where}.",
            )


CHECKS: Final = (
    Check(
        Invariant.I11,
        counted_otherwise,
        "Texts and credits are right; only reports are off. Count again by command: "
        "flask --app app recount.",
    ),
)
