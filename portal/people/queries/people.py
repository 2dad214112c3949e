"""People with a login."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from portal.core.access import PERMISSIONS, Me, Role
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.once import once_a_page
from portal.people import rules
from portal.people.models import Membership, User
from portal.people.queries.memberships import membership, memberships
from portal.people.values import UserDetails, UserRef


def user(user_id: UUID) -> UserRef | None:
    """Return the person, or None."""
    row = details(user_id)
    return UserRef(row.id, row.name, row.email) if row else None


def users(user_ids: Iterable[UUID]) -> dict[UUID, UserRef]:
    """Return the people by id; a stranger's id is simply missing."""
    ids = list(user_ids)
    if not ids:
        return {}
    rows = db.session.execute(select(User.id, User.name, User.email).where(User.id.in_(ids)))
    return {row.id: UserRef(*row) for row in rows}


def user_by_email(email: str) -> UserRef | None:
    """Return the person with this e-mail, or None."""
    row = db.session.scalars(select(User).where(User.email == rules.tidy_email(email))).first()
    return UserRef(row.id, row.name, row.email) if row else None


def user_details(user_id: UUID) -> UserDetails:
    """Return what a person's own profile shows. Raises NotFound."""
    found = details(user_id)
    if found is None:
        raise NotFound("We can't find that person.")
    return found


@once_a_page
def details(user_id: UUID) -> UserDetails | None:
    """Return the same, or None."""
    row = db.session.get(User, user_id)
    return _details(row) if row else None


def every_user(after: str = "", limit: int = 100) -> list[UserDetails]:
    """Return users of the installation by e-mail, those after a given e-mail."""
    rows = select(User).where(User.email > after).order_by(User.email).limit(limit)
    return [_details(row) for row in db.session.scalars(rows)]


def administrators() -> list[UserRef]:
    """Return the installation's active administrators by name."""
    rows = db.session.scalars(
        select(User).where(User.is_admin, User.active).order_by(User.name, User.id)
    )
    return [UserRef(row.id, row.name, row.email) for row in rows]


def person(user_id: UUID, organization_id: UUID | None, origin: str | None = None) -> Me | None:
    """Return an active person as views see them in an organization, or None for a stranger.

    An administrator is one everywhere and holds no role in any organization (RULINGS 22).
    """
    row = details(user_id)
    if row is None or not row.is_active:
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
    held_to_it = {Role.COMPLIANCE_OFFICER, Role.TEAM_LEAD}
    return any(m.requires_totp and m.role in held_to_it for m in memberships(user_id))


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
