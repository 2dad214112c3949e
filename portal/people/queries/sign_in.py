"""Sessions, invitations and the demo logins."""

import json
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, select

from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.once import answered
from portal.core.settings import settings
from portal.people import rules
from portal.people.models import Invitation, Membership, Organization, SignInSession, Team, User
from portal.people.queries.memberships import (
    PLACES,
    PLACES_IN_ORDER,
    remember_memberships,
    with_places,
)
from portal.people.queries.people import details
from portal.people.values import (
    DemoLogin,
    InvitationRef,
    SessionRow,
    SignedIn,
    StoredSession,
    UserDetails,
)

DEMO_LOGINS_FILE = "demo-logins.json"
_SESSIONS: Final = cast(Table, SignInSession.__table__)
_USERS: Final = cast(Table, User.__table__)
_MEMBERS: Final = cast(Table, Membership.__table__)
_BY_TOKEN: Final = (  # made once, of columns
    select(
        *(_SESSIONS.c[name] for name in ("id", "data", "last_seen_at", "expires_at")),
        _SESSIONS.c.idle_seconds,
        _SESSIONS.c.user_id,
        *(_USERS.c[name] for name in ("name", "email", "timezone", "is_admin", "active")),
        _USERS.c.fs_uniquifier,
        _USERS.c.tf_totp_secret.is_not(None).label("has_totp"),
        _USERS.c.created_at,
        *PLACES,
    )
    .select_from(
        with_places(
            _SESSIONS.join(_USERS, _USERS.c.id == _SESSIONS.c.user_id).outerjoin(
                _MEMBERS, _MEMBERS.c.user_id == _USERS.c.id
            )
        )
    )
    .where(_SESSIONS.c.token_hash == bindparam("token"))
    .order_by(*PLACES_IN_ORDER)
)


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


def session_of(token_hash: str) -> StoredSession | None:
    """Return the live session of a token; None when it is unknown, idle too long or over.

    Every page begins with it, so the same statement tells who that is and where they work (G6).
    """
    rows = db.session.execute(_BY_TOKEN, {"token": token_hash}).all()
    if not rows:
        return None
    row, now = rows[0], utcnow()
    if row.expires_at <= now or (now - row.last_seen_at).total_seconds() >= row.idle_seconds:
        return None
    known = UserDetails(
        id=row.user_id,
        name=row.name,
        email=row.email,
        timezone=row.timezone,
        is_admin=row.is_admin,
        is_active=row.active,
        has_totp=row.has_totp,
        created_at=row.created_at,
    )
    answered(details, known, known.id)
    remember_memberships(known.id, rows)
    person = SignedIn(known.id, row.fs_uniquifier, known.has_totp, known.is_active)
    return StoredSession(row.id, person, dict(row.data), row.last_seen_at)


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
