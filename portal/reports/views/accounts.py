"""The list of accounts: who has what plan, who runs out, who is silent (B-13)."""

from urllib.parse import urlencode

from flask import Response, g, request, url_for

from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.each import MOST_AT_ONCE
from portal.core.web import page, takes
from portal.reports import queries
from portal.reports.rules import accounts as rules
from portal.reports.values import AccountQuery
from portal.reports.views.blueprint import bp
from portal.texting_accounts import queries as texting_accounts


@bp.get("/accounts")
@requires(Permission.VIEW_ORGANIZATION)
@takes("q", "state", "plan", "sort", "after", "all")
def accounts() -> Response:
    """List the accounts a person reaches, with what each has left.

    With `all`, what is done from the list is done to every account that matches (K-4).
    """
    asked, now = rules.query_of(request.args), utcnow()
    person = me()
    reached = (
        texting_accounts.accounts_for(person.user_id, person.organization_id, person.role)
        if person.organization_id
        else []
    )
    lines = queries.account_lines(reached, now)
    found = rules.page(lines, asked, request.args.get("after"))
    return page(
        "reports/accounts.html",
        "reports/_accounts.html",
        lines=queries.with_opt_outs(found.lines, now),
        asked=asked,
        matching=len(found.ids),
        chosen=found.ids[:MOST_AT_ONCE] if request.args.get("all") == "1" else (),
        most=MOST_AT_ONCE,
        all_url=_url(asked, all="1"),
        hand_url=_url(asked),
        total=len(lines),
        short=sum(line.standing.forecast.is_short for line in lines),
        plan_names=sorted({line.plan_name for line in lines if line.plan_name}),
        first_url=_url(asked) if "after" in request.args else None,
        next_url=_url(asked, after=found.after) if found.after else None,
        sort_url=lambda name: _url(asked, sort=_turned(asked, name)),
        clear_url=url_for(".accounts"),
        may_change_plans=person.may(Permission.CHANGE_SUBSCRIPTION),
        may_pause=person.may(Permission.EDIT_LIMITS),
        organization=g.organization,
    )


def _turned(asked: AccountQuery, name: str) -> str:
    """Return how to sort by a column, the other way round where it is sorted by already."""
    return f"-{name}" if asked.sort == name and not asked.is_down else name


def _url(asked: AccountQuery, **changes: str) -> str:
    sort = f"-{asked.sort}" if asked.is_down else asked.sort
    told = {"q": asked.words, "state": asked.state, "plan": asked.plan, "sort": sort, **changes}
    kept = {
        name: value for name, value in told.items() if value and (name, value) != ("sort", "name")
    }
    return f"{url_for('.accounts')}?{urlencode(kept)}" if kept else url_for(".accounts")
