"""Pages for whoever holds a link: kept out of search engines, referrers and caches (C-12)."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Final, ParamSpec

from flask import Response, request

from portal.core import tries
from portal.core.db import unit_of_work
from portal.core.errors import NotFound
from portal.core.tries import Limit, TooManyTries
from portal.core.web import refuse

P = ParamSpec("P")
WRONG: Final = Limit("proof links", 30, timedelta(minutes=5))  # wrong guesses of one address


def unlisted(view: Callable[P, Response]) -> Callable[P, Response]:
    """Keep an answer out of search engines, referrers and caches, and slow down who guesses."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Response:
        response = _slowed(view, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    return answered


def _slowed(view: Callable[P, Response], *args: P.args, **kwargs: P.kwargs) -> Response:
    """Answer, and count what turns out to be a wrong guess."""
    try:
        with unit_of_work():
            begun = tries.begin([(WRONG, request.remote_addr or "")])
    except TooManyTries:
        return refuse(TooManyTries("Too many links that lead nowhere. Wait five minutes."))
    try:
        response = view(*args, **kwargs)
    except NotFound as error:
        return refuse(error)
    with unit_of_work():
        tries.take_back(begun)
    return response
