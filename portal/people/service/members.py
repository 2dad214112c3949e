"""Who belongs to an organization, in which role and team (SPEC 1)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select

from portal.core import audit
from portal.core.access import ROLE_LABELS, Role
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import BadInput, NotAllowed, NotFound
from portal.people.errors import AlreadyMember, LastLead, OwnRole
from portal.people.models import Membership, Team, TeamMember, User
from portal.people.service.sessions import end_sessions


def add_member(
    organization_id: UUID,
    user_id: UUID,
    role: Role,
    team_id: UUID | None = None,
    *,
    actor: Actor,
) -> None:
    """Make a person a member. Raises AlreadyMember, NotAllowed for administrators, NotFound."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("We can't find that person.")
    if user.is_admin or role is Role.ADMIN:
        raise NotAllowed("An administrator of the installation belongs to no organization.")
    if db.session.get(Membership, (organization_id, user_id)) is not None:
        raise AlreadyMember(f"{user.name} is a member already.")
    db.session.add(Membership(organization_id=organization_id, user_id=user_id, role=role))
    db.session.flush()  # the team's row refers to it
    if team_id is not None:
        _join(organization_id, team_id, user_id)
    audit.record(
        "people:member:add",
        actor=actor,
        organization_id=organization_id,
        subject_id=user_id,
        role=role.value,
        team=str(team_id) if team_id else None,
    )


def change_role(organization_id: UUID, user_id: UUID, role: Role, *, actor: Actor) -> None:
    """Give a member another role; they sign in anew. Raises OwnRole, LastLead, NotFound."""
    member = _member(organization_id, user_id)
    if actor.id == user_id:
        raise OwnRole("Nobody changes their own role. Ask another team lead or an administrator.")
    if role is Role.ADMIN:
        raise BadInput("Administrators are not members of an organization.")
    if member.role is role:
        return
    if member.role is Role.TEAM_LEAD:
        _keep_a_lead(organization_id, user_id)
    before, member.role = member.role, role
    end_sessions(user_id)  # a new role starts with a new session (PROMISES 4, row 11)
    audit.record(
        "people:member:change_role",
        actor=actor,
        organization_id=organization_id,
        subject_id=user_id,
        before=ROLE_LABELS[before],
        after=ROLE_LABELS[role],
    )


def add_to_team(organization_id: UUID, team_id: UUID, user_id: UUID, *, actor: Actor) -> None:
    """Let a member work in a team; again is harmless. Raises NotFound."""
    _member(organization_id, user_id)
    if db.session.get(TeamMember, (team_id, user_id)) is not None:
        return
    _join(organization_id, team_id, user_id)
    audit.record(
        "people:team:add_member",
        actor=actor,
        organization_id=organization_id,
        subject_id=user_id,
        team=str(team_id),
    )


def remove_from_team(organization_id: UUID, team_id: UUID, user_id: UUID, *, actor: Actor) -> None:
    """Take a member out of a team; again is harmless."""
    db.session.execute(
        delete(TeamMember).where(
            TeamMember.organization_id == organization_id,
            TeamMember.team_id == team_id,
            TeamMember.user_id == user_id,
        )
    )
    audit.record(
        "people:team:remove_member",
        actor=actor,
        organization_id=organization_id,
        subject_id=user_id,
        team=str(team_id),
    )


def disable_member(organization_id: UUID, user_id: UUID, *, actor: Actor) -> None:
    """Lock a member out at once, everywhere. Raises OwnRole, LastLead, NotAllowed, NotFound.

    A person of several organizations is only locked out by an administrator (set_active).
    """
    member = _member(organization_id, user_id)
    if actor.id == user_id:
        raise OwnRole("Nobody disables themselves. Ask another team lead or an administrator.")
    others = select(Membership.user_id).where(
        Membership.user_id == user_id, Membership.organization_id != organization_id
    )
    if db.session.scalar(others) is not None:
        raise NotAllowed("This person works for another organization too. Ask the administrator.")
    if member.role is Role.TEAM_LEAD:
        _keep_a_lead(organization_id, user_id)
    _switch(user_id, active=False)
    audit.record(
        "people:member:disable",
        actor=actor,
        organization_id=organization_id,
        subject_id=user_id,
    )


def enable_member(organization_id: UUID, user_id: UUID, *, actor: Actor) -> None:
    """Let a disabled member sign in again. Raises NotFound."""
    _member(organization_id, user_id)
    if actor.id == user_id:
        raise OwnRole("Nobody enables themselves.")
    _switch(user_id, active=True)
    audit.record(
        "people:member:enable",
        actor=actor,
        organization_id=organization_id,
        subject_id=user_id,
    )


def set_active(user_id: UUID, *, active: bool, actor: Actor) -> None:
    """Lock a person out of the installation or let them in again. Raises OwnRole, LastLead."""
    if actor.id == user_id:
        raise OwnRole("Nobody disables themselves. Ask another administrator.")
    if not active:
        led = select(Membership.organization_id).where(
            Membership.user_id == user_id, Membership.role == Role.TEAM_LEAD
        )
        for organization_id in db.session.scalars(led).all():
            _keep_a_lead(organization_id, user_id)
    _switch(user_id, active=active)
    audit.record(
        "people:user:enable" if active else "people:user:disable",
        actor=actor,
        organization_id=None,
        subject_id=user_id,
    )


def lock_member(organization_id: UUID, user_id: UUID) -> None:
    """Have whoever else changes a member's place here wait for this unit of work. Raises NotFound.

    Of a lead all leads are locked, as whoever takes one away does.
    """
    if _member(organization_id, user_id).role is Role.TEAM_LEAD:
        _locked_leads(organization_id)
        return
    db.session.scalars(
        select(Membership)
        .where(Membership.organization_id == organization_id, Membership.user_id == user_id)
        .with_for_update(key_share=True)  # rows that refer to the member may still be written
        .execution_options(populate_existing=True)
    ).one()


def _member(organization_id: UUID, user_id: UUID) -> Membership:
    row = db.session.get(Membership, (organization_id, user_id))
    if row is None:
        raise NotFound("We can't find that person here.")
    return row


def _join(organization_id: UUID, team_id: UUID, user_id: UUID) -> None:
    known = select(Team.id).where(Team.organization_id == organization_id, Team.id == team_id)
    if db.session.scalar(known) is None:
        raise NotFound("We can't find that team.")
    db.session.add(TeamMember(organization_id=organization_id, team_id=team_id, user_id=user_id))
    db.session.flush()  # the audit entry comes last


def _keep_a_lead(organization_id: UUID, leaving: UUID) -> None:
    """Raise LastLead unless another active lead stays; leads are locked so two can't both go."""
    leads = _locked_leads(organization_id)
    others = [lead.user_id for lead in leads if lead.user_id != leaving]
    staying = db.session.scalar(
        select(func.count()).select_from(User).where(User.id.in_(others), User.active)
    )
    if not staying:
        raise LastLead("This is the last team lead. Appoint another one first.")


def _locked_leads(organization_id: UUID) -> Sequence[Membership]:
    return db.session.scalars(
        select(Membership)
        .where(Membership.organization_id == organization_id, Membership.role == Role.TEAM_LEAD)
        .order_by(Membership.user_id)
        .with_for_update(key_share=True)  # rows that refer to a lead may still be written
        .execution_options(populate_existing=True)
    ).all()


def _switch(user_id: UUID, *, active: bool) -> None:
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("We can't find that person.")
    user.active = active
    if not active:
        end_sessions(user_id)
