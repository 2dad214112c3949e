"""Forgotten passwords, and invitations: what people reach by a link in a mail."""

from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.core.access import open_to_all
from portal.core.db import unit_of_work
from portal.core.tries import limited
from portal.core.web import page, see_other
from portal.mail import service as mail
from portal.mail.values import Outgoing
from portal.people import queries
from portal.people import service as people
from portal.people.errors import PasswordRefused
from portal.people.forms import AcceptForm, ForgotForm, JoinForm, NewPasswordForm
from portal.people.service.tokens import token_hash
from portal.people.values import Issued
from portal.people.views.blueprint import bp
from portal.people.views.security import MAILS, PER_ADDRESS, asked_email
from portal.people.views.sign_in import let_in


@bp.route("/password-resets/new", methods=["GET", "POST"])
@open_to_all
@limited((MAILS, asked_email), PER_ADDRESS, counts_all=True)
def forgot() -> Response:
    """Send a link that sets a new password; the answer is the same for unknown people."""
    form = ForgotForm()
    if form.validate_on_submit():
        with unit_of_work():
            issued = people.request_reset(form.email.data)
            if issued is not None:
                _mail_link(issued)
        return page("people/reset_sent.html", email=form.email.data)
    return page("people/forgot.html", status=422 if form.errors else 200, form=form)


@bp.route("/password-resets/<string:token>", methods=["GET", "POST"])
@open_to_all
@limited(PER_ADDRESS, counts_all=True)
def reset(token: str) -> Response:
    """Set a new password with a link from a mail."""
    person = people.user_of_reset(token)
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            with unit_of_work():
                people.reset_password(token, form.password.data, origin=request.remote_addr)
        except PasswordRefused as error:
            form.refuse("password", error)
        else:
            flash("Your password is set. Sign in with it.", "ok")
            return see_other(url_for("people.sign_in"))
    return page(
        "people/reset.html",
        status=422 if form.errors else 200,
        form=form,
        person=person,
        token=token,
    )


@bp.route("/invitations/<string:token>", methods=["GET", "POST"])
@open_to_all
@limited(PER_ADDRESS, counts_all=True)
def accept(token: str) -> Response:
    """Take an invitation: set name and password, or join with the login one has."""
    invitation = people.invitation_of(token)
    known = queries.user_by_email(invitation.email)
    form = JoinForm() if known else AcceptForm()
    if form.validate_on_submit():
        entered = form.values()
        try:
            with unit_of_work():
                user = people.accept_invitation(
                    token,
                    name=entered.get("name", ""),
                    password=entered.get("password", ""),
                    origin=request.remote_addr,
                )
        except PasswordRefused as error:
            form.refuse("password", error)
        else:
            return _welcome(user.id, is_new=known is None)
    return page(
        "people/accept.html",
        status=422 if form.errors else 200,
        form=form,
        invitation=invitation,
        known=known,
        token=token,
    )


def _mail_link(issued: Issued) -> None:
    mail.post(
        Outgoing(
            to=issued.email,
            template="reset",
            subject="Set a new ConsentDesk password",
            key=f"reset:{token_hash(issued.token)}",
            context={"url": mail.address(url_for("people.reset", token=issued.token))},
        )
    )


def _welcome(user_id: UUID, *, is_new: bool) -> Response:
    if is_new:
        return let_in(user_id)
    flash("You have joined. Switch organizations at the top of each page.", "ok")
    return see_other(url_for("people.index" if g.me else "people.sign_in"))
