"""Pages of a texting account, and which account a request is about."""

from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

from flask import Blueprint, Flask, Response, flash, g, request, session, url_for
from wtforms.fields.choices import SelectChoice

from portal.core.access import OWNER_PERMISSIONS, Me, Permission, Role, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotAllowed, NotFound
from portal.core.web import page, see_other, wants_partial
from portal.people import queries as people
from portal.people import rules as people_rules
from portal.people.values import TeamRef, UserRef
from portal.texting_accounts import queries
from portal.texting_accounts import service as accounts
from portal.texting_accounts.forms import (
    AccountForm,
    AccountMemberForm,
    LimitsForm,
    OpenAccountForm,
    PauseForm,
    ReinstateForm,
)
from portal.texting_accounts.values import AccountRef, AccountState

bp = Blueprint("texting_accounts", __name__)
ACCOUNT_KEY = "account_id"
HOME_KEY = "organization_id"
ACCOUNT = "/accounts/<uuid:account_id>"


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the account switcher."""

    name: str
    organization_name: str
    url: str
    is_current: bool


def init_app(app: Flask) -> None:
    """Settle the account of each request, after the person."""
    app.before_request(load_account)
    app.context_processor(_switcher)


def load_account() -> None:
    """Set g.account from the URL, else the one last used; a stranger's looks missing (404)."""
    if g.get("me") is None:
        return
    asked = (request.view_args or {}).get("account_id")
    if asked is not None:
        _enter(asked)
    elif g.me.organization_id is not None and g.me.role is not Role.COMPLIANCE_OFFICER:
        _stay(_mine(g.me))


@bp.get("/accounts")
@requires(Permission.VIEW_ORGANIZATION)
def index() -> Response:
    """List the accounts a person reaches."""
    rows = _mine(me())
    owners = people.users(row.owner_user_id for row in rows if row.owner_user_id)
    teams = {team.id: team for team in people.teams(g.organization.id)}
    return page(
        "texting_accounts/index.html",
        accounts_list=[
            (row, _owner_name(row, owners, teams), url_for(".settings", account_id=row.id))
            for row in rows
        ],
    )


@bp.route("/organizations/<uuid:organization_id>/accounts/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_MEMBERS)
def new(organization_id: UUID) -> Response:
    """Open an account for an agent or a team of the lead's."""
    form = OpenAccountForm(timezone=g.organization.timezone)
    form.timezone.choices = zone_choices()
    form.owner.choices = _owner_choices(organization_id)
    if form.validate_on_submit():
        kind, _, owner_id = form.owner.data.partition(":")
        owner = {"owner_user_id" if kind == "user" else "team_id": UUID(owner_id)}
        with unit_of_work():
            opened = accounts.open_account(
                organization_id,
                form.name.data,
                timezone=form.timezone.data,
                actor=me().actor,
                **owner,
            )
        flash(f"{opened.name} is open. Next: buy a plan and set up its number.", "ok")
        return see_other(url_for(".settings", account_id=opened.id))
    return page("texting_accounts/new.html", status=422 if form.errors else 200, form=form)


@bp.get(ACCOUNT)
@requires(Permission.VIEW_ACCOUNT)
def open_account(account_id: UUID) -> Response:
    """Go over to this account: its home."""
    return see_other(url_for("reports.account_home", account_id=account_id))


@bp.route(f"{ACCOUNT}/settings", methods=["GET", "POST"])
@requires(Permission.VIEW_ACCOUNT)
def settings(account_id: UUID) -> Response:
    """Show an account and change its name and zone."""
    form = AccountForm(obj=g.account)
    form.timezone.choices = zone_choices()
    if form.validate_on_submit():
        _need(Permission.SET_UP_NUMBER)
        with unit_of_work():
            accounts.edit_account(account_id, actor=me().actor, **form.values())
        flash("The account is saved.", "ok")
        return see_other(url_for(".settings", account_id=account_id))
    return _settings_page(form=form)


@bp.post(f"{ACCOUNT}/limits")
@requires(Permission.EDIT_LIMITS)
def change_limits(account_id: UUID) -> Response:
    """Change the daily limits, with a note (S-5)."""
    form = LimitsForm()
    if form.validate_on_submit():
        try:
            with unit_of_work():
                accounts.set_limits(account_id, actor=me().actor, **form.values())
        except BadInput as error:
            form.refuse("daily_recipients", error)
        else:
            flash("The limits are changed and hold from now on.", "ok")
            return see_other(url_for(".settings", account_id=account_id))
    return _settings_page(limits=form)


@bp.post(f"{ACCOUNT}/pause")
@requires(Permission.EDIT_LIMITS)
def pause(account_id: UUID) -> Response:
    """Stop sending; queued texts wait."""
    form = PauseForm()
    if not form.validate_on_submit():
        return _settings_page(pausing=form)
    with unit_of_work():
        accounts.pause(account_id, reason=form.reason.data or "", actor=me().actor)
    flash("Sending is paused. Texts in the queue wait until somebody resumes.", "ok")
    return see_other(url_for(".settings", account_id=account_id))


@bp.post(f"{ACCOUNT}/resume")
@requires(Permission.EDIT_LIMITS)
def resume(account_id: UUID) -> Response:
    """Send again after a pause."""
    with unit_of_work():
        accounts.resume(account_id, actor=me().actor)
    flash("Sending goes on.", "ok")
    return see_other(url_for(".settings", account_id=account_id))


@bp.post(f"{ACCOUNT}/reinstate")
@requires(Permission.EDIT_LIMITS)
def reinstate(account_id: UUID) -> Response:
    """Lift a suspension once the carrier has (A-1); what waited goes again by itself."""
    form = ReinstateForm()
    if not form.validate_on_submit():
        return _settings_page(reinstating=form)
    with unit_of_work():
        accounts.reinstate(account_id, note=form.carrier_note.data or "", actor=me().actor)
    flash("The suspension is lifted. Texts that waited go again.", "ok")
    return see_other(url_for(".settings", account_id=account_id))


@bp.post(f"{ACCOUNT}/members")
@requires(Permission.MANAGE_MEMBERS)
def add_member(account_id: UUID) -> Response:
    """Let a person work in the shared account."""
    form = AccountMemberForm()
    form.user_id.choices = _people_choices()
    if form.validate_on_submit():
        try:
            with unit_of_work():
                accounts.add_account_member(
                    account_id,
                    UUID(form.user_id.data),
                    monthly_cap=form.monthly_cap.data,
                    actor=me().actor,
                )
        except DomainError as error:
            form.refuse("user_id", error)
        else:
            flash("Saved: who works in this account.", "ok")
            return see_other(url_for(".settings", account_id=account_id))
    return _settings_page(joining=form)


@bp.post(f"{ACCOUNT}/members/<uuid:user_id>/remove")
@requires(Permission.MANAGE_MEMBERS)
def remove_member(account_id: UUID, user_id: UUID) -> Response:
    """Take a person out of the shared account."""
    with unit_of_work():
        accounts.remove_account_member(account_id, user_id, actor=me().actor)
    flash("That person no longer works in this account.", "ok")
    return see_other(url_for(".settings", account_id=account_id))


def zone_choices() -> list[SelectChoice]:
    """Return time zones for a select: the usual ones first, then all."""
    return [SelectChoice(z.name, z.label, optgroup=z.group) for z in people_rules.time_zones()]


def _settings_page(
    *,
    form: AccountForm | None = None,
    limits: LimitsForm | None = None,
    pausing: PauseForm | None = None,
    joining: AccountMemberForm | None = None,
    reinstating: ReinstateForm | None = None,
) -> Response:
    account = cast("AccountRef", g.account)
    refused = any(f is not None and f.errors for f in (form, limits, pausing, joining, reinstating))
    for absent in (
        pausing if account.state is not AccountState.ACTIVE else None,
        reinstating if account.state is not AccountState.SUSPENDED else None,
        joining if not account.is_shared else None,
    ):
        if absent is not None and absent.errors:
            flash(absent.told(), "bad")
    form = form or AccountForm(formdata=None, obj=account)
    form.timezone.choices = zone_choices()
    joining = joining or AccountMemberForm(formdata=None)
    joining.user_id.choices = _people_choices()
    owners = people.users([account.owner_user_id] if account.owner_user_id else [])
    teams = {team.id: team for team in people.teams(account.organization_id)}
    return page(
        "texting_accounts/settings.html",
        status=422 if refused else 200,
        form=form,
        limits=limits
        or LimitsForm(
            formdata=None,
            daily_recipients=account.daily_recipient_limit,
            daily_segments=account.daily_segment_limit,
        ),
        pausing=pausing or PauseForm(formdata=None),
        joining=joining,
        reinstating=reinstating or ReinstateForm(formdata=None),
        owner_name=_owner_name(account, owners, teams),
        limits_note=queries.limits_note(account.id),
        members=queries.members(account.id),
    )


def _enter(account_id: UUID) -> None:
    account = queries.account(account_id)
    person = people.person(g.me.user_id, account.organization_id, g.me.origin) if account else None
    if (
        account is None
        or person is None
        or person.role is Role.ADMIN
        or not queries.reaches(person.user_id, person.role, account)
    ):
        raise NotFound("We can't find that page.")
    g.organization = people.organization(account.organization_id)
    for key, value in ((ACCOUNT_KEY, account.id), (HOME_KEY, account.organization_id)):
        if session.get(key) != str(value):
            session[key] = str(value)
    _use(account, person)


def _stay(reached: list[AccountRef]) -> None:
    last = session.get(ACCOUNT_KEY)
    account = next((row for row in reached if str(row.id) == last), None)
    if account is None and reached:
        account = min(
            reached, key=lambda row: (row.owner_user_id != g.me.user_id, not row.is_shared)
        )
    if account is not None:
        _use(account, g.me)


def _use(account: AccountRef, person: Me) -> None:
    """Make account the current one; its owner may do more there (SPEC 1)."""
    g.account, g.me = account, person
    if (
        account.owner_user_id == person.user_id
        and not people.organization_settings(account.organization_id).reserves_account_changes
    ):
        g.me = replace(person, permissions=person.permissions | OWNER_PERMISSIONS)


def _mine(person: Me) -> list[AccountRef]:
    if person.organization_id is None:
        return []
    return queries.accounts_for(person.user_id, person.organization_id, person.role)


def _switcher() -> dict[str, object]:
    """Give the layout the current account and the ones to switch to."""
    person = g.get("me")
    if person is None or wants_partial():
        return {"account": g.get("account"), "accounts": []}
    current = g.get("account")
    places = [
        Place(
            name=row.name,
            organization_name=member.organization_name,
            url=url_for("texting_accounts.open_account", account_id=row.id),
            is_current=current is not None and row.id == current.id,
        )
        for member in people.memberships(person.user_id)
        for row in queries.accounts_for(person.user_id, member.organization_id, member.role)
    ]
    return {"account": current, "accounts": places if person.role is not Role.ADMIN else []}


def _owner_choices(organization_id: UUID) -> list[SelectChoice]:
    mine = set(people.team_ids(me().user_id, organization_id))
    teams = [team for team in people.teams(organization_id) if team.id in mine]
    members = people.members_of_teams(organization_id, mine)
    return [
        *(SelectChoice(f"team:{t.id}", f"{t.name} (shared by the team)") for t in teams),
        *(SelectChoice(f"user:{u.id}", u.name) for u in members),
    ]


def _people_choices() -> list[SelectChoice]:
    organization_id = g.account.organization_id
    mine = people.team_ids(me().user_id, organization_id)
    return [
        SelectChoice(str(who.id), who.name)
        for who in people.members_of_teams(organization_id, mine)
    ]


def _owner_name(row: AccountRef, owners: dict[UUID, UserRef], teams: dict[UUID, TeamRef]) -> str:
    if row.owner_user_id is not None:
        owner = owners.get(row.owner_user_id)
        return owner.name if owner else "Nobody"
    team = teams.get(row.team_id) if row.team_id else None
    return f"Team {team.name}" if team else "Nobody"


def _need(permission: Permission) -> None:
    if not me().may(permission):
        raise NotAllowed("Only the account's owner or a team lead may change this.")
