"""Organizations and teams."""

from uuid import UUID

from sqlalchemy import exists, func, select

from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.once import once_a_page
from portal.people.models import Organization, Team, User
from portal.people.values import OrganizationRef, OrganizationSettings, TeamRef


@once_a_page
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
        hold_notice_en=row.hold_notice_en,
        hold_notice_es=row.hold_notice_es,
        website_domains=tuple(row.website_domains),
        reserves_account_changes=row.reserves_account_changes,
        requires_totp=row.requires_totp,
        shares_talks=row.shares_talks,
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


def has_demo() -> bool:
    """Say whether the demo brokerage is in the database (X-1)."""
    return bool(db.session.scalar(select(exists().where(Organization.is_demo))))


def installation_counts() -> tuple[int, int]:
    """Return how many organizations and active users there are."""
    return (
        db.session.scalar(select(func.count()).select_from(Organization)) or 0,
        db.session.scalar(select(func.count()).select_from(User).where(User.active)) or 0,
    )
