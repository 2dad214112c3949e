"""One-time codes from an app (X-6); each code is accepted once, also the one used at set-up."""

from typing import Any, cast
from uuid import UUID

from flask_security import Totp
from sqlalchemy import Table, or_, update
from sqlalchemy.engine import CursorResult

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.secrets_box import Place, box
from portal.core.settings import settings
from portal.people.errors import CodeRefused
from portal.people.models import User
from portal.people.service.sessions import end_sessions
from portal.people.service.users import home_chain

WINDOW_S = 30  # a code of the step before or after is accepted: clocks differ


class OnceOnlyTotp(Totp):
    """Flask-Security's codes with the replay gap closed (STACK 6) and our clock (RULINGS 20)."""

    def __init__(self, last_counter: int | None = None) -> None:
        """Refuse codes up to last_counter, the time step of the last code accepted."""
        super().__init__({"1": "secrets are sealed by us"}, settings().application_name)
        self._totp = self._totp.using(now=lambda: utcnow().timestamp())
        self._counter = last_counter

    def new_secret(self) -> str:
        """Return a fresh secret; the caller seals it."""
        return str(self._totp.new().to_json(encrypt=False))

    def accept(self, code: str, secret: str, user: Any) -> int:
        """Return the time step of a right code not used before. Raises CodeRefused."""
        try:
            fits = self.verify_totp("".join(code.split()), secret, user, window=WINDOW_S)
        except (TypeError, ValueError):  # not a code at all
            fits = False
        if not fits or self._counter is None:
            raise CodeRefused("This code does not fit or was used already. Wait for the next one.")
        return self._counter

    def get_last_counter(self, user: object) -> int | None:
        """Return the time step of the last code accepted."""
        return self._counter

    def set_last_counter(self, user: object, tmatch: Any) -> None:
        """Keep the time step of the code just accepted."""
        self._counter = int(tmatch.counter)


def new_totp(user_id: UUID, email: str) -> tuple[str, dict[str, str]]:
    """Return a new secret, sealed for this person, and what an app needs to make codes."""
    codes = OnceOnlyTotp()
    secret = codes.new_secret()
    return box().seal(secret, place_of_secret(user_id)), describe(secret, email)


def describe(secret: str, email: str) -> dict[str, str]:
    """Return what an app needs to make codes from a secret."""
    codes = OnceOnlyTotp()
    return {
        "key": str(codes.get_totp_pretty_key(secret)),
        "uri": str(codes.get_totp_uri(email, secret)),
        "image": str(codes.generate_qrcode(email, secret)),
    }


def describe_sealed(user_id: UUID, sealed: str, email: str) -> dict[str, str]:
    """Return what an app needs for a secret still being set up."""
    return describe(box().open(sealed, place_of_secret(user_id)), email)


def place_of_secret(user_id: UUID) -> Place:
    """Return what a person's secret is bound to; people belong to no one organization (S10)."""
    return Place.of(cast(Table, User.__table__).c.tf_totp_secret, user_id, None)


def confirm_totp(
    user_id: UUID, sealed: str, code: str, *, keep_session: UUID | None, actor: Actor
) -> None:
    """Ask for codes from now on, once the person has shown a first one. Raises CodeRefused."""
    row = _user(user_id)
    secret = box().open(sealed, place_of_secret(user_id))
    row.totp_last_counter = OnceOnlyTotp().accept(code, secret, row)
    row.tf_totp_secret = sealed
    end_sessions(user_id, but=keep_session)
    _record("people:totp:set_up", user_id, actor)


def use_code(user_id: UUID, code: str) -> None:
    """Accept a code and never again. Raises CodeRefused; two browsers can't both win."""
    row = _user(user_id)
    if row.tf_totp_secret is None:
        raise CodeRefused("One-time codes are not set up for this login.")
    secret = box().open(row.tf_totp_secret, place_of_secret(user_id))
    counter = OnceOnlyTotp(row.totp_last_counter).accept(code, secret, row)
    won = db.session.execute(
        update(User)
        .where(
            User.id == user_id,
            or_(User.totp_last_counter.is_(None), User.totp_last_counter < counter),
        )
        .values(totp_last_counter=counter)
    )
    if not (isinstance(won, CursorResult) and won.rowcount):
        raise CodeRefused("This code was used already. Wait for the next one.")


def remove_totp(user_id: UUID, code: str, *, actor: Actor) -> None:
    """Stop asking for codes, after a last one. Raises CodeRefused."""
    use_code(user_id, code)
    row = _user(user_id)
    row.tf_totp_secret = None
    _record("people:totp:remove", user_id, actor)


def _user(user_id: UUID) -> User:
    row = db.session.get(User, user_id)
    if row is None or not row.active:
        raise NotFound("We can't find that person.")
    return row


def _record(event: str, user_id: UUID, actor: Actor) -> None:
    audit.record(event, actor=actor, organization_id=home_chain(user_id), subject_id=user_id)
