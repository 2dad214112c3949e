"""How the API says no: one shape for every error (RFC 9457), naming field and fix."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Response
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from portal.core.errors import DomainError
from portal.integrations.rules.shapes import (
    MOST_FAULTS,
    Choice,
    Count,
    Fault,
    ListOf,
    Maybe,
    Text,
    Thing,
)
from portal.integrations.rules.shapes import moment as a_moment

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
WITH_A_KEY: Final[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer realm="ConsentDesk API"'}
_TITLES: Final[Mapping[int, str]] = {
    400: "The request is not right",
    401: "No key that opens this",
    403: "The key may not do this",
    404: "Not found",
    405: "No such method here",
    409: "It conflicts with what was done before",
    413: "The request is too large",
    415: "Send JSON",
    422: "Refused by a rule",
    429: "Too many requests",
    500: "Our fault",
    503: "Try again in a moment",
}

_BY_FLASK: Final[Mapping[int, tuple[str, str]]] = {
    404: (
        "not_found",
        "There is nothing at this address. /api/v1/openapi.json lists what there is.",
    ),
    405: (
        "method_not_allowed",
        "This address does not take this method. /api/v1/openapi.json says which it takes.",
    ),
    413: ("too_large", "The body is too large. /api/v1/openapi.json says how large it may be."),
}

FIELD_FAULT: Final = Thing(
    "FieldFault",
    "One field, header or query name, and what to do about it.",
    {
        "field": Text("Where it stands, like numbers/0/number.", 300),
        "detail": Text("What is wrong and what to do.", 1000),
    },
)
FIX: Final = Thing(
    "Fix",
    "A page of the portal where a person mends it.",
    {"label": Text("What the page is for.", 200), "url": Text("Its address.", 1000)},
)
GATE: Final = Thing(
    "Gate",
    "One rule that says no.",
    {
        "code": Text("A stable word for programs.", 40),
        "sentence": Text("The reason, for people.", 1000),
        "outcome": Choice("What it does to the text.", ("held", "blocked")),
        "held_until": Maybe(a_moment("When it opens by itself.")),
        "fix": Maybe(FIX),
    },
    parts=(FIX,),
)
PROBLEM: Final = Thing(
    "Problem",
    "Any error (RFC 9457).",
    {
        "type": Text("A URN that names the kind of problem.", 200),
        "title": Text("The kind of problem in words.", 200),
        "status": Count("The HTTP status."),
        "code": Text("A stable word for programs.", 60),
        "detail": Text("What is wrong and what to do, for people.", 2000),
        "fields": ListOf(
            "What is wrong with the request, field by field, at most 50.", FIELD_FAULT, MOST_FAULTS
        ),
        "gates": ListOf("The rules that stop a text (S-2), the first one first.", GATE, 40),
    },
    optional=frozenset({"fields", "gates"}),
    parts=(FIELD_FAULT, GATE),
)


@dataclass(eq=False)
class Problem(Exception):
    """An error on its way to the answer."""

    status: int
    code: str
    detail: str
    faults: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def answered(serve: Callable[[], Response]) -> Response:
    """Return what serve returns, or what its refusal comes to; a bug goes on to the factory."""
    try:
        return serve()
    except Problem as problem:
        return answer(problem)
    except DomainError as error:
        return answer(of_rule(error))
    except HTTPException as error:
        return of_http(error)
    except SQLAlchemyError:
        logger.exception("a request of the API could not be served")
        detail = "The database did not answer. Send the same again with the same Idempotency-Key."
        return answer(Problem(503, "unavailable", detail, headers={"Retry-After": "5"}))


def body_of(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """Return the problem as it is sent."""
    return {
        "type": f"urn:consentdesk:problem:{code}",
        "title": _TITLES.get(status, "The request failed"),
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }


def answer(problem: Problem) -> Response:
    """Return a problem as a response."""
    faults = [{"field": f.field, "detail": f.detail} for f in problem.faults[:MOST_FAULTS]]
    more = {"fields": faults} if faults else {}
    content = body_of(problem.status, problem.code, problem.detail, **more)
    response = Response(json.dumps(content), problem.status, mimetype=MEDIA_TYPE)
    response.headers.update(problem.headers)
    return response


def of_rule(error: DomainError, place: str | None = None) -> Problem:
    """Return the problem a rule's no comes to; `place` is the field it is about."""
    faults = [Fault(place, error.message)] if place else []
    headers = WITH_A_KEY if error.status == 401 else {}  # RFC 9110, 11.6.1
    return Problem(error.status, error.code, error.message, faults, headers)


def of_http(error: HTTPException) -> Response:
    """Return what Flask refuses by itself: an unknown address, a method, a body too large."""
    status = error.code or 500
    code, detail = _BY_FLASK.get(status, ("bad_request", "The request can't be read."))
    response = answer(Problem(status, code, detail))
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def of_bug(incident: str) -> Response:
    """Return what a bug of ours comes to: nothing of it but a number to ask about."""
    detail = f"Something broke on our side. Ask support about incident {incident}."
    return answer(Problem(500, "internal", detail))
