"""What is known about organizations, teams and people."""

import json
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select

from portal.core.access import PERMISSIONS, Me, Role
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.settings import settings
from portal.people import rules
from portal.people.models import (
    Invitation,
    Membership,
    Organization,
    SignInSession,
    Team,
    TeamMember,
    User,
)
from portal.people.values import (
    DemoLogin,
    InvitationRef,
    MemberRow,
    MembershipRef,
    OrganizationRef,
    OrganizationSettings,
    SessionRow,
    TeamRef,
    UserDetails,
    UserRef,
)

DEMO_LOGINS_FILE = "demo-logins.json"


def organization(organization_id: UUID) -> OrganizationRef | None:
    """Return the organization, or None."""
    row = db.session.get(Organization, organization_id)
    return OrganizationRef(row.id, row.name, row.timezone) if row else None


def organizations() -> list[OrganizationRef]:
    """Return every organization of the installation by name."""
    rows = db.session.scalars(select(Organization).order_by(Organization.name, Organization.id))
    return [OrganizationRef(row.id, row.name, row.timezone) for row in rows]


def organization_settings(organization_id: UUID) -> OrganizationSettings:
    """Return what the organization has settled. Raises NotFound."""
    row = db.session.get(Organization, organization_id)
    if row is None:
        raise NotFound("We can't find that organization.")
    return OrganizationSettings(
        id=row.id,
        name=row.name,
        timezone=row.timezone,
        application_name=row.application_name,
        sender_name=row.sender_name,
        first_notice_en=row.first_notice_en,
        first_notice_es=row.first_notice_es,
        website_domains=tuple(row.website_domains),
        reserves_account_changes=row.reserves_account_changes,
        requires_totp=row.requires_totp,
    )


def user(user_id: UUID) -> UserRef | None:
    """Return the person, or None."""
    row = db.session.get(User, user_id)
    return UserRef(row.id, row.name, row.email) if row else None


def users(user_ids: Iterable[UUID]) -> dict[UUID, UserRef]:
    """Return the people by id; a stranger's id is simply missing."""
    ids = list(user_ids)
    if not ids:
        return {}
    rows = db.session.scalars(select(User).where(User.id.in_(ids)))
    return {row.id: UserRef(row.id, row.name, row.email) for row in rows}


def user_by_email(email: str) -> UserRef | None:
    """Return the person with this e-mail, or None."""
    row = db.session.scalars(select(User).where(User.email == rules.tidy_email(email))).first()
    return UserRef(row.id, row.name, row.email) if row else None


def user_details(user_id: UUID) -> UserDetails:
    """Return what a person's own profile shows. Raises NotFound."""
    row = db.session.get(User, user_id)
    if row is None:
        raise NotFound("We can't find that person.")
    return _details(row)


def every_user(after: str = "", limit: int = 100) -> list[UserDetails]:
    """Return users of the installation by e-mail, those after a given e-mail."""
    rows = select(User).where(User.email > after).order_by(User.email).limit(limit)
    return [_details(row) for row in db.session.scalars(rows)]


def membership(user_id: UUID, organization_id: UUID) -> MembershipRef | None:
    """Return the person's role in the organization, or None."""
    found = [m for m in memberships(user_id) if m.organization_id == organization_id]
    return found[0] if found else None


def memberships(user_id: UUID) -> list[MembershipRef]:
    """Return the person's roles by name of organization."""
    rows = db.session.execute(
        select(Membership, Organization.name)
        .join(Organization, Organization.id == Membership.organization_id)
        .where(Membership.user_id == user_id)
        .order_by(Organization.name, Organization.id)
    ).all()
    if not rows:
        return []
    teams: dict[UUID, list[UUID]] = {}
    for organization_id, team_id in db.session.execute(
        select(TeamMember.organization_id, TeamMember.team_id)
        .where(TeamMember.user_id == user_id)
        .order_by(TeamMember.team_id)
    ):
        teams.setdefault(organization_id, []).append(team_id)
    return [
        MembershipRef(
            user_id, m.organization_id, name, m.role, tuple(teams.get(m.organization_id, ()))
        )
        for m, name in rows
    ]


def person(user_id: UUID, organization_id: UUID | None, origin: str | None = None) -> Me | None:
    """Return an active person as views see them in an organization, or None for a stranger.

    An administrator is one everywhere and holds no role in any organization (RULINGS 22).
    """
    row = db.session.get(User, user_id)
    if row is None or not row.active:
        return None
    if row.is_admin:
        role, within = Role.ADMIN, None
    else:
        member = membership(user_id, organization_id) if organization_id else None
        if member is None:
            return None
        role, within = member.role, organization_id
    return Me(
        user_id=row.id,
        name=row.name,
        email=row.email,
        role=role,
        organization_id=within,
        timezone=row.timezone,
        permissions=PERMISSIONS[role],
        origin=origin,
    )


def roles(user_id: UUID) -> set[Role]:
    """Return every role the person holds anywhere."""
    row = db.session.get(User, user_id)
    if row is not None and row.is_admin:
        return {Role.ADMIN}
    return set(db.session.scalars(select(Membership.role).where(Membership.user_id == user_id)))


def must_use_totp(user_id: UUID) -> bool:
    """Say whether policy asks this person for one-time codes (X-6)."""
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    Membership.user_id == user_id,
                    Membership.role.in_([Role.COMPLIANCE_OFFICER, Role.TEAM_LEAD]),
                    Membership.organization_id == Organization.id,
                    Organization.requires_totp,
                )
            )
        )
    )


def team(organization_id: UUID, team_id: UUID) -> TeamRef | None:
    """Return the organization's team, or None."""
    row = db.session.scalars(
        select(Team).where(Team.organization_id == organization_id, Team.id == team_id)
    ).first()
    return TeamRef(row.id, row.organization_id, row.name) if row else None


def teams(organization_id: UUID) -> list[TeamRef]:
    """Return the organization's teams by name."""
    rows = db.session.scalars(
        select(Team).where(Team.organization_id == organization_id).order_by(Team.name)
    )
    return [TeamRef(row.id, row.organization_id, row.name) for row in rows]


def leads_of_team(team_id: UUID) -> list[UserRef]:
    """Return the team's active leads by name."""
    return _people_of(TeamMember.team_id == team_id, Membership.role == Role.TEAM_LEAD)


def members_of_teams(organization_id: UUID, team_ids: Iterable[UUID]) -> list[UserRef]:
    """Return the active people who work in any of these teams, by name."""
    ids = list(team_ids)
    if not ids:
        return []
    return _people_of(TeamMember.organization_id == organization_id, TeamMember.team_id.in_(ids))


def user_ids_of_teams(organization_id: UUID, team_ids: Iterable[UUID]) -> list[UUID]:
    """Return everybody in any of these teams, disabled people included."""
    return list(
        db.session.scalars(
            select(TeamMember.user_id)
            .where(
                TeamMember.organization_id == organization_id,
                TeamMember.team_id.in_(list(team_ids)),
            )
            .distinct()
        )
    )


def officers(organization_id: UUID) -> list[UserRef]:
    """Return the organization's active compliance officers by name."""
    return _of_role(organization_id, Role.COMPLIANCE_OFFICER)


def leads(organization_id: UUID) -> list[UserRef]:
    """Return the organization's active team leads by name."""
    return _of_role(organization_id, Role.TEAM_LEAD)


def leads_over(user_id: UUID, organization_id: UUID) -> list[UserRef]:
    """Return the active leads of every team the person works in."""
    own = select(TeamMember.team_id).where(
        TeamMember.user_id == user_id, TeamMember.organization_id == organization_id
    )
    return _people_of(TeamMember.team_id.in_(own), Membership.role == Role.TEAM_LEAD)


def team_ids(user_id: UUID, organization_id: UUID) -> list[UUID]:
    """Return the ids of the teams the person works in or leads."""
    return list(
        db.session.scalars(
            select(TeamMember.team_id).where(
                TeamMember.user_id == user_id, TeamMember.organization_id == organization_id
            )
        )
    )


def members(organization_id: UUID, within: Iterable[UUID] | None = None) -> list[MemberRow]:
    """Return the organization's people by name, or only those of some teams."""
    rows = (
        select(Membership, User)
        .join(User, User.id == Membership.user_id)
        .where(Membership.organization_id == organization_id)
        .order_by(User.name, User.id)
    )
    if within is not None:
        chosen = select(TeamMember.user_id).where(
            TeamMember.organization_id == organization_id, TeamMember.team_id.in_(list(within))
        )
        rows = rows.where(Membership.user_id.in_(chosen))
    named: dict[UUID, list[tuple[str, UUID]]] = {}
    for user_id, team_id, name in db.session.execute(
        select(TeamMember.user_id, Team.id, Team.name)
        .join(Team, Team.id == TeamMember.team_id)
        .where(TeamMember.organization_id == organization_id)
        .order_by(Team.name)
    ):
        named.setdefault(user_id, []).append((name, team_id))
    return [
        MemberRow(
            user_id=u.id,
            name=u.name,
            email=u.email,
            role=m.role,
            teams=tuple(name for name, _ in named.get(u.id, ())),
            team_ids=tuple(team_id for _, team_id in named.get(u.id, ())),
            is_active=u.active,
            has_totp=u.tf_totp_secret is not None,
        )
        for m, u in db.session.execute(rows)
    ]


def member(organization_id: UUID, user_id: UUID) -> MemberRow:
    """Return one member of the organization. Raises NotFound for strangers."""
    found = [row for row in members(organization_id) if row.user_id == user_id]
    if not found:
        raise NotFound("We can't find that person here.")
    return found[0]


def open_invitations(organization_id: UUID | None) -> list[InvitationRef]:
    """Return invitations neither accepted nor revoked, newest first; lapsed ones included."""
    rows = (
        select(Invitation, Organization.name, Team.name)
        .outerjoin(Organization, Organization.id == Invitation.organization_id)
        .outerjoin(Team, Team.id == Invitation.team_id)
        .where(
            Invitation.organization_id.is_(None)
            if organization_id is None
            else Invitation.organization_id == organization_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .order_by(Invitation.created_at.desc(), Invitation.id)
    )
    return [_invitation(*row) for row in db.session.execute(rows).tuples()]


def sessions(user_id: UUID) -> list[SessionRow]:
    """Return where the person is signed in now, last seen first."""
    now = utcnow()
    rows = db.session.scalars(
        select(SignInSession)
        .where(SignInSession.user_id == user_id, SignInSession.expires_at > now)
        .order_by(SignInSession.last_seen_at.desc(), SignInSession.id)
    )
    return [
        SessionRow(
            id=row.id,
            browser=rules.browser_label(row.user_agent),
            ip=row.ip,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
        )
        for row in rows
        if (now - row.last_seen_at).total_seconds() < row.idle_seconds
    ]


def installation_counts() -> tuple[int, int]:
    """Return how many organizations and active users there are."""
    return (
        db.session.scalar(select(func.count()).select_from(Organization)) or 0,
        db.session.scalar(select(func.count()).select_from(User).where(User.active)) or 0,
    )


def demo_logins() -> list[DemoLogin]:
    """Return the demo brokerage's logins; empty unless the sandbox runs (RULINGS 27)."""
    if not settings().is_sandbox:
        return []
    path = settings().var / DEMO_LOGINS_FILE
    try:
        entries = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return []
    return [
        DemoLogin(str(entry["role"]), str(entry["email"]), str(entry["password"]))
        for entry in entries
        if isinstance(entry, dict) and {"role", "email", "password"} <= entry.keys()
    ]


def _of_role(organization_id: UUID, role: Role) -> list[UserRef]:
    rows = db.session.scalars(
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization_id, Membership.role == role, User.active)
        .order_by(User.name, User.id)
    )
    return [UserRef(row.id, row.name, row.email) for row in rows]


def _people_of(*conditions: ColumnElement[bool]) -> list[UserRef]:
    rows = db.session.scalars(
        select(User)
        .where(
            User.active,
            User.id.in_(
                select(TeamMember.user_id)
                .join(
                    Membership,
                    (Membership.user_id == TeamMember.user_id)
                    & (Membership.organization_id == TeamMember.organization_id),
                )
                .where(*conditions)
            ),
        )
        .order_by(User.name, User.id)
    )
    return [UserRef(row.id, row.name, row.email) for row in rows]


def _details(row: User) -> UserDetails:
    return UserDetails(
        id=row.id,
        name=row.name,
        email=row.email,
        timezone=row.timezone,
        is_admin=row.is_admin,
        is_active=row.active,
        has_totp=row.tf_totp_secret is not None,
        created_at=row.created_at,
    )


def _invitation(
    row: Invitation, organization_name: str | None, team_name: str | None
) -> InvitationRef:
    return InvitationRef(
        id=row.id,
        organization_id=row.organization_id,
        organization_name=organization_name,
        email=row.email,
        role=row.role,
        team_id=row.team_id,
        team_name=team_name,
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
