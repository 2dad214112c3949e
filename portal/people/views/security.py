"""Sets Flask-Security, the session store, the rate limiter and mail up for an application."""

from typing import Any, cast

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_mailman import Mail
from flask_security import RoleMixin, Security, SQLAlchemyUserDatastore

from portal.core.db import db
from portal.core.settings import Settings, settings
from portal.core.web import refuse
from portal.people.errors import TooManyTries
from portal.people.models import User
from portal.people.rules import tidy_email
from portal.people.service.tokens import token_hash
from portal.people.views.mail import mail_settings
from portal.people.views.session_store import DeskSessions

WINDOW = "5 minutes"
PER_PERSON = f"10 per {WINDOW}"  # wrong tries, whatever the address (S11)
PER_ADDRESS = f"30 per {WINDOW}"
EVERYBODY = f"600 per {WINDOW}"
CODES = f"5 per {WINDOW}"
MAILS = "3 per hour"

limiter = Limiter(key_func=get_remote_address, on_breach=lambda _limit: too_many())


class NoRole(RoleMixin):
    """Flask-Security asks for a role table; our roles are memberships."""


def set_up(app: Flask) -> None:
    """Prepare sign-in. Flask-Security's own pages stay off: ours keep the unit of work."""
    app.config.from_mapping(
        {key: app.config.get(key, value) for key, value in _config(settings()).items()}
    )
    app.session_interface = DeskSessions()
    Security(app, SQLAlchemyUserDatastore(db, cast("Any", User), NoRole), register_blueprint=False)
    people = cast("Any", app).login_manager
    people.session_protection = None  # rows are revoked
    people.request_loader(lambda _request: None)  # no token in a header, query or JSON signs in
    limiter.init_app(app)
    Mail(app)


def too_many() -> Response:
    """Answer somebody who guesses."""
    return refuse(
        TooManyTries("Too many tries. Wait five minutes, then try again or set a new password.")
    )


def asked_email() -> str:
    """Return the key under which tries for one person are counted; never the address itself."""
    return token_hash(tidy_email(request.form.get("email", "")[:254]))


def was_refused(response: object) -> bool:
    """Say whether the answer refused what was typed: only those tries are counted."""
    return getattr(response, "status_code", 0) == 422


def _config(chosen: Settings) -> dict[str, object]:
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
        "RATELIMIT_STORAGE_URI": _limiter_storage(chosen.redis_url),
        "RATELIMIT_STRATEGY": "moving-window",
        "RATELIMIT_KEY_PREFIX": "desk",
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,  # Redis down: counted in the process
        **mail_settings(chosen),
    }


def _limiter_storage(redis_url: str) -> str:
    return f"redis+{redis_url}" if redis_url.startswith("unix://") else redis_url
