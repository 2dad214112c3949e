"""Sets Flask-Security and the session store up for an application; limits of tries."""

from datetime import timedelta
from typing import Any, cast

from flask import Flask, request, session
from flask_security import RoleMixin, Security, SQLAlchemyUserDatastore

from portal.core.db import db
from portal.core.tries import Limit, by_address
from portal.people.models import User
from portal.people.rules import tidy_email
from portal.people.service.tokens import token_hash
from portal.people.values import SignedIn
from portal.people.views.session_store import DeskSession, DeskSessions

WINDOW = timedelta(minutes=5)
PER_PERSON = Limit("person", 10, WINDOW)  # wrong tries, whatever the address (S11)
PER_ADDRESS = Limit("address", 30, WINDOW), by_address
EVERYBODY = Limit("everybody", 600, WINDOW), lambda: "all"
CODES = Limit("codes", 5, WINDOW)
MAILS = Limit("mails", 3, timedelta(hours=1))


class NoRole(RoleMixin):
    """Flask-Security asks for a role table; our roles are memberships."""


def set_up(app: Flask) -> None:
    """Prepare sign-in. Flask-Security's own pages stay off: ours keep the unit of work."""
    app.config.from_mapping({key: app.config.get(key, value) for key, value in _config().items()})
    app.session_interface = DeskSessions()
    Security(app, SQLAlchemyUserDatastore(db, cast("Any", User), NoRole), register_blueprint=False)
    people = cast("Any", app).login_manager
    people.session_protection = None  # rows are revoked
    people.user_loader(_who)
    people.request_loader(lambda _request: None)  # no token in a header, query or JSON signs in


def asked_email() -> str:
    """Return the key under which tries for one person are counted; never the address itself."""
    return token_hash(tidy_email(request.form.get("email", "")))


def _who(key: str) -> SignedIn | None:
    """Return the active person of this browser's session, which was read with it (G6).

    A new key ends the sessions of the old one, as Flask-Security means it.
    """
    stored = cast("DeskSession", session).stored
    person = stored.person if stored is not None else None
    is_live = person is not None and person.is_active and person.fs_uniquifier == key
    return person if is_live else None


def _config() -> dict[str, object]:
    return {
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        "SECURITY_DEPRECATED_PASSWORD_SCHEMES": [],
        "SECURITY_PASSWORD_SINGLE_HASH": True,  # argon2 salts each hash; no key to lose
        "SECURITY_PASSWORD_SALT": "not used with a single hash",
        "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {
            "argon2__time_cost": 2,
            "argon2__memory_cost": 47_104,  # KiB: above the common advice for web sign-in
            "argon2__parallelism": 1,
        },
        "SECURITY_JOIN_USER_ROLES": False,
        "SECURITY_TRACKABLE": False,  # the audit log and the sessions page tell more
        "SECURITY_DEFAULT_REMEMBER_ME": False,
    }
