"""Organizations and teams."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.people import rules
from portal.people.errors import NameTaken
from portal.people.models import Organization, Team
from portal.people.values import DEFAULT_TIMEZONE, OrganizationRef, TeamRef


def create_organization(
    name: str,
    *,
    actor: Actor,
    timezone: str = DEFAULT_TIMEZONE,
    sender_name: str | None = None,
    is_demo: bool = False,
) -> OrganizationRef:
    """Create a brokerage. Raises BadInput for an unknown time zone, NameTaken."""
    name = name.strip()
    _check_timezone(timezone)
    if db.session.scalar(select(Organization.id).where(Organization.name == name)):
        raise NameTaken(f"There is an organization named {name} already. Choose another name.")
    row = Organization(
        name=name, timezone=timezone, sender_name=(sender_name or name)[:60], is_demo=is_demo
    )
    db.session.add(row)
    db.session.flush()  # the audit entry needs the id
    audit.record(
        "people:organization:create",
        actor=actor,
        organization_id=row.id,
        subject_id=row.id,
        name=name,
        timezone=timezone,
    )
    return OrganizationRef(row.id, row.name, row.timezone)


def edit_organization(
    organization_id: UUID,
    *,
    sender_name: str,
    application_name: str,
    timezone: str,
    first_notice_en: str,
    first_notice_es: str,
    hold_notice_en: str,
    hold_notice_es: str,
    reserves_account_changes: bool,
    requires_totp: bool,
    shares_talks: bool,
    actor: Actor,
) -> None:
    """Change what holds for all accounts. Raises BadInput when a notice loses its opt-out (S-3)."""
    row = db.session.get(Organization, organization_id)
    if row is None:
        raise NotFound("We can't find that organization.")
    _check_timezone(timezone)
    for notice in (first_notice_en, first_notice_es, hold_notice_en, hold_notice_es):
        if not rules.keeps_opt_out(notice):
            raise BadInput("The notice must tell people how to opt out: keep the word STOP in it.")
    new: dict[str, str | bool] = {
        "sender_name": sender_name.strip(),
        "application_name": application_name.strip(),
        "timezone": timezone,
        "first_notice_en": first_notice_en.strip(),
        "first_notice_es": first_notice_es.strip(),
        "hold_notice_en": hold_notice_en.strip(),
        "hold_notice_es": hold_notice_es.strip(),
        "reserves_account_changes": reserves_account_changes,
        "requires_totp": requires_totp,
        "shares_talks": shares_talks,
    }
    changed = {key: value for key, value in new.items() if getattr(row, key) != value}
    if not changed:
        return
    for key, value in changed.items():
        setattr(row, key, value)
    audit.record(
        "people:organization:edit",
        actor=actor,
        organization_id=organization_id,
        subject_id=organization_id,
        changed=changed,
    )


def set_website_domains(organization_id: UUID, domains: Sequence[str], *, actor: Actor) -> None:
    """Name the organization's own sites, to which its texts may link (H-1)."""
    row = db.session.get(Organization, organization_id)
    if row is None:
        raise NotFound("We can't find that organization.")
    if list(domains) == row.website_domains:
        return
    audit.record(
        "people:organization:sites",
        actor=actor,
        organization_id=organization_id,
        subject_id=organization_id,
        before=list(row.website_domains),
        after=list(domains),
    )
    row.website_domains = list(domains)


def create_team(organization_id: UUID, name: str, *, actor: Actor) -> TeamRef:
    """Create a team. Raises NameTaken."""
    name = name.strip()
    taken = select(Team.id).where(Team.organization_id == organization_id, Team.name == name)
    if db.session.scalar(taken):
        raise NameTaken(f"There is a team named {name} already. Choose another name.")
    row = Team(organization_id=organization_id, name=name)
    db.session.add(row)
    db.session.flush()  # the audit entry needs the id
    audit.record(
        "people:team:create",
        actor=actor,
        organization_id=organization_id,
        subject_id=row.id,
        name=name,
    )
    return TeamRef(row.id, organization_id, name)


def _check_timezone(timezone: str) -> None:
    if not rules.is_timezone(timezone):
        raise BadInput(f"{timezone} is not a time zone. Use a name such as America/Chicago.")
