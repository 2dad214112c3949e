"""A person's own pages: name, password, one-time codes, sessions."""

from typing import cast
from uuid import UUID

from flask import Response, flash, g, session, url_for

from portal.core.access import ROLE_LABELS, signed_in
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.core.tries import limited
from portal.core.web import page, see_other
from portal.people import queries
from portal.people import service as people
from portal.people.errors import CodeRefused, PasswordRefused, SignInRefused
from portal.people.forms import ChangePasswordForm, CodeForm, ProfileForm
from portal.people.service import totp as codes
from portal.people.views.blueprint import bp
from portal.people.views.security import CODES, PER_PERSON
from portal.people.views.session_store import DeskSession

NEW_SECRET = "totp_to_be"  # noqa: S105 (the name of a session key; the value is sealed)


def _own_key() -> str:
    return f"own {g.me.user_id}" if g.get("me") else "nobody"


def _row_id() -> UUID | None:
    return cast("UUID | None", cast("DeskSession", session).row_id)


@bp.route("/profile", methods=["GET", "POST"])
@signed_in
def profile() -> Response:
    """Show and change one's own name and time zone."""
    details = queries.user_details(g.me.user_id)
    form = ProfileForm(obj=details)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                people.edit_profile(g.me.user_id, actor=g.me.actor, **form.values())
        except BadInput as error:
            form.refuse("timezone", error)
        else:
            flash("Your profile is saved.", "ok")
            return see_other(url_for("people.profile"))
    return page(
        "people/profile.html",
        status=422 if form.errors else 200,
        form=form,
        details=details,
        memberships=queries.memberships(g.me.user_id),
        role_labels=ROLE_LABELS,
        session_count=len(queries.sessions(g.me.user_id)),
    )


@bp.route("/profile/password", methods=["GET", "POST"])
@signed_in
@limited((PER_PERSON, _own_key))
def change_password() -> Response:
    """Set a new password; other browsers are signed out."""
    form = ChangePasswordForm()
    if form.validate_on_submit():
        try:
            with unit_of_work():
                people.change_password(
                    g.me.user_id,
                    current=form.current.data,
                    new=form.password.data,
                    keep_session=_row_id(),
                    actor=g.me.actor,
                )
        except SignInRefused as error:
            form.refuse("current", error)
        except PasswordRefused as error:
            form.refuse("password", error)
        else:
            flash("Your password is changed. Every other browser is signed out.", "ok")
            return see_other(url_for("people.profile"))
    return page("people/change_password.html", status=422 if form.errors else 200, form=form)


@bp.route("/profile/one-time-codes", methods=["GET", "POST"])
@signed_in
@limited((CODES, _own_key))
def totp() -> Response:
    """Set up an app that makes one-time codes."""
    if queries.user_details(g.me.user_id).has_totp:
        return page("people/totp_on.html", form=CodeForm())
    form = CodeForm()
    if NEW_SECRET not in session:
        session[NEW_SECRET] = codes.new_totp(g.me.user_id, g.me.email)[0]
    sealed = session[NEW_SECRET]
    if form.validate_on_submit():
        try:
            with unit_of_work():
                people.confirm_totp(
                    g.me.user_id,
                    sealed,
                    form.code.data,
                    keep_session=_row_id(),
                    actor=g.me.actor,
                )
        except CodeRefused as error:
            form.refuse("code", error)
        else:
            session.pop(NEW_SECRET)
            flash("One-time codes are on. You are asked for one at each sign-in.", "ok")
            return see_other(url_for("people.profile"))
    return page(
        "people/totp.html",
        status=422 if form.errors else 200,
        form=form,
        app_setup=codes.describe_sealed(g.me.user_id, sealed, g.me.email),
        required=queries.must_use_totp(g.me.user_id),
    )


@bp.post("/profile/one-time-codes/remove")
@signed_in
@limited((CODES, _own_key))
def remove_totp() -> Response:
    """Stop asking for codes, after a last one."""
    form = CodeForm()
    if form.validate_on_submit():
        try:
            with unit_of_work():
                people.remove_totp(g.me.user_id, form.code.data, actor=g.me.actor)
        except CodeRefused as error:
            form.refuse("code", error)
        else:
            flash("One-time codes are off. Your password alone signs you in.", "ok")
            return see_other(url_for("people.profile"))
    return page("people/totp_on.html", status=422, form=form)


@bp.get("/profile/sessions")
@signed_in
def sessions() -> Response:
    """List where one is signed in."""
    return page(
        "people/sessions.html", sessions=queries.sessions(g.me.user_id), this_session=_row_id()
    )


@bp.post("/profile/sessions/<uuid:session_id>/revoke")
@signed_in
def revoke_session(session_id: UUID) -> Response:
    """Sign one of one's own browsers out."""
    with unit_of_work():
        people.revoke_session(g.me.user_id, session_id, actor=g.me.actor)
    if session_id == _row_id():
        cast("DeskSession", session).end()
        return see_other(url_for("people.sign_in"))
    flash("That browser is signed out.", "ok")
    return see_other(url_for("people.sessions"))


@bp.post("/profile/sessions/revoke-others")
@signed_in
def revoke_other_sessions() -> Response:
    """Sign out everywhere but here."""
    with unit_of_work():
        ended = people.end_other_sessions(g.me.user_id, but=_row_id(), actor=g.me.actor)
    flash("No other browser was signed in." if not ended else "Every other browser is signed out.")
    return see_other(url_for("people.sessions"))
