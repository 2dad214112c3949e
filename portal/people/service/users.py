"""People with a login."""

import secrets
from uuid import UUID

from sqlalchemy import select

from portal.core import audit
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.people import queries, rules
from portal.people.errors import EmailTaken, PasswordRefused
from portal.people.models import User
from portal.people.service.passwords import hash_password
from portal.people.values import DEFAULT_TIMEZONE, UserRef


def create_user(
    name: str,
    email: str,
    password: str | None,
    *,
    timezone: str = DEFAULT_TIMEZONE,
    is_admin: bool = False,
    actor: Actor = SYSTEM,
) -> UserRef:
    """Create a login; without a password it opens only after a reset.

    Raises EmailTaken, PasswordRefused. It belongs to no organization yet (add_member).
    """
    email, name = rules.tidy_email(email), " ".join(name.split())
    if db.session.scalar(select(User.id).where(User.email == email)):
        raise EmailTaken("There is a user with this e-mail already.")
    if password is not None and (fault := rules.password_fault(password, name=name, email=email)):
        raise PasswordRefused(fault)
    row = User(
        email=email,
        name=name,
        timezone=timezone if rules.is_timezone(timezone) else DEFAULT_TIMEZONE,
        password=hash_password(password) if password is not None else None,
        password_changed_at=utcnow() if password is not None else None,
        is_admin=is_admin,
        fs_uniquifier=secrets.token_hex(32),
    )
    db.session.add(row)
    db.session.flush()  # the audit entry needs the id
    audit.record(
        "people:user:create",
        actor=actor,
        organization_id=None,
        subject_id=row.id,
        email=email,
        name=name,
        is_admin=is_admin,
    )
    return UserRef(row.id, row.name, row.email)


def edit_profile(user_id: UUID, *, name: str, timezone: str, actor: Actor) -> None:
    """Change a person's own name and zone. Raises BadInput for an unknown zone."""
    row = db.session.get(User, user_id)
    if row is None:
        raise NotFound("We can't find that person.")
    if not rules.is_timezone(timezone):
        raise BadInput(f"{timezone} is not a time zone. Choose one from the list.")
    row.name, row.timezone = " ".join(name.split()), timezone
    audit.record(
        "people:user:edit",
        actor=actor,
        organization_id=home_chain(user_id),
        subject_id=user_id,
        name=row.name,
        timezone=timezone,
    )


def note_sign_in(user_id: UUID, *, actor: Actor, with_code: bool) -> None:
    """Write a sign-in to the audit log."""
    audit.record(
        "people:session:start",
        actor=actor,
        organization_id=home_chain(user_id),
        subject_id=user_id,
        with_code=with_code,
    )


def note_sign_out(user_id: UUID, *, actor: Actor) -> None:
    """Write a sign-out to the audit log."""
    audit.record(
        "people:session:end",
        actor=actor,
        organization_id=home_chain(user_id),
        subject_id=user_id,
    )


def home_chain(user_id: UUID) -> UUID | None:
    """Return the chain for what a person does to themselves: their only organization's, else None."""
    mine = queries.memberships(user_id)
    return mine[0].organization_id if len(mine) == 1 else None
