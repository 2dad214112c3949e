"""Why was I charged? For one text, out or in (B-13)."""

from uuid import UUID

from flask import Response, g

from portal.core.access import Permission, requires
from portal.core.web import page
from portal.messaging.queries import charges
from portal.messaging.queries.charges import ChargeView
from portal.messaging.views.blueprint import bp
from portal.messaging.views.figures import visible


@bp.get("/accounts/<uuid:account_id>/messages/<uuid:message_id>/charge")
@requires(Permission.VIEW_CREDITS)
def charge(account_id: UUID, message_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show how a text of ours was priced and what it took."""
    return _page(charges.charge(g.account.tenant, message_id))


@bp.get("/accounts/<uuid:account_id>/received/<string:sid>/charge")
@requires(Permission.VIEW_CREDITS)
def charge_received(account_id: UUID, sid: str) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show how a text that came in was priced and what it took (B-10)."""
    return _page(charges.charge_received(g.account.tenant, sid))


def _page(found: ChargeView) -> Response:
    counted = found.reckoning.counted if found.reckoning else None
    return page(
        "messaging/charge.html",
        "messaging/_charge.html",
        charge=found,
        forcing=visible(counted.forcing) if counted else (),
    )
