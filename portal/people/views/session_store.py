"""Sessions in the database for people who are signed in, in a signed cookie for guests.

A guest's cookie holds a CSRF token and a flash at most, so visits by robots write
nothing. At sign-in a new random token replaces it; the database keeps the token's hash.
"""

import json
import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.exc import OperationalError

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.settings import settings
from portal.people import rules
from portal.people import service as people
from portal.people.service.sessions import StartedSession
from portal.people.values import StoredSession

logger = logging.getLogger(__name__)

GUEST_AGE_S = 4 * 3600
MAX_COOKIE = 3500


class DeskSession(SessionMixin):
    """One browser's session, read from its cookie when first asked for."""

    def __init__(self, cookie: str | None, guests: URLSafeTimedSerializer) -> None:
        self.cookie = cookie
        self._guests = guests
        self._values: dict[str, Any] | None = None
        self.stored: StoredSession | None = None
        self.started: StartedSession | None = None
        self.modified = False
        self.is_set_aside = False

    def start(self, started: StartedSession) -> None:
        """Go over to a new signed-in session; what the guest had stays behind (no fixation)."""
        self._values, self.stored, self.started = dict(started.data), None, started
        self.modified = True

    def end(self) -> None:
        """Become a guest again, empty."""
        self._values, self.stored, self.started = {}, None, None
        self.modified = True

    def set_aside(self) -> None:
        """Read no more and keep nothing of this request: the database does not answer."""
        self._values, self.is_set_aside = {}, True

    @property
    def row_id(self) -> Any:
        """Return the id of the signed-in session, None for a guest."""
        self.values_now()
        if self.started is not None:
            return self.started.id
        return self.stored.id if self.stored is not None else None

    @property
    def was_read(self) -> bool:
        """Say whether anybody asked."""
        return self._values is not None

    def values_now(self) -> dict[str, Any]:
        """Return what the session holds, read on first use."""
        if self._values is None:
            self._values = self._read()
            self.accessed = True
        return self._values

    def _read(self) -> dict[str, Any]:
        if not self.cookie or len(self.cookie) > MAX_COOKIE:
            return {}
        if "." in self.cookie:  # signed: a guest's; our tokens hold no dot
            try:
                values = self._guests.loads(self.cookie, max_age=GUEST_AGE_S)
            except BadData:
                return {}
            return values if isinstance(values, dict) else {}
        self.stored = people.session_of(self.cookie)
        return dict(self.stored.data) if self.stored is not None else {}

    def __getitem__(self, key: str) -> Any:
        return self.values_now()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.values_now()[key] = value
        self.modified = True

    def __delitem__(self, key: str) -> None:
        del self.values_now()[key]
        self.modified = True

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_now())

    def __len__(self) -> int:
        return len(self.values_now())


class DeskSessions(SessionInterface):
    """Opens and saves sessions."""

    def open_session(self, app: Flask, request: Request) -> DeskSession:
        """Return the browser's session; nothing is read from the database yet."""
        return DeskSession(request.cookies.get(cookie_name()), _guests(app))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Keep what changed. A page that only reads touches the row at most once a minute."""
        assert isinstance(session, DeskSession)
        if not session.was_read or session.is_set_aside:
            return
        response.vary.add("Cookie")
        if session.row_id is not None:
            _save_row(session)
            if session.started is not None:
                _set_cookie(response, session.started.token)
        elif session.modified or (session.cookie and not session):
            _save_guest(app, session, response)


def cookie_name() -> str:
    """Return the session cookie's name; the prefix binds it to one https host (RULINGS 21)."""
    return "__Host-desk" if settings().is_https else "desk"


@cache
def _guests(app: Flask) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(app.secret_key or "", salt="guest-session", serializer=json)


def _save_row(session: DeskSession) -> None:
    if session.modified:
        with unit_of_work():
            people.touch_session(session.row_id, data=dict(session))
        return
    seen = session.stored.last_seen_at if session.stored is not None else utcnow()
    if utcnow() - seen < rules.TOUCH_EVERY:
        return
    try:
        with unit_of_work():
            people.touch_session(session.row_id)
    except OperationalError:  # a busy database must not cost anybody a page
        db.session.rollback()
        logger.warning("could not note when a session was last seen")


def _save_guest(app: Flask, session: DeskSession, response: Response) -> None:
    if session:
        _set_cookie(response, str(_guests(app).dumps(dict(session))))
    elif session.cookie:
        response.delete_cookie(
            cookie_name(), path="/", secure=settings().is_https, httponly=True, samesite="Lax"
        )


def _set_cookie(response: Response, value: str) -> None:
    response.set_cookie(
        cookie_name(),
        value,
        path="/",
        secure=settings().is_https,
        httponly=True,
        samesite="Lax",
    )
