"""Who works where, in which role."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Join,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    or_,
    select,
)

from portal.core.access import PERMISSIONS, Permission, Role
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.once import answered, once_a_page
from portal.people.models import Membership, Organization, Team, TeamMember, User
from portal.people.queries.organizations import organization
from portal.people.values import MemberRow, MembershipRef, UserRef

_USERS: Final = cast(Table, User.__table__)
_MEMBERS: Final = cast(Table, Membership.__table__)
_ORGANIZATIONS: Final = cast(Table, Organization.__table__)
_TEAM_MEMBERS: Final = cast(Table, TeamMember.__table__)


def membership(user_id: UUID, organization_id: UUID) -> MembershipRef | None:
    """Return the person's role in the organization, or None."""
    found = [m for m in _memberships(user_id) if m.organization_id == organization_id]
    return found[0] if found else None


def memberships(user_id: UUID) -> list[MembershipRef]:
    """Return the person's roles by name of organization."""
    return list(_memberships(user_id))


@once_a_page
def _memberships(user_id: UUID) -> tuple[MembershipRef, ...]:
    return _each_with_teams(user_id, db.session.execute(_MEMBERSHIPS, {"user": user_id}))


def remember_memberships(user_id: UUID, rows: Iterable[Row[*tuple[Any, ...]]]) -> None:
    """Remember for this page the roles that another question brought along: `PLACES` of each row."""
    mine = _each_with_teams(user_id, (row for row in rows if row.organization_id is not None))
    answered(_memberships, mine, user_id)
    for member in mine:
        answered(organization, member.organization, member.organization_id)


def _each_with_teams(
    user_id: UUID, rows: Iterable[Row[*tuple[Any, ...]]]
) -> tuple[MembershipRef, ...]:
    found = []
    for _, of_one in groupby(rows, key=lambda row: row.organization_id):
        first, *others = of_one
        found.append(
            MembershipRef(
                user_id,
                first.organization_id,
                first.organization_name,
                first.role,
                tuple(row.team_id for row in (first, *others) if row.team_id),
                first.organization_timezone,
                first.requires_totp,
                first.reserves_account_changes,
                first.shares_talks,
            )
        )
    return tuple(found)


# What says where people work: a row for each team of each role, in the order of PLACES_IN_ORDER.
PLACES: Final = (
    _MEMBERS.c.organization_id,
    _MEMBERS.c.role,
    _ORGANIZATIONS.c.name.label("organization_name"),
    _ORGANIZATIONS.c.timezone.label("organization_timezone"),
    _ORGANIZATIONS.c.requires_totp,
    _ORGANIZATIONS.c.reserves_account_changes,
    _ORGANIZATIONS.c.shares_talks,
    _TEAM_MEMBERS.c.team_id,
)
PLACES_IN_ORDER: Final = (_ORGANIZATIONS.c.name, _ORGANIZATIONS.c.id, _TEAM_MEMBERS.c.team_id)


def with_places(members: FromClause) -> Join:
    """Return what `PLACES` are selected from, where the memberships come from `members`."""
    return members.outerjoin(
        _ORGANIZATIONS, _ORGANIZATIONS.c.id == _MEMBERS.c.organization_id
    ).outerjoin(
        _TEAM_MEMBERS,
        and_(
            _TEAM_MEMBERS.c.organization_id == _MEMBERS.c.organization_id,
            _TEAM_MEMBERS.c.user_id == _MEMBERS.c.user_id,
        ),
    )


_MEMBERSHIPS: Final = (  # made once (G6)
    select(*PLACES)
    .select_from(with_places(_MEMBERS))
    .where(_MEMBERS.c.user_id == bindparam("user"))
    .order_by(*PLACES_IN_ORDER)
)


def leads_of_team(team_id: UUID) -> list[UserRef]:
    """Return the team's active leads by name."""
    return _people_of(TeamMember.team_id == team_id, Membership.role == Role.TEAM_LEAD)


def members_of_teams(organization_id: UUID, team_ids: Iterable[UUID]) -> list[UserRef]:
    """Return the active people who work in any of these teams, by name."""
    ids = list(team_ids)
    if not ids:
        return []
    return _people_of(TeamMember.organization_id == organization_id, TeamMember.team_id.in_(ids))


def ids_of_teams(
    user_id: ColumnElement[UUID], organization_id: ColumnElement[UUID]
) -> Select[UUID]:
    """Return what selects the teams a person works in or leads, for a larger question."""
    return select(_TEAM_MEMBERS.c.team_id).where(
        _TEAM_MEMBERS.c.user_id == user_id, _TEAM_MEMBERS.c.organization_id == organization_id
    )


def ids_of_people_in(teams: Select[UUID]) -> Select[UUID]:
    """Return what selects everybody in these teams, disabled people included."""
    their = _TEAM_MEMBERS.alias()
    return select(their.c.user_id).where(their.c.team_id.in_(teams))


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
    mine = membership(user_id, organization_id)
    return list(mine.team_ids) if mine else []


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


def ids_of_leads_in(teams: Select[UUID]) -> Select[UUID]:
    """Return what selects those who lead one of these teams, for a larger question."""
    their, lead = _TEAM_MEMBERS.alias(), _MEMBERS.alias()
    return (
        select(their.c.user_id)
        .join_from(
            their,
            lead,
            and_(
                lead.c.organization_id == their.c.organization_id,
                lead.c.user_id == their.c.user_id,
            ),
        )
        .where(their.c.team_id.in_(teams), lead.c.role == Role.TEAM_LEAD)
    )


def who_may(
    permission: Permission, organization_id: BindParameter[UUID], *among: Select[UUID]
) -> Select[UUID, str, str]:
    """Return what selects the active people among some whose role allows something, by name.

    Its rows are what a UserRef is made of.
    """
    roles = [role for role, allowed in PERMISSIONS.items() if permission in allowed]
    return (
        select(_USERS.c.id, _USERS.c.name, _USERS.c.email)
        .join_from(_USERS, _MEMBERS, _MEMBERS.c.user_id == _USERS.c.id)
        .where(
            _MEMBERS.c.organization_id == organization_id,
            _MEMBERS.c.role.in_(roles),
            _USERS.c.active,
            or_(*(_USERS.c.id.in_(ids) for ids in among)),
        )
        .order_by(_USERS.c.name, _USERS.c.id)
    )


def works_as(
    role: Role, user_id: ColumnElement[UUID], organization_id: ColumnElement[UUID]
) -> ColumnElement[bool]:
    """Return the condition that somebody is an active person of a role, for a larger question."""
    return exists().where(
        _MEMBERS.c.user_id == user_id,
        _MEMBERS.c.organization_id == organization_id,
        _MEMBERS.c.role == role,
        _USERS.c.id == _MEMBERS.c.user_id,
        _USERS.c.active,
        _USERS.c.is_admin.is_(False),
    )


def _of_role(organization_id: UUID, role: Role) -> list[UserRef]:
    rows = db.session.execute(
        select(User.id, User.name, User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization_id, Membership.role == role, User.active)
        .order_by(User.name, User.id)
    )
    return [UserRef(*row) for row in rows]


def _people_of(*conditions: ColumnElement[bool]) -> list[UserRef]:
    rows = db.session.execute(
        select(User.id, User.name, User.email)
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
    return [UserRef(*row) for row in rows]
