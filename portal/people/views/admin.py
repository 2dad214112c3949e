"""The administrator's pages: organizations, their teams and people, users (RULINGS 22)."""

from uuid import UUID

from flask import Response, flash, g, request, url_for
from wtforms.fields.choices import SelectChoice

from portal.core.access import ROLE_LABELS, Permission, Role, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import page, see_other, takes
from portal.people import queries
from portal.people import service as people
from portal.people.errors import AlreadyMember, NameTaken
from portal.people.forms import InviteForm, OrganizationForm, TeamForm
from portal.people.values import Issued
from portal.people.views.blueprint import bp
from portal.people.views.members import mail_invitation, on_its_way

ORGANIZATION = "/admin/organizations/<uuid:organization_id>"
USERS_A_PAGE = 100


@bp.route("/admin/organizations", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def admin_organizations() -> Response:
    """List organizations and create one, with an invitation for its first lead."""
    form = OrganizationForm()
    if form.validate_on_submit():
        try:
            created, issued = _create(form)
        except NameTaken as error:
            form.refuse("name", error)
        else:
            if issued is not None:
                flash(on_its_way(issued), "ok")
            flash(f"{form.name.data} is created.", "ok")
            return see_other(url_for("people.admin_organization", organization_id=created))
    return page(
        "people/admin_organizations.html",
        status=422 if form.errors else 200,
        form=form,
        organizations=queries.organizations(),
    )


@bp.get(ORGANIZATION)
@requires(Permission.ADMINISTER)
def admin_organization(organization_id: UUID) -> Response:
    """Show an organization's teams, people and invitations."""
    return _organization_page(organization_id, _invite_form(organization_id))


@bp.post(ORGANIZATION + "/invitations")
@requires(Permission.ADMINISTER)
def admin_invite(organization_id: UUID) -> Response:
    """Invite a person in any role but administrator."""
    form = _invite_form(organization_id)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                issued = people.invite(
                    organization_id,
                    form.email.data,
                    Role(form.role.data),
                    UUID(form.team_id.data) if form.team_id.data else None,
                    actor=g.me.actor,
                )
                mail_invitation(issued, g.organization.name)
        except AlreadyMember as error:
            form.refuse("email", error)
        else:
            flash(on_its_way(issued), "ok")
            return see_other(url_for("people.admin_organization", organization_id=organization_id))
    return _organization_page(organization_id, form, status=422)


@bp.post(ORGANIZATION + "/invitations/<uuid:invitation_id>/resend")
@requires(Permission.ADMINISTER)
def admin_resend_invitation(organization_id: UUID, invitation_id: UUID) -> Response:
    """Send an invitation again, with a fresh link."""
    with unit_of_work():
        issued = people.resend_invitation(organization_id, invitation_id, actor=g.me.actor)
        mail_invitation(issued, g.organization.name)
    flash(on_its_way(issued), "ok")
    return see_other(url_for("people.admin_organization", organization_id=organization_id))


@bp.post(ORGANIZATION + "/invitations/<uuid:invitation_id>/revoke")
@requires(Permission.ADMINISTER)
def admin_revoke_invitation(organization_id: UUID, invitation_id: UUID) -> Response:
    """Withdraw an invitation."""
    with unit_of_work():
        people.revoke_invitation(organization_id, invitation_id, actor=g.me.actor)
    flash("The invitation is withdrawn; its link does nothing any more.", "ok")
    return see_other(url_for("people.admin_organization", organization_id=organization_id))


@bp.post(ORGANIZATION + "/teams")
@requires(Permission.ADMINISTER)
def admin_create_team(organization_id: UUID) -> Response:
    """Create a team."""
    form = TeamForm(prefix="team")
    if form.validate_on_submit():
        try:
            with unit_of_work():
                people.create_team(organization_id, form.name.data, actor=g.me.actor)
        except NameTaken as error:
            form.refuse("name", error)
        else:
            flash(f"The team {form.name.data} is created.", "ok")
            return see_other(url_for("people.admin_organization", organization_id=organization_id))
    return _organization_page(
        organization_id, _invite_form(organization_id, fresh=True), team_form=form, status=422
    )


@bp.get("/admin/users")
@requires(Permission.ADMINISTER)
@takes("after")
def admin_users() -> Response:
    """List everybody with a login."""
    after = request.args.get("after", "").replace("\0", "")[:254]
    users = queries.every_user(after, USERS_A_PAGE + 1)
    more = len(users) > USERS_A_PAGE
    return page(
        "people/admin_users.html",
        users=users[:USERS_A_PAGE],
        next_url=url_for("people.admin_users", after=users[USERS_A_PAGE - 1].email)
        if more
        else None,
        first_url=url_for("people.admin_users") if after else None,
    )


@bp.post("/admin/users/<uuid:user_id>/disable")
@requires(Permission.ADMINISTER)
def admin_disable_user(user_id: UUID) -> Response:
    """Lock a person out of the installation."""
    return _set_active(user_id, active=False)


@bp.post("/admin/users/<uuid:user_id>/enable")
@requires(Permission.ADMINISTER)
def admin_enable_user(user_id: UUID) -> Response:
    """Let a person in again."""
    return _set_active(user_id, active=True)


def _set_active(user_id: UUID, *, active: bool) -> Response:
    details = queries.user_details(user_id)
    try:
        with unit_of_work():
            people.set_active(user_id, active=active, actor=g.me.actor)
    except DomainError as error:
        flash(error.message, "bad")
    else:
        flash(f"{details.name} {'can sign in again' if active else 'is locked out'}.", "ok")
    return see_other(url_for("people.admin_users"))


def _create(form: OrganizationForm) -> tuple[UUID, Issued | None]:
    with unit_of_work():
        created = people.create_organization(
            form.name.data, timezone=form.timezone.data, actor=g.me.actor
        )
        if not form.lead_email.data:
            return created.id, None
        team = people.create_team(created.id, form.name.data, actor=g.me.actor)
        issued = people.invite(
            created.id, form.lead_email.data, Role.TEAM_LEAD, team.id, actor=g.me.actor
        )
        mail_invitation(issued, form.name.data)
    return created.id, issued


def _organization_page(
    organization_id: UUID,
    form: InviteForm,
    *,
    team_form: TeamForm | None = None,
    status: int = 200,
) -> Response:
    return page(
        "people/admin_organization.html",
        status=status,
        form=form,
        team_form=team_form or TeamForm(formdata=None, prefix="team"),
        teams=queries.teams(organization_id),
        members=queries.members(organization_id),
        invitations=queries.open_invitations(organization_id),
    )


def _invite_form(organization_id: UUID, *, fresh: bool = False) -> InviteForm:
    form = InviteForm(formdata=None) if fresh else InviteForm()
    form.role.choices = [
        SelectChoice(role.value, ROLE_LABELS[role])
        for role in (Role.TEAM_LEAD, Role.COMPLIANCE_OFFICER, Role.AGENT)
    ]
    form.team_id.choices = [
        SelectChoice("", "No team"),
        *(SelectChoice(str(team.id), team.name) for team in queries.teams(organization_id)),
    ]
    return form
