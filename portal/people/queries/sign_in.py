"""Sessions, invitations and the demo logins."""

import json
from uuid import UUID

from sqlalchemy import select

from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.settings import settings
from portal.people import rules
from portal.people.models import Invitation, Organization, SignInSession, Team
from portal.people.values import DemoLogin, InvitationRef, SessionRow

DEMO_LOGINS_FILE = "demo-logins.json"


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
    return [_invitation(row, place, team_) for row, place, team_ in db.session.execute(rows)]


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
