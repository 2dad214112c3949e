"""The Flask application: what happens around every view, and what doesn't for a webhook (G7)."""

from collections.abc import Callable, MutableMapping
from typing import Any, Final
from uuid import UUID, uuid4

from flask import Flask, Response, current_app, has_request_context, request, url_for
from flask.templating import Environment
from flask.typing import ResponseReturnValue
from werkzeug.routing import IntegerConverter, UnicodeConverter, ValidationError

from portal.core.access import Scope
from portal.core.columns import BIGGEST
from portal.core.settings import settings

SIGNED: Final = "signed_by_carrier"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "object-src 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
FRAMING: Final = f"{_POLICY}; frame-src 'self'"  # of a page that shows another of ours in a frame
_HEADERS: Final = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)


class _Word(UnicodeConverter):
    """A word of an address. With a NUL in it, it names nothing, and no text column is asked."""

    def to_python(self, value: str) -> str:
        if "\0" in value:
            raise ValidationError
        return value


class _Number(IntegerConverter):
    """A number of an address, as far as a column of numbers goes: beyond that it names nothing."""

    regex = r"\d{1,10}"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max": BIGGEST, **kwargs})


class _Templates(Environment):
    """Templates, none of which has values of its own beside those all of them see."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return what a template sees without being told.

        Jinja chains these to a template's own, and each import on a page looked through that chain
        for every name: a twenty-fifth of an inbox (G6).
        """
        return self.globals if d is None else super().make_globals(d)


class Desk(Flask):
    """Flask, with less to do where the carrier's signature opens instead of a session.

    There nobody is signed in, no cookie is read or written, and no form's token, number of
    tries or compression is looked at: no webhook has them, and they were a third of its work.
    """

    jinja_environment = _Templates

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make an application; see Flask."""
        super().__init__(*args, **kwargs)
        self._addresses: dict[tuple[str, ...], str] = {}
        self.url_map.converters["string"] = _Word
        self.url_map.converters["int"] = _Number

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        """Return an address. One that names rows alone is made once and filled in (G6).

        A list has an address on every row, and making each anew was a tenth of the page.
        """
        told = {name: value for name, value in values.items() if value is not None}
        is_plain = endpoint[0] != "." and has_request_context()
        if not is_plain or any(type(value) is not UUID for value in told.values()):
            return super().url_for(endpoint, **values)
        key = (request.root_path, endpoint, *told)
        pattern = self._addresses.get(key)
        if pattern is None:
            marks: dict[str, Any] = {name: uuid4() for name in told}
            pattern = super().url_for(endpoint, **marks).replace("%", "%%")
            for name, mark in marks.items():
                pattern = pattern.replace(str(mark), f"%({name})s")
            self._addresses[key] = pattern
        return pattern % told

    def preprocess_request(self) -> ResponseReturnValue | None:
        """Run what comes before a view."""
        return None if access() == SIGNED else super().preprocess_request()

    def process_response(self, response: Response) -> Response:
        """Run what comes after a view, and protect every answer."""
        if access() != SIGNED:
            response = super().process_response(response)
        return _harden(response)

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Let static files alone be kept: what somebody downloads is for them, and each time told (M-4)."""
        return super().get_send_file_max_age(filename) if request.endpoint == "static" else None


def addresses(endpoint: str, name: str, **others: Any) -> Callable[[object], str]:
    """Return what gives the address of each row of a list, told the row's own id, `name`.

    They differ in that alone: the list makes one address and fills the ids in (G6).
    """
    told: dict[str, Any] = {name: uuid4(), **others}
    before, after = url_for(endpoint, **told).split(str(told[name]))
    return lambda id_: f"{before}{id_}{after}"


def access() -> object:
    """Return what the view's decorator says opens it; None where there is no view."""
    return getattr(current_app.view_functions.get(request.endpoint or ""), "access", None)


def acts_by_cookie() -> bool:
    """Say whether a session's authority counts here; webhooks and the API have their own."""
    opens = access()
    return opens != SIGNED and not isinstance(opens, Scope)


def _harden(response: Response) -> Response:
    headers = response.headers
    for name, value in _HEADERS:
        headers.setdefault(name, value)
    if settings().is_https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    is_sent = headers.get("Cache-Control", "no-cache") == "no-cache"  # as send_file leaves it
    if is_sent and request.endpoint not in {"static", "assets"}:
        headers["Cache-Control"] = "no-store"
    return response
