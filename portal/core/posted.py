"""A webhook of the carrier's as it came over the wire, and how its view answers (RULINGS 17)."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Final, ParamSpec

from flask import Response, request
from sqlalchemy.exc import SQLAlchemyError

from portal.core.errors import DomainError, WebhookRefused
from portal.core.together import NotKept

HEADER: Final = "X-Twilio-Signature"
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
MAX_BODY_BYTES: Final = 64 * 1024  # PROMISES 4, row 7
LONGEST_URL: Final = 500  # of an address that is kept
P = ParamSpec("P")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Posted:
    """One post to a webhook: the parts of its address, its form or body, and its signature.

    Path and query are as routing read them; `wire` is the request line's own spelling, where
    the server tells it. `hosts` are the names it came under: as the portal sees it, then by
    the headers themselves. `hops` is how many machines wrote themselves into X-Forwarded-For.
    """

    path: str
    query: str
    wire: str | None
    scheme: str
    hosts: tuple[str, ...]
    hops: int
    params: Sequence[tuple[str, str]] = field(repr=False)
    signature: str | None = field(repr=False)
    body: bytes | None = field(default=None, repr=False)  # of one in JSON; None: it is a form

    @property
    def target(self) -> str:
        """Return path and query as routing read them."""
        return self.path + (f"?{self.query}" if self.query else "")

    @property
    def is_spelled_as_given(self) -> bool:
        """Say whether the wire said the path to the letter; else a signature fits several."""
        return self.wire in (None, self.target)

    @property
    def seen_url(self) -> str:
        """Return the address as it was seen here, cut where it is long."""
        return f"{self.scheme}://{self.hosts[0]}{self.wire or self.target}"[:LONGEST_URL]

    @property
    def account_sid(self) -> str | None:
        """Return the one account it names, None where it names none or several."""
        named = [value for name, value in self.params if name == "AccountSid"]
        return named[0] if len(named) == 1 and named[0].isalnum() else None


def read() -> Posted:
    """Return the post of this request, a form. Raises WebhookRefused for what is no small form."""
    _limit()
    if request.mimetype != FORM:
        raise refused(415, "A webhook is a form, URL-encoded.")
    return _posted(list(request.form.items(multi=True)), None)


def read_json() -> Posted:
    """Return the post of this request, whose body is JSON. Raises WebhookRefused."""
    _limit()
    return _posted([], request.get_data())


def is_json() -> bool:
    """Say whether this request says that its body is JSON."""
    return request.mimetype == JSON


def _limit() -> None:
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise refused(413, "A webhook has at most 64 KB.")
    request.max_content_length = MAX_BODY_BYTES


def _posted(params: Sequence[tuple[str, str]], body: bytes | None) -> Posted:
    forwarded = request.headers.get("X-Forwarded-Host", "").split(",")
    hosts = [request.host, request.headers.get("Host", ""), *(name.strip() for name in forwarded)]
    return Posted(
        path=request.path,
        query=request.query_string.decode("latin-1"),
        wire=request.environ.get("RAW_URI"),
        scheme=request.scheme,
        hosts=tuple(dict.fromkeys(name for name in hosts if name)),
        hops=len([h for h in request.headers.get("X-Forwarded-For", "").split(",") if h.strip()]),
        params=params,
        signature=request.headers.get(HEADER),
        body=body,
    )


def answers(view: Callable[P, Response]) -> Callable[P, Response]:
    """Answer refusals in plain text, and trouble of our own with 503: the carrier asks again."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except WebhookRefused as error:
            return Response(f"{error.message}\n", error.status, mimetype="text/plain")
        except (SQLAlchemyError, NotKept, DomainError):  # genuine, so it must not be lost
            logger.exception("a webhook could not be stored")
            return Response("Try again.\n", 503, {"Retry-After": "5"}, mimetype="text/plain")

    return answered


def refused(status: int, sentence: str) -> WebhookRefused:
    """Return the refusal of a webhook with this status and sentence."""
    error = WebhookRefused(sentence)
    error.status = status
    return error
