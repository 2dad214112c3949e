"""Sign in, second step, sign out."""

import logging
from typing import cast
from uuid import UUID

from flask import Response, g, request, session, url_for
from flask_security import login_user, logout_user
from flask_security.proxies import _datastore as datastore

from portal.core.access import open_to_all, signed_in
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.tries import limited
from portal.core.web import page, see_other
from portal.people import queries, rules
from portal.people import service as people
from portal.people.errors import SignInRefused
from portal.people.forms import CodeForm, SignInForm
from portal.people.views.blueprint import bp
from portal.people.views.security import (
    CODES,
    EVERYBODY,
    PER_ADDRESS,
    PER_PERSON,
    asked_email,
)
from portal.people.views.session_store import DeskSession

logger = logging.getLogger(__name__)
PENDING, PENDING_AT, PENDING_NEXT = "second_step_of", "second_step_at", "second_step_next"


@bp.get("/")
@open_to_all
def index() -> Response:
    """Send people to their home, and others to sign in."""
    return see_other(url_for("reports.home" if g.me else "people.sign_in"))


@bp.route("/sign-in", methods=["GET", "POST"])
@open_to_all
@limited((PER_PERSON, asked_email), PER_ADDRESS, EVERYBODY)
def sign_in() -> Response:
    """Ask for e-mail and password."""
    if g.me is not None:
        return see_other(wanted_page())
    form = SignInForm()
    if form.validate_on_submit():
        user_id = people.check_password(form.email.data, form.password.data)
        if user_id is not None:
            return _first_step_done(user_id)
        logger.warning("sign-in refused from %s", request.remote_addr)
        form.refuse("password", SignInRefused("E-mail and password do not match."))
    return page(
        "people/sign_in.html",
        status=422 if form.errors else 200,
        form=form,
        wanted=_safe_next(),
        logins=queries.demo_logins(),
    )


@bp.route("/sign-in/code", methods=["GET", "POST"])
@open_to_all
@limited((CODES, lambda: str(session.get(PENDING))), PER_ADDRESS)
def second_step() -> Response:
    """Ask for a one-time code after the password."""
    user_id = _pending()
    if user_id is None:
        return see_other(url_for("people.sign_in"))
    form = CodeForm()
    if form.validate_on_submit():
        wanted = session.get(PENDING_NEXT)
        try:
            with unit_of_work():
                people.use_code(user_id, form.code.data)
        except DomainError as error:
            logger.warning("one-time code refused from %s", request.remote_addr)
            form.refuse("code", error)
        else:
            return let_in(user_id, with_code=True, wanted=wanted)
    return page("people/second_step.html", status=422 if form.errors else 200, form=form)


@bp.post("/sign-out")
@signed_in
def sign_out() -> Response:
    """End this session at once and clear what the browser kept."""
    row_id = cast("DeskSession", session).row_id
    with unit_of_work():
        if row_id is not None:
            people.end_session(row_id)
        people.note_sign_out(g.me.user_id, actor=g.me.actor)
    logout_user()
    cast("DeskSession", session).end()
    response = see_other(url_for("people.sign_in"))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def let_in(user_id: UUID, *, with_code: bool = False, wanted: str | None = None) -> Response:
    """Start a fresh session for somebody who proved who they are."""
    mine = cast("DeskSession", session)
    old = mine.row_id
    with unit_of_work():
        if old is not None:
            people.end_session(old)
        started = people.start_session(
            user_id, ip=request.remote_addr, user_agent=request.user_agent.string
        )
        user = queries.user_details(user_id)
        actor = Actor(user.id, user.name, request.remote_addr)
        people.note_sign_in(user_id, actor=actor, with_code=with_code)
    mine.start(started)
    known = datastore.find_user(id=user_id)
    assert known is not None  # the session row refers to it
    login_user(known, authn_via=["password"])
    g.pop("csrf_token", None)  # the new session makes its own
    return see_other(wanted if rules.is_safe_next(wanted) and wanted else url_for("people.index"))


def wanted_page() -> str:
    """Return the page asked for before sign-in when it is one of ours, else the home."""
    return _safe_next() or url_for("people.index")


def _first_step_done(user_id: UUID) -> Response:
    if not queries.user_details(user_id).has_totp:
        return let_in(user_id, wanted=_safe_next())
    cast("DeskSession", session).end()
    session[PENDING] = str(user_id)
    session[PENDING_AT] = utcnow().timestamp()
    session[PENDING_NEXT] = _safe_next()
    return see_other(url_for("people.second_step"))


def _pending() -> UUID | None:
    since = session.get(PENDING_AT)
    if since is None or utcnow().timestamp() - since > rules.SECOND_STEP_LIFETIME.total_seconds():
        return None
    return UUID(session[PENDING])


def _safe_next() -> str | None:
    wanted = request.args.get("next")
    return wanted if rules.is_safe_next(wanted) else None
