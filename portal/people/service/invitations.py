"""Invitations: the only way in, there is no registration."""

from uuid import UUID

from sqlalchemy import select

from portal.core import audit
from portal.core.access import Role
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.people import queries, rules
from portal.people.errors import AlreadyMember, LinkExpired
from portal.people.models import Invitation, Membership, Organization, Team, User
from portal.people.service.members import add_member
from portal.people.service.tokens import new_token, token_hash
from portal.people.service.users import create_user
from portal.people.values import InvitationRef, Issued, UserRef


def invite(
    organization_id: UUID | None,
    email: str,
    role: Role,
    team_id: UUID | None = None,
    *,
    actor: Actor,
) -> Issued:
    """Return a link that makes email a member; without organization, an administrator.

    Who may give which role is the caller's check (rules.may_give_role). Raises
    AlreadyMember when the person is one or has an open invitation, NotFound, BadInput.
    """
    email = rules.tidy_email(email)
    if (organization_id is None) != (role is Role.ADMIN):
        raise BadInput("An administrator belongs to no organization; everybody else to one.")
    if team_id is not None and (
        organization_id is None or queries.team(organization_id, team_id) is None
    ):
        raise NotFound("We can't find that team.")
    _refuse_members(organization_id, email)
    open_one = _open_for(organization_id, email)
    now = utcnow()
    if open_one is not None:
        if open_one.expires_at > now:
            raise AlreadyMember(f"{email} has an open invitation already. You can send it again.")
        open_one.revoked_at = now
        db.session.flush()  # only one may be open
    token, hashed = new_token()
    row = Invitation(
        organization_id=organization_id,
        email=email,
        role=role,
        team_id=team_id,
        invited_by=actor.label,
        token_hash=hashed,
        created_at=now,
        expires_at=now + rules.INVITATION_LIFETIME,
    )
    db.session.add(row)
    db.session.flush()  # the audit entry needs the id
    _record("people:invitation:create", row, actor)
    return Issued(row.id, token, email, row.expires_at)


def resend_invitation(organization_id: UUID | None, invitation_id: UUID, *, actor: Actor) -> Issued:
    """Return a fresh link in place of the old one, good for another week. Raises NotFound."""
    row = _open(organization_id, invitation_id)
    token, row.token_hash = new_token()
    row.expires_at = utcnow() + rules.INVITATION_LIFETIME
    _record("people:invitation:resend", row, actor)
    return Issued(row.id, token, row.email, row.expires_at)


def revoke_invitation(organization_id: UUID | None, invitation_id: UUID, *, actor: Actor) -> None:
    """Make an open invitation's link worthless. Raises NotFound."""
    row = _open(organization_id, invitation_id)
    row.revoked_at = utcnow()
    _record("people:invitation:revoke", row, actor)


def invitation_of(token: str) -> InvitationRef:
    """Return what a link invites to. Raises LinkExpired."""
    row = _by_token(token)
    organization = (
        db.session.get(Organization, row.organization_id) if row.organization_id else None
    )
    team = db.session.get(Team, row.team_id) if row.team_id else None
    return InvitationRef(
        id=row.id,
        organization_id=row.organization_id,
        organization_name=organization.name if organization else None,
        email=row.email,
        role=row.role,
        team_id=row.team_id,
        team_name=team.name if team else None,
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def accept_invitation(
    token: str, *, name: str, password: str, timezone: str | None = None, origin: str | None = None
) -> UserRef:
    """Make the invited person a member, with a new login if they have none.

    A person with a login joins under it and keeps name and password. Raises LinkExpired,
    PasswordRefused.
    """
    row = _by_token(token, lock=True)
    actor = Actor(None, row.email, origin)
    known = db.session.scalars(select(User).where(User.email == row.email)).first()
    if known is not None:
        if not known.active or row.organization_id is None or known.is_admin:
            raise LinkExpired("This invitation does not fit your login. Ask for help.")
        user = UserRef(known.id, known.name, known.email)
    else:
        zone = timezone
        if zone is None and row.organization_id is not None:
            found = queries.organization(row.organization_id)
            zone = found.timezone if found else None
        user = create_user(
            name,
            row.email,
            password,
            is_admin=row.role is Role.ADMIN,
            actor=actor,
            **({"timezone": zone} if zone else {}),
        )
    row.accepted_at = utcnow()
    if row.organization_id is not None:
        add_member(row.organization_id, user.id, row.role, row.team_id, actor=actor)
    _record("people:invitation:accept", row, Actor(user.id, user.name, origin))
    return user


def _refuse_members(organization_id: UUID | None, email: str) -> None:
    user = db.session.scalars(select(User).where(User.email == email)).first()
    if user is None:
        return
    if organization_id is None or user.is_admin:
        raise AlreadyMember(f"{email} has a login that can't take this role.")
    if db.session.get(Membership, (organization_id, user.id)) is not None:
        raise AlreadyMember(f"{email} is a member already.")


def _open_for(organization_id: UUID | None, email: str) -> Invitation | None:
    return db.session.scalars(
        select(Invitation).where(
            Invitation.organization_id.is_(None)
            if organization_id is None
            else Invitation.organization_id == organization_id,
            Invitation.email == email,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
    ).first()


def _open(organization_id: UUID | None, invitation_id: UUID) -> Invitation:
    row = db.session.get(Invitation, invitation_id)
    if (
        row is None
        or row.organization_id != organization_id
        or row.accepted_at is not None
        or row.revoked_at is not None
    ):
        raise NotFound("We can't find that invitation. It may be accepted or withdrawn.")
    return row


def _by_token(token: str, *, lock: bool = False) -> Invitation:
    query = select(Invitation).where(Invitation.token_hash == token_hash(token))
    row = db.session.scalars(query.with_for_update() if lock else query).first()
    if row is None or row.accepted_at or row.revoked_at or row.expires_at <= utcnow():
        raise LinkExpired(
            "This invitation was used, withdrawn or is older than a week. Ask for a new one."
        )
    return row


def _record(event: str, row: Invitation, actor: Actor) -> None:
    audit.record(
        event,
        actor=actor,
        organization_id=row.organization_id,
        subject_id=row.id,
        email=row.email,
        role=row.role.value,
    )
