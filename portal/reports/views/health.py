"""How an account stands with carriers and people, and how all of them do (H-3)."""

from uuid import UUID

from flask import Response, request, url_for

from portal.compliance.rules.health import Window
from portal.core import clock
from portal.core.access import Permission, requires
from portal.core.errors import BadInput
from portal.core.web import page, takes
from portal.reports.queries import health
from portal.reports.values import Report, Scope
from portal.reports.views.blueprint import bp
from portal.reports.views.sending import as_file
from portal.reports.views.showing import Link, scope_of


@bp.get("/organizations/<uuid:organization_id>/health")
@bp.get("/accounts/<uuid:account_id>/health")  # the nearest: where the menu leads to, if it can
@requires(Permission.VIEW_CREDITS)
@takes("window")
def show_health(account_id: UUID | None = None, organization_id: UUID | None = None) -> Response:
    """Show rates with their volume and band: of one account, or of all the person reaches."""
    del organization_id  # loaded as g.organization, or as the account's own
    scope, window, now = scope_of(is_one=account_id is not None), window_asked(), clock.utcnow()
    whose, by = request.view_args or {}, health.thresholds(scope, now)
    return page(
        "reports/health.html",
        scope=scope,
        window=window,
        report=_report(scope, window, health.CAMPAIGNS),
        band=health.of_week(scope.accounts[0], now) if scope.is_one else None,
        by=by,
        causes_url=url_for("reports.show_causes", **whose, window=window.value),
        windows=[
            Link(
                each.words(by), url_for("reports.show_health", **whose, window=each), each is window
            )
            for each in Window
        ],
        file_url=lambda kind: url_for(
            "reports.health_file", **whose, kind=kind, window=window.value
        ),
        url_of=lambda table, id_: _url_of(scope, table, id_),
    )


@bp.get("/accounts/<uuid:account_id>/health/file/<string:kind>")
@bp.get("/organizations/<uuid:organization_id>/health/file/<string:kind>")
@requires(Permission.VIEW_CREDITS)
@takes("window")
def health_file(
    kind: str, account_id: UUID | None = None, organization_id: UUID | None = None
) -> Response:
    """Send the same as CSV or as an Excel workbook."""
    del organization_id
    scope, window = scope_of(is_one=account_id is not None), window_asked()
    words = window.words(health.thresholds(scope, clock.utcnow()))
    head = f"Health of {scope.name}, last {words}"
    report = _report(scope, window, health.CAMPAIGNS_OF_A_FILE)
    return as_file(report, head, kind, f"health-{window}")


def _report(scope: Scope, window: Window, campaigns: int) -> Report:
    now = clock.utcnow()
    if scope.is_one:
        return health.of_account(scope.accounts[0], window, now, campaigns)
    return health.of_accounts(scope, window, now)


def window_asked() -> Window:
    """Return the window the address asks for. Raises BadInput."""
    asked = request.args.get("window", Window.WEEK.value)
    try:
        return Window(asked)
    except ValueError:
        raise BadInput(f"window: choose one of {', '.join(Window)}.") from None


def _url_of(scope: Scope, table: str, id_: UUID) -> str | None:
    """Return where the first cell of a row leads to."""
    if table == "accounts":
        return url_for("reports.show_health", account_id=id_)
    if table == "steps":
        return url_for("drips.show", account_id=scope.accounts[0].id, drip_id=id_)
    return url_for("messaging.campaign", account_id=scope.accounts[0].id, campaign_id=id_)
