"""How views answer: whole pages to browsers, partials to htmx. The one importer of htmx_flask."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast
from uuid import UUID

from flask import Response, render_template
from htmx_flask import make_response, request
from werkzeug.urls import iri_to_uri
from werkzeug.utils import redirect

from portal.core.errors import BadInput, DomainError

P = ParamSpec("P")
R = TypeVar("R")


def wants_partial() -> bool:
    """Say whether htmx asked for a piece of the page rather than the page."""
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def page(
    template: str, partial: str | None = None, status: int = 200, **context: object
) -> Response:
    """Render the partial alone for htmx, with any flash beside it, else the whole page.

    Without a partial, htmx gets the whole page too (a boosted link asks for one).
    """
    if partial is not None and wants_partial():
        html = render_template(partial, **context) + _flash()
    else:
        html = render_template(template, **context)
    response = cast(Response, make_response(html, status))
    response.vary.add("HX-Request")
    return response


def takes(*names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Answer 400 when the address asks by a name this list does not know (PROMISES 4 row 21).

    A mistyped filter left out in silence would show everybody, and everybody would be acted on.
    Stands below the permission, so that a stranger learns nothing of the page.
    """

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def strict(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in request.args:
                if name not in names:
                    raise BadInput(f"{name[:40]}: unknown here. The list takes {', '.join(names)}.")
            return view(*args, **kwargs)

        strict.takes = names  # type: ignore[attr-defined]  # read by a house test
        return strict

    return wrap


def see_other(url: str) -> Response:
    """Send the browser on after a successful POST, with or without htmx."""
    if wants_partial():
        return cast(Response, make_response("", 204, redirect=iri_to_uri(url)))
    return cast(Response, redirect(url, 303))


def own_path(path: str, account_id: UUID) -> str | None:
    """Return where a form asks to go on to, if that is a page of this account."""
    start = f"/accounts/{account_id}/"
    is_plain = not any(ord(sign) < 33 or ord(sign) == 127 or sign == "\\" for sign in path)
    return path if path.startswith(start) and is_plain else None


def refuse(error: DomainError) -> Response:
    """Answer a refusal no view caught: a flash for htmx, an error page otherwise."""
    if wants_partial():
        return cast(Response, make_response(_flash(error.message), error.status, reswap="none"))
    html = render_template(
        "errors/refused.html",
        message=error.message,
        way_url=error.fix_url,
        way_label=error.fix_label,
    )
    return cast(Response, make_response(html, error.status))


def _flash(refusal: str | None = None) -> str:
    return render_template("components/_flash.html", oob=True, refusal=refusal)
