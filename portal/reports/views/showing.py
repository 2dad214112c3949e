"""Reports of an account, or of all accounts of an organization that the reader reaches (M-3)."""

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from flask import Response, g, request, url_for

from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.days import day_of
from portal.core.errors import BadInput, NotFound
from portal.core.web import page, takes
from portal.people import queries as people
from portal.people.values import MemberRow
from portal.reports.queries import reports
from portal.reports.queries.reports import Asked
from portal.reports.rules import periods, tables
from portal.reports.values import Scope
from portal.reports.views.blueprint import bp
from portal.reports.views.sending import as_file
from portal.texting_accounts import queries as accounts

_ASKED: Final = ("period", "from", "to", "user", "q", "after")
_OF_ONE_PERSON: Final = ("days", "delivery")  # reports that can be narrowed to a sender
_MOST_WORDS: Final = 100
_ANY_DAYS: Final[dict[str, Any]] = {"from": None, "to": None}


@dataclass(frozen=True, slots=True)
class Link:
    """One view as tabs and segments show it."""

    label: str
    url: str
    is_current: bool
    count: None = None


@bp.get("/accounts/<uuid:account_id>/reports")
@bp.get("/accounts/<uuid:account_id>/reports/<string:name>")
@bp.get("/organizations/<uuid:organization_id>/reports")
@bp.get("/organizations/<uuid:organization_id>/reports/<string:name>")
@requires(Permission.VIEW_CREDITS)
@takes(*_ASKED)
def show(
    name: str = "days",
    account_id: UUID | None = None,
    organization_id: UUID | None = None,
) -> Response:
    """Show one report with its period, as charts and as tables."""
    del organization_id  # loaded as g.organization, or as the account's own
    asked = _asked(name, is_one=account_id is not None)
    return page(
        "reports/report.html",
        name=name,
        title=tables.NAMES[name],
        report=reports.report(name, asked),
        asked=asked,
        sender=_sender(asked),
        periods=[
            Link(
                label,
                _url("reports.show", asked, name=name, period=each, **_ANY_DAYS),
                each == asked.period.name,
            )
            for each, label in periods.PRESETS.items()
        ],
        form_url=url_for(request.endpoint or "", **(request.view_args or {})),
        links=[
            Link(label, _url("reports.show", asked, name=each), each == name)
            for each, label in tables.names(is_one=asked.scope.is_one).items()
        ],
        url=lambda **changed: _url("reports.show", asked, name=name, **changed),
        file_url=lambda kind: _url("reports.file", asked, name=name, kind=kind),
        url_of=lambda table, id_: _url_of(asked, table, id_),
    )


@bp.get("/accounts/<uuid:account_id>/reports/<string:name>/file/<string:kind>")
@bp.get("/organizations/<uuid:organization_id>/reports/<string:name>/file/<string:kind>")
@requires(Permission.VIEW_CREDITS)
@takes(*_ASKED)
def file(
    name: str, kind: str, account_id: UUID | None = None, organization_id: UUID | None = None
) -> Response:
    """Send a report as CSV or as an Excel workbook."""
    del organization_id
    asked = replace(_asked(name, is_one=account_id is not None), is_whole=True, cursor="")
    head = f"{tables.NAMES[name]} of {asked.scope.name}, {asked.period.span.words}"
    span = asked.period.span
    return as_file(reports.report(name, asked), head, kind, f"{name}-{span.first}-{span.last}")


def _asked(name: str, *, is_one: bool) -> Asked:
    """Return what the address asks for. Raises NotFound or BadInput."""
    scope = scope_of(is_one=is_one)
    if name not in tables.names(is_one=is_one):
        raise NotFound("We can't find that report.")
    now = clock.utcnow()
    today = periods.today(now, scope.zone)
    first, last = (day_of(name, _argument(name)) for name in ("from", "to"))
    chosen = periods.period(_argument("period"), first, last, today)
    user_id = _id("user") if name in _OF_ONE_PERSON else None
    after = _id("after") if name == "campaigns" else None
    return Asked(
        scope,
        chosen,
        now,
        user_id,
        _argument("q", _MOST_WORDS) if name == "campaigns" else "",
        str(after) if after else "",
    )


def scope_of(*, is_one: bool) -> Scope:
    """Return the account, or every account of the organization that the person reaches."""
    organization = g.organization
    if is_one:
        return Scope(
            organization.id, organization.name, g.account.timezone, (g.account,), is_one=True
        )
    reached = accounts.accounts_for(me().user_id, organization.id, me().role)
    return Scope(
        organization.id, organization.name, organization.timezone, tuple(reached), is_one=False
    )


def _url(endpoint: str, asked: Asked, **values: Any) -> str:
    """Return the address of a report of the same accounts over the same days."""
    kept = _days(asked)
    if values["name"] in _OF_ONE_PERSON and asked.user_id:
        kept["user"] = str(asked.user_id)
    if values["name"] == "campaigns" and asked.words:
        kept["q"] = asked.words
    whose: dict[str, Any] = {"organization_id": asked.scope.organization_id}
    if asked.scope.is_one:
        whose = {"account_id": asked.scope.accounts[0].id}
    return url_for(endpoint, **whose, **{**kept, **values})


def _days(asked: Asked) -> dict[str, Any]:
    """Return the period as an address bears it."""
    if asked.period.name == periods.FROM_TO:
        return {"from": asked.period.span.first, "to": asked.period.span.last}
    return {"period": asked.period.name}


def _sender(asked: Asked) -> MemberRow | None:
    """Return whom the report is narrowed to: of this organization, never a stranger's name."""
    if not asked.user_id:
        return None
    ours = people.members(asked.scope.organization_id)
    return next((member for member in ours if member.user_id == asked.user_id), None)


def _url_of(asked: Asked, table: str, id_: UUID) -> str | None:
    """Return where the first cell of a row leads to."""
    if table == "accounts":
        return url_for("reports.show", account_id=id_, **_days(asked))
    if table == "people":
        return _url("reports.show", asked, name="days", user=id_)
    if table == "coverage":
        return url_for("consent.index", account_id=id_)
    if table == "campaigns" and asked.scope.is_one:
        account_id = asked.scope.accounts[0].id
        return url_for("messaging.campaign", account_id=account_id, campaign_id=id_)
    return None


def _argument(name: str, most: int = 40) -> str:
    text = request.args.get(name, "").strip()
    if len(text) > most or "\0" in text:
        raise BadInput(f"{name}: keep it to {most} characters of text.")
    return text


def _id(name: str) -> UUID | None:
    text = _argument(name)
    try:
        return UUID(text) if text else None
    except ValueError:
        raise BadInput(
            f"{name}: this mark is damaged. Start from the report's first page."
        ) from None
