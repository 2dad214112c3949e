"""The officers' queue of appeals, and the one of the leads (A-5)."""

from typing import Final
from uuid import UUID

from flask import Response, g

from portal.appeals import queries
from portal.appeals.service import cases
from portal.appeals.values import State
from portal.appeals.views.blueprint import bp
from portal.appeals.views.showing import STATE_LOOKS
from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.tenancy import Tenant
from portal.core.web import page
from portal.texting_accounts import queries as accounts

_MOST: Final = 200
_GROUPS: Final = (
    ("review", "To review", (State.IN_REVIEW, State.APPROVED)),
    ("carrier", "With the carrier", (State.SUBMITTED, State.INFORMATION_REQUESTED)),
    ("writing", "Being written", (State.DRAFT, State.RETURNED)),
)


@bp.get("/organizations/<uuid:organization_id>/appeals")
@requires(Permission.SEND_APPEALS)
def queue(organization_id: UUID) -> Response:
    """Show every appeal of the accounts a lead or officer reaches, what waits longest first."""
    who, tenant = me(), Tenant(organization_id)
    names = {
        one.id: one.name for one in accounts.accounts_for(who.user_id, organization_id, who.role)
    }
    groups = [
        (
            key,
            title,
            [c for c in queries.cases_in(tenant, states, limit=_MOST) if c.account_id in names],
        )
        for key, title, states in _GROUPS
    ]
    return page(
        "appeals/queue.html",
        groups=groups,
        over=[c for c in queries.newest_over(tenant, limit=_MOST) if c.account_id in names],
        names=names,
        looks=STATE_LOOKS,
        now=clock.utcnow(),
        has_officer=cases.has_officer(g.organization.id),
    )
