"""Pages of a texting account, and what is done to several at once."""

from typing import cast
from uuid import UUID

from flask import Response, flash, g, request, url_for
from wtforms.fields.choices import SelectChoice

from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.each import chosen_ids, do_each
from portal.core.errors import BadInput, DomainError, NotAllowed
from portal.core.formats import plural
from portal.core.web import page, see_other
from portal.people import queries as people
from portal.people import rules as people_rules
from portal.people.values import TeamRef, UserRef
from portal.texting_accounts import queries, rules
from portal.texting_accounts import service as accounts
from portal.texting_accounts.forms import (
    AccountForm,
    AccountMemberForm,
    LimitsForm,
    OpenAccountForm,
    PauseForm,
)
from portal.texting_accounts.values import AccountRef, AccountState
from portal.texting_accounts.views.blueprint import bp

ACCOUNT = "/accounts/<uuid:account_id>"


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


@bp.post("/accounts/pause")
@requires(Permission.EDIT_LIMITS)
def confirm_pause_of_several() -> Response:
    """Show what pausing does to each of the ticked accounts; nothing changes yet."""
    return _several(_chosen(), "pause", PauseForm(formdata=None))


@bp.post("/accounts/pause/do")
@requires(Permission.EDIT_LIMITS)
def pause_several() -> Response:
    """Stop sending in each account by itself; again is harmless."""
    chosen, form, actor = _chosen(), PauseForm(), me().actor
    if not form.validate():
        return _several(chosen, "pause", form)

    def stop(account: AccountRef) -> str:
        accounts.pause(account.id, reason=form.reason.data or "", actor=actor)
        return "Paused. Texts in the queue wait."

    done = do_each(chosen, stop)
    return page("texting_accounts/several_done.html", outcomes=done, verb="pause")


@bp.post("/accounts/resume")
@requires(Permission.EDIT_LIMITS)
def confirm_resume_of_several() -> Response:
    """Show what resuming does to each of the ticked accounts; nothing changes yet."""
    return _several(_chosen(), "resume", None)


@bp.post("/accounts/resume/do")
@requires(Permission.EDIT_LIMITS)
def resume_several() -> Response:
    """Send again in each account by itself; again is harmless."""
    actor = me().actor

    def start(account: AccountRef) -> str:
        accounts.resume(account.id, actor=actor)
        return "Sends again."

    done = do_each(_chosen(), start)
    return page("texting_accounts/several_done.html", outcomes=done, verb="resume")


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
) -> Response:
    account = cast("AccountRef", g.account)
    refused = any(f is not None and f.errors for f in (form, limits, pausing, joining))
    for absent in (
        pausing if account.state is not AccountState.ACTIVE else None,
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
        owner_name=_owner_name(account, owners, teams),
        limits_note=queries.limits_note(account.id),
        ramp_policy=rules.policy_on(queries.today(account, utcnow())),
        ramp_words=_ramp_words(account),
        ramp_again=rules.told_again(rules.policy_on(queries.today(account, utcnow()))),
        members=queries.members(account.id),
    )


def _ramp_words(account: AccountRef) -> str:
    """Return what brings the next step of a new number (H-5)."""
    if account.ramp_clean_days is None:
        return ""
    policy = rules.policy_on(queries.today(account, utcnow()))
    missing = rules.days_to_next(account.ramp_clean_days, policy)
    following = rules.limit_after(account.ramp_clean_days + missing, policy, account.ramp_start)
    brings = f"bring {following:,}" if following else "end it"
    return f"{plural(missing, 'more clean day', 'more clean days')} {brings}."


def _chosen() -> list[AccountRef]:
    return queries.chosen(me(), chosen_ids(request.form.getlist("ids")), Permission.EDIT_LIMITS)


def _several(chosen: list[AccountRef], verb: str, form: PauseForm | None) -> Response:
    status = 422 if form is not None and form.errors else 200
    return page(
        "texting_accounts/several.html", None, status, accounts=chosen, verb=verb, form=form
    )


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
