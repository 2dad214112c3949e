"""What the opt-outs and errors of an account, or of an organization, come from (H-8)."""

from uuid import UUID

from flask import Response, request, url_for

from portal.appeals.service import stopping
from portal.appeals.service.stopping import Foreseen
from portal.compliance.rules import causes as rules
from portal.compliance.rules.causes import Cause, Dimension, Trouble
from portal.compliance.rules.health import Outcomes, Thresholds, Window
from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.errors import DomainError
from portal.core.web import page, takes
from portal.reports.queries import health
from portal.reports.queries.causes import Told
from portal.reports.rules import causes as words
from portal.reports.rules.causes import Named, Part
from portal.reports.values import Scope
from portal.reports.views.blueprint import bp
from portal.reports.views.health import window_asked
from portal.reports.views.showing import Link, scope_of

STOP = Permission.STOP_TRAFFIC


@bp.get("/accounts/<uuid:account_id>/causes")
@bp.get("/organizations/<uuid:organization_id>/causes")
@requires(Permission.VIEW_CREDITS)
@takes("window")
def show_causes(account_id: UUID | None = None, organization_id: UUID | None = None) -> Response:
    """Name the campaign, step, list, number or person that the trouble comes from."""
    del organization_id  # loaded as g.organization, or as the account's own
    scope, window, now = scope_of(is_one=account_id is not None), window_asked(), clock.utcnow()
    whose = request.view_args or {}
    by = health.thresholds(scope, now)
    told = Told(scope, window.since(now, by))
    return page(
        "reports/causes.html",
        scope=scope,
        window=window,
        by=by,
        kinds=words.KINDS,
        parts=[_part(told, trouble, by, scope) for trouble in Trouble],
        health_url=url_for("reports.show_health", **whose, window=window.value),
        windows=[
            Link(
                each.words(by), url_for("reports.show_causes", **whose, window=each), each is window
            )
            for each in Window
        ],
        stop_of=lambda named: _stop_of(scope, named),
        stops_url=url_for("appeals.traffic_stops", **whose) if scope.is_one else None,
        url_of=lambda cause: _url_of(told, scope, window, cause),
    )


def _part(told: Told, trouble: Trouble, by: Thresholds, scope: Scope) -> Part:
    found = rules.rank(told.cells, trouble, by)
    apart = [c for c in rules.apart(told.cells, trouble, by) if _tells(c, scope)]
    wanted = {(c.dimension, c.value) for c in (*found, *apart)}
    wanted |= {(dimension, value) for c in found for dimension, value, _ in c.shared}
    names = told.name(wanted)
    outcomes = sum((cell.outcomes for cell in told.cells), Outcomes())
    return words.part(trouble, outcomes, by, words.named(found, names), words.named(apart, names))


def _stop_of(scope: Scope, named: Named) -> Foreseen | None:
    """Return what stopping a cause would do, for whoever may; of one account alone."""
    cause = named.cause
    if not scope.is_one or cause.dimension is Dimension.CODE or not me().may(STOP):
        return None
    try:
        return stopping.foresee(scope.accounts[0], cause.dimension, cause.value, me())
    except DomainError:
        return None  # it is gone, or of words too short to tell


def _tells(cause: Cause, scope: Scope) -> bool:
    """Say whether a line of the table tells anything: of one account the account doesn't."""
    return not (scope.is_one and cause.dimension is Dimension.ACCOUNT)


def _url_of(told: Told, scope: Scope, window: Window, named: Named) -> str | None:
    """Return where a cause leads to: a send, or of several accounts the one it is in."""
    cause = named.cause
    if not scope.is_one:
        accounts = told.accounts_of((cause.dimension, cause.value))
        if len(accounts) != 1:
            return None
        return url_for("reports.show_causes", account_id=accounts[0], window=window.value)
    if cause.dimension is Dimension.CAMPAIGN:
        account_id = scope.accounts[0].id
        return url_for("messaging.campaign", account_id=account_id, campaign_id=cause.value)
    return None
