"""Signed-in browsers: started, seen, ended; the cookie's token is kept only as a hash."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.engine import CursorResult

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.people import queries, rules
from portal.people.happenings import ENDING
from portal.people.models import SignInSession, User
from portal.people.service.tokens import new_token, token_hash
from portal.people.values import StoredSession


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A new session and its token, known only at this moment."""

    id: UUID
    token: str
    data: dict[str, Any]


def start_session(user_id: UUID, *, ip: str | None, user_agent: str = "") -> StartedSession:
    """Open a session for a person who has just proved who they are; always a new token."""
    user = db.session.get(User, user_id)
    if user is None or not user.active:
        raise NotFound("We can't find that person.")
    now = utcnow()
    token, hashed = new_token()
    row = SignInSession(
        token_hash=hashed,
        user_id=user_id,
        data={"_user_id": user.fs_uniquifier, "_fresh": True},  # what Flask-Login looks for
        created_at=now,
        last_seen_at=now,
        expires_at=now + rules.ABSOLUTE_LIFETIME,
        idle_seconds=int(rules.idle_lifetime(queries.roles(user_id)).total_seconds()),
        ip=ip,
        user_agent=user_agent[:300],
    )
    db.session.add(row)
    db.session.flush()  # the id goes to the browser's session
    return StartedSession(row.id, token, dict(row.data))


def session_of(token: str) -> StoredSession | None:
    """Return the live session of a token; None when it is unknown, idle too long or over."""
    return queries.session_of(token_hash(token))


def touch_session(session_id: UUID, *, data: dict[str, Any] | None = None) -> None:
    """Note that the browser was seen and keep its data; an ended session stays ended."""
    values: dict[str, Any] = {"last_seen_at": utcnow()}
    if data is not None:
        values["data"] = data
    db.session.execute(update(SignInSession).where(SignInSession.id == session_id).values(**values))


def end_session(session_id: UUID) -> None:
    """Sign one browser out; ending it twice is harmless."""
    ENDING.tell(None, [session_id])
    db.session.execute(delete(SignInSession).where(SignInSession.id == session_id))


def end_sessions(user_id: UUID, *, but: UUID | None = None) -> int:
    """Sign a person out everywhere, or everywhere but here, and return from how many browsers."""
    theirs = select(SignInSession.id).where(SignInSession.user_id == user_id)
    if but is not None:
        theirs = theirs.where(SignInSession.id != but)
    ids = db.session.scalars(theirs).all()
    ENDING.tell(user_id if but is None else None, ids)
    return _count(db.session.execute(delete(SignInSession).where(SignInSession.id.in_(ids))))


def revoke_session(user_id: UUID, session_id: UUID, *, actor: Actor) -> None:
    """End one of the person's own sessions. Raises NotFound for anybody else's."""
    mine = SignInSession.id == session_id, SignInSession.user_id == user_id
    ENDING.tell(None, db.session.scalars(select(SignInSession.id).where(*mine)).all())
    if not _count(db.session.execute(delete(SignInSession).where(*mine))):
        raise NotFound("We can't find that session. It may have ended already.")
    places = queries.memberships(user_id)
    audit.record(
        "people:session:revoke",
        actor=actor,
        organization_id=places[0].organization_id if len(places) == 1 else None,
        subject_id=user_id,
        session=str(session_id),
    )


def end_other_sessions(user_id: UUID, *, but: UUID | None, actor: Actor) -> int:
    """Sign the person out everywhere but here, as they asked, and return from how many browsers."""
    ended = end_sessions(user_id, but=but)
    if ended:
        mine = queries.memberships(user_id)
        audit.record(
            "people:session:revoke_others",
            actor=actor,
            organization_id=mine[0].organization_id if len(mine) == 1 else None,
            subject_id=user_id,
            ended=ended,
        )
    return ended


def purge_sessions() -> int:
    """Remove what is over; the scheduler may call this as often as it likes."""
    return _count(
        db.session.execute(delete(SignInSession).where(SignInSession.expires_at <= utcnow()))
    )


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
