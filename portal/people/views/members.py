"""Members of an organization or team: list, invite, roles, disable (SPEC 1)."""

from uuid import UUID

from flask import Response, flash, g, url_for
from wtforms.fields.choices import SelectChoice

from portal.core.access import ROLE_LABELS, Permission, Role, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError, NotAllowed, NotFound
from portal.core.web import page, see_other
from portal.mail import service as mail
from portal.mail.rules import one_line
from portal.mail.values import Outgoing
from portal.people import queries, rules
from portal.people import service as people
from portal.people.errors import AlreadyMember
from portal.people.forms import InviteForm, MemberForm, OrganizationSettingsForm, TeamForm
from portal.people.service.tokens import token_hash
from portal.people.values import InvitationRef, Issued, MemberRow
from portal.people.views.blueprint import bp

MEMBERS = "/organizations/<uuid:organization_id>/members"
INVITATIONS = "/organizations/<uuid:organization_id>/invitations"


@bp.get(MEMBERS)
@requires(Permission.MANAGE_MEMBERS)
def members(organization_id: UUID) -> Response:
    """List the people of the lead's teams and the open invitations."""
    return _members_page(organization_id, _invite_form(organization_id))


@bp.post(INVITATIONS)
@requires(Permission.MANAGE_MEMBERS)
def invite(organization_id: UUID) -> Response:
    """Invite a person by mail."""
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
            return see_other(url_for("people.members", organization_id=organization_id))
    return _members_page(organization_id, form, status=422)


@bp.post(INVITATIONS + "/<uuid:invitation_id>/resend")
@requires(Permission.MANAGE_MEMBERS)
def resend_invitation(organization_id: UUID, invitation_id: UUID) -> Response:
    """Send an invitation again, with a fresh link."""
    _own_invitation(organization_id, invitation_id)
    with unit_of_work():
        issued = people.resend_invitation(organization_id, invitation_id, actor=g.me.actor)
        mail_invitation(issued, g.organization.name)
    flash(on_its_way(issued), "ok")
    return see_other(url_for("people.members", organization_id=organization_id))


@bp.post(INVITATIONS + "/<uuid:invitation_id>/revoke")
@requires(Permission.MANAGE_MEMBERS)
def revoke_invitation(organization_id: UUID, invitation_id: UUID) -> Response:
    """Withdraw an invitation."""
    _own_invitation(organization_id, invitation_id)
    with unit_of_work():
        people.revoke_invitation(organization_id, invitation_id, actor=g.me.actor)
    flash("The invitation is withdrawn; its link does nothing any more.", "ok")
    return see_other(url_for("people.members", organization_id=organization_id))


@bp.route(MEMBERS + "/<uuid:user_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_MEMBERS)
def member(organization_id: UUID, user_id: UUID) -> Response:
    """Show a member and change their role."""
    row = _own_member(organization_id, user_id)
    form = MemberForm(role=row.role.value)
    form.role.choices = _role_choices(g.me.role)
    may_edit = row.user_id != g.me.user_id and rules.may_give_role(g.me.role, row.role)
    if form.is_submitted() and not may_edit:
        raise NotAllowed("You can't change this person's role.")
    if form.validate_on_submit():
        try:
            with unit_of_work():
                people.change_role(organization_id, user_id, Role(form.role.data), actor=g.me.actor)
        except DomainError as error:
            form.refuse("role", error)
        else:
            flash(f"{row.name} is now {ROLE_LABELS[Role(form.role.data)].lower()}.", "ok")
            return see_other(url_for("people.members", organization_id=organization_id))
    return page(
        "people/member.html",
        status=422 if form.errors else 200,
        form=form,
        member=row,
        may_edit=may_edit,
        ways_left=queries.ways_left(organization_id, user_id),
    )


@bp.post(MEMBERS + "/<uuid:user_id>/disable")
@requires(Permission.MANAGE_MEMBERS)
def disable_member(organization_id: UUID, user_id: UUID) -> Response:
    """Lock a member out at once."""
    row = _editable(organization_id, user_id)
    with unit_of_work():
        people.disable_member(organization_id, user_id, actor=g.me.actor)
    flash(f"{row.name} can't sign in any more and is signed out everywhere.", "ok")
    return see_other(url_for("people.members", organization_id=organization_id))


@bp.post(MEMBERS + "/<uuid:user_id>/enable")
@requires(Permission.MANAGE_MEMBERS)
def enable_member(organization_id: UUID, user_id: UUID) -> Response:
    """Let a disabled member sign in again."""
    row = _editable(organization_id, user_id)
    with unit_of_work():
        people.enable_member(organization_id, user_id, actor=g.me.actor)
    flash(f"{row.name} can sign in again.", "ok")
    return see_other(url_for("people.members", organization_id=organization_id))


@bp.route("/organizations/<uuid:organization_id>/settings", methods=["GET", "POST"])
@requires(Permission.MANAGE_MEMBERS)
def organization_settings(organization_id: UUID) -> Response:
    """Show and change what holds for all accounts of the organization."""
    form = OrganizationSettingsForm(obj=queries.organization_settings(organization_id))
    if form.validate_on_submit():
        with unit_of_work():
            people.edit_organization(organization_id, actor=g.me.actor, **form.values())
        flash("The settings are saved. They hold for every account from now on.", "ok")
        return see_other(url_for("people.organization_settings", organization_id=organization_id))
    return page(
        "people/organization_settings.html",
        status=422 if form.errors else 200,
        form=form,
        team_form=TeamForm(formdata=None, prefix="team"),
        teams=queries.teams(organization_id),
    )


def mail_invitation(issued: Issued, organization_name: str) -> None:
    """Mail an invitation's link; inside the unit of work that made it."""
    mail.post(
        Outgoing(
            to=issued.email,
            template="invitation",
            subject=one_line(f"Join {organization_name} on ConsentDesk"),
            key=f"invitation:{token_hash(issued.token)}",
            context={
                "url": mail.address(url_for("people.accept", token=issued.token)),
                "organization_name": organization_name,
                "invited_by": g.me.name,
                "expires_at": issued.expires_at,
            },
            zone=g.me.timezone,
        )
    )


def on_its_way(issued: Issued) -> str:
    """Return what a page says once an invitation is mailed."""
    return f"An invitation is on its way to {issued.email}. It holds for 7 days."


def _members_page(organization_id: UUID, form: InviteForm, status: int = 200) -> Response:
    mine = _team_scope(organization_id)
    return page(
        "people/members.html",
        status=status,
        form=form,
        members=queries.members(organization_id, within=mine),
        invitations=[i for i in queries.open_invitations(organization_id) if i.team_id in mine],
    )


def _invite_form(organization_id: UUID) -> InviteForm:
    form = InviteForm()
    mine = _team_scope(organization_id)
    form.role.choices = _role_choices(g.me.role)
    form.team_id.choices = [
        SelectChoice(str(team.id), team.name)
        for team in queries.teams(organization_id)
        if team.id in mine
    ]
    return form


def _role_choices(giver: Role) -> list[SelectChoice]:
    given = [Role.AGENT, Role.TEAM_LEAD, Role.COMPLIANCE_OFFICER]
    return [
        SelectChoice(role.value, ROLE_LABELS[role])
        for role in given
        if rules.may_give_role(giver, role)
    ]


def _team_scope(organization_id: UUID) -> set[UUID]:
    return set(queries.team_ids(g.me.user_id, organization_id))


def _own_member(organization_id: UUID, user_id: UUID) -> MemberRow:
    """Return a member of the lead's own teams. Raises NotFound for all others."""
    row = queries.member(organization_id, user_id)
    if not _team_scope(organization_id) & set(row.team_ids):
        raise NotFound("We can't find that person here.")
    return row


def _editable(organization_id: UUID, user_id: UUID) -> MemberRow:
    row = _own_member(organization_id, user_id)
    if not rules.may_give_role(g.me.role, row.role):
        raise NotAllowed("Ask the administrator: this role is not yours to give or take.")
    return row


def _own_invitation(organization_id: UUID, invitation_id: UUID) -> InvitationRef:
    mine = _team_scope(organization_id)
    for invitation in queries.open_invitations(organization_id):
        if invitation.id == invitation_id and invitation.team_id in mine:
            return invitation
    raise NotFound("We can't find that invitation. It may be accepted or withdrawn.")
