"""Requests that break off or lie about their own form are the sender's fault, never ours (S19)."""

from flask import Flask, Request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, RequestTimeout


class NamedFields(Request):
    """A request whose fields all have a name: what reads forms counts on that."""

    def _load_form_data(self) -> None:
        super()._load_form_data()
        if None in self.form or None in self.files:
            raise BadRequest("A part of the form has no name.")


def init_app(app: Flask) -> None:
    """Read requests so in this application, whatever else its requests can do.

    The server reads a body when the application asks for it: chunks that make no sense and
    a sender who falls silent show themselves only then, as the server's own errors.
    """
    app.request_class = type("DeskRequest", (NamedFields, app.request_class), {})
    app.register_error_handler(
        ParseException,
        lambda _: app.handle_user_exception(
            BadRequest("The request could not be read to its end.")
        ),
    )
    app.register_error_handler(
        BlockingIOError,  # see portal.gunicorn_conf
        lambda _: app.handle_user_exception(
            RequestTimeout("The request did not arrive in time. Send it again.")
        ),
    )
