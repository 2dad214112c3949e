"""The role homes (X-7)."""

from uuid import UUID

from flask import Response, current_app, g, url_for

from portal.billing import queries as billing
from portal.core.access import Permission, Role, me, requires, signed_in
from portal.core.audit import INSTALLATION
from portal.core.clock import utcnow
from portal.core.processes import process_facts
from portal.core.settings import settings
from portal.core.web import page
from portal.doctor import queries as doctor
from portal.go_live import queries as go_live
from portal.go_live import rules as go_live_rules
from portal.messaging import queries as messaging
from portal.messaging.values import CampaignRef
from portal.people import queries as people
from portal.reports import queries
from portal.reports.rules import homes as rules
from portal.reports.values import Step
from portal.reports.views.blueprint import bp
from portal.tasks import queries as tasks
from portal.tasks.queries import AT_HOME, Wanted
from portal.tasks.values import View
from portal.texting_accounts.values import AccountRef


@bp.get("/home")
@signed_in
def home() -> Response:
    """Show the home that fits the person's role; with an account, that account's home."""
    person = me()
    if person.role is Role.ADMIN:
        return _admin_home()
    if person.role is Role.COMPLIANCE_OFFICER:
        return _officer_home()
    if g.account is not None:
        return _account_home(g.account)
    return page("reports/no_account.html")


@bp.get("/accounts/<uuid:account_id>/home")
@requires(Permission.VIEW_ACCOUNT)
def account_home(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show an account's checklist until its first delivered text, its limits and credits."""
    return _account_home(g.account)


def _account_home(account: AccountRef) -> Response:
    facts = queries.account_facts(account, utcnow())
    due = Wanted(view=View.DUE, only_for=me().user_id)
    rows = tasks.tasks(account, due, AT_HOME)
    return page(
        "reports/account_home.html",
        facts=facts,
        low=billing.low_credits(account, facts.balance, me()),
        steps=rules.steps(facts, _links(account)),
        is_set_up=rules.is_set_up(facts),
        links=_links(account),
        inbox_url=_url("messaging.inbox", account),
        statement_url=_url("billing.statement", account),
        campaigns=[(row, _campaign_url(row)) for row in queries.latest_campaigns(account)],
        tasks=rows,
        tasks_due=len(rows) if len(rows) < AT_HOME else tasks.count(account, due),
        people=tasks.names(account.tenant, rows),
        whose=tasks.whose(account),
        now=utcnow(),
        may_edit=me().may(Permission.EDIT_CONTACTS),
    )


def _officer_home() -> Response:
    return page(
        "reports/officer_home.html",
        facts=queries.organization_facts(g.organization, utcnow()),
        audit_url=_own_url("consent.audit_log"),
        consent_url=_own_url("consent.organization_coverage"),
        call_lists_url=_own_url("dnc.lists"),
    )


def _admin_home() -> Response:
    organizations, users = people.installation_counts()
    return page(
        "reports/admin_home.html",
        organizations=people.organizations(),
        organization_count=organizations,
        user_count=users,
        chain=queries.chain_state(INSTALLATION),
        processes=process_facts(),
        findings=queries.installation_findings(),
        checked_since=doctor.last_round(),
        steps=_installation_steps(organizations, users),
    )


def _installation_steps(organizations: int, users: int) -> list[Step]:
    """Return the installation's checklist; nothing once a real text was delivered."""
    if not settings().is_sandbox and messaging.any_text_delivered():
        return []
    return rules.installation_steps(
        has_organization=organizations > 0,
        has_people=users > 1,
        checks=go_live_rules.summary(go_live.checks(go_live.look(), utcnow())),
        links={
            rules.ORGANIZATIONS: url_for("people.admin_organizations"),
            rules.PEOPLE: url_for("people.admin_users"),
            rules.GO_LIVE: url_for("go_live.index"),
        },
    )


def _links(account: AccountRef) -> dict[str, str | None]:
    return {
        rules.PLAN: _url("billing.marketplace", account),
        rules.NUMBER: _url("numbers.index", account),
        rules.OPT_OUTS: _url("messaging.opt_out_imports", account),
        rules.CONTACTS: _url("contacts.imports", account),
        rules.CONSENT: _url("consent.index", account),
        rules.TEXT: _url("messaging.compose", account),
    }


def _url(endpoint: str, account: AccountRef) -> str | None:
    """Return a page's address for the account, None while that page is not part of the portal."""
    if endpoint not in current_app.view_functions:
        return None
    return url_for(endpoint, account_id=account.id)


def _campaign_url(campaign: CampaignRef) -> str | None:
    if "messaging.campaign" not in current_app.view_functions:
        return None
    return url_for("messaging.campaign", account_id=campaign.account_id, campaign_id=campaign.id)


def _own_url(endpoint: str) -> str | None:
    for rule in current_app.url_map.iter_rules():
        if rule.endpoint == endpoint and rule.arguments <= {"organization_id"}:
            values = {"organization_id": g.organization.id} if rule.arguments else {}
            return url_for(endpoint, **values)
    return None
