"""Passwords: argon2 through Flask-Security, reset by mail, change (X-6)."""

from functools import cache
from uuid import UUID

import flask_security
from sqlalchemy import select, update

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.people import queries, rules
from portal.people.errors import LinkExpired, PasswordRefused, SignInRefused
from portal.people.models import PasswordReset, User
from portal.people.service.sessions import end_sessions
from portal.people.service.tokens import new_token, token_hash
from portal.people.values import Issued, UserRef


def hash_password(password: str) -> str:
    """Return an argon2 hash of password."""
    return str(flask_security.hash_password(password))


def check_password(email: str, password: str) -> UUID | None:
    """Return who signs in with e-mail and password, or None.

    One hash is checked on every path, so an unknown, disabled or invited person is
    refused by the same steps as a wrong password (PROMISES 4, row 10). Nothing is written.
    """
    decoy = _decoy()
    row = db.session.scalars(select(User).where(User.email == rules.tidy_email(email))).first()
    stored = row.password if row is not None and row.password else decoy
    fits = flask_security.verify_password(password[: rules.PASSWORD_MAX], stored)
    if row is None or not fits or stored is decoy or not row.active or not queries.roles(row.id):
        return None
    return row.id


def change_password(
    user_id: UUID, *, current: str, new: str, keep_session: UUID | None, actor: Actor
) -> None:
    """Set a new password and end every other session. Raises SignInRefused, PasswordRefused."""
    row = _user(user_id)
    if not row.password or not flask_security.verify_password(
        current[: rules.PASSWORD_MAX], row.password
    ):
        raise SignInRefused("This is not your present password.")
    set_password(row, new)
    ended = end_sessions(user_id, but=keep_session)
    audit.record(
        "people:password:change",
        actor=actor,
        organization_id=_chain(user_id),
        subject_id=user_id,
        sessions_ended=ended,
    )


def request_reset(email: str) -> Issued | None:
    """Return a link's token for a known, active person, else None; the older links die."""
    row = db.session.scalars(
        select(User).where(User.email == rules.tidy_email(email), User.active)
    ).first()
    token, hashed = new_token()
    if row is None:
        return None
    now = utcnow()
    _spend_links(row.id)
    link = PasswordReset(
        user_id=row.id, token_hash=hashed, created_at=now, expires_at=now + rules.RESET_LIFETIME
    )
    db.session.add(link)
    db.session.flush()  # the id goes out with the token
    return Issued(link.id, token, row.email, link.expires_at)


def user_of_reset(token: str) -> UserRef:
    """Return whose password the link sets. Raises LinkExpired."""
    row = _user(_open_link(token).user_id)
    return UserRef(row.id, row.name, row.email)


def reset_password(token: str, new: str, *, origin: str | None) -> UserRef:
    """Set the password the link allows, once, and end every session.

    One-time codes stay asked for (ASVS 6.4.3). Raises LinkExpired, PasswordRefused.
    """
    link = _open_link(token, lock=True)
    row = _user(link.user_id)
    set_password(row, new)
    _spend_links(row.id)
    ended = end_sessions(row.id)
    audit.record(
        "people:password:reset",
        actor=Actor(row.id, row.name, origin),
        organization_id=_chain(row.id),
        subject_id=row.id,
        sessions_ended=ended,
    )
    return UserRef(row.id, row.name, row.email)


def set_password(row: User, new: str) -> None:
    """Put a new password on the row. Raises PasswordRefused."""
    if fault := rules.password_fault(new, name=row.name, email=row.email):
        raise PasswordRefused(fault)
    row.password = hash_password(new)
    row.password_changed_at = utcnow()


@cache
def _decoy() -> str:
    return hash_password("nobody has this password, it is only there to be checked")


def _user(user_id: UUID) -> User:
    row = db.session.get(User, user_id)
    if row is None or not row.active:
        raise NotFound("We can't find that person.")
    return row


def _open_link(token: str, *, lock: bool = False) -> PasswordReset:
    query = select(PasswordReset).where(PasswordReset.token_hash == token_hash(token))
    link = db.session.scalars(query.with_for_update() if lock else query).first()
    owner = db.session.get(User, link.user_id) if link else None
    if link is None or link.used_at or link.expires_at <= utcnow() or not (owner and owner.active):
        raise LinkExpired("This link was used or is too old. Ask for a new one.")
    return link


def _spend_links(user_id: UUID) -> None:
    db.session.execute(
        update(PasswordReset)
        .where(PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None))
        .values(used_at=utcnow())
    )


def _chain(user_id: UUID) -> UUID | None:
    mine = queries.memberships(user_id)
    return mine[0].organization_id if len(mine) == 1 else None
