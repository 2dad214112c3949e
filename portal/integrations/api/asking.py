"""What every request of the API must bring: a key, its pace and scope, and JSON of the right kind."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from portal.core.access import Scope
from portal.core.db import unit_of_work
from portal.integrations.api.problems import WITH_A_KEY, Problem
from portal.integrations.rules.shapes import MOST_FAULTS, Fault, Shape, Thing
from portal.integrations.service import keys, pace
from portal.integrations.values import KeyRef

MAX_BODY_BYTES: Final = 65_536
HEADER: Final = "Idempotency-Key"
# No comma: a server joins a header that comes twice with one, and that is no key anybody chose.
KEY_FORM: Final = r"[\x21-\x2b\x2d-\x7e]{1,128}"
_BEARER: Final = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


def key_of_request() -> KeyRef:
    """Return the key in the Authorization header. Raises Problem 401; a cookie opens nothing."""
    given = _BEARER.fullmatch(request.headers.get("Authorization", "").strip())
    key = keys.open_with(given[1]) if given else None
    if key is None:
        raise Problem(
            401,
            "no_key" if given is None else "wrong_key",
            "Send a key of this account: Authorization: Bearer cdk_..."
            if given is None
            else "This key opens nothing: it is wrong, revoked or has run out.",
            headers=WITH_A_KEY,
        )
    if keys.is_use_due(key):
        with unit_of_work():
            keys.note_use(key)
    return key


def check_pace(key: KeyRef) -> None:
    """Raise Problem 429 when a key asks too often."""
    wait = pace.seconds_to_wait(key.id)
    if wait:
        raise Problem(
            429,
            "too_many_requests",
            f"A key may ask {pace.PER_MINUTE} times a minute. Try again in {wait} s.",
            headers={"Retry-After": str(wait)},
        )


def check_scope(key: KeyRef, scope: Scope) -> None:
    """Raise Problem 403 when a key may not do this."""
    if scope not in key.scopes:
        raise Problem(
            403,
            "scope_missing",
            f"This key lacks the scope {scope.value}. Make one that has it, on the account's page "
            "API and webhooks.",
            headers={
                "WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope.value}"'
            },
        )


def query_of_request() -> dict[str, str]:
    """Return the query. Raises Problem 400 for a name given twice: readers disagree on those."""
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        faults = [Fault(name[:60], "Give it once.") for name in twice]
        raise Problem(400, "bad_request", f"{twice[0][:60]}: Give it once.", faults)
    return dict(request.args.items())


def named_faults(
    given: Mapping[str, str], known: Mapping[str, Shape], what: str
) -> Iterator[Fault]:
    """Give what is wrong with a query: names nobody knows, values that don't fit."""
    for name, value in given.items():
        if name in known:
            yield from known[name].faults(value, name)
        else:
            names = f"Known are: {', '.join(known)}." if known else "There are none here."
            yield Fault(name[:60], f"There is no such {what}. {names}")


def idempotency_key(faults: list[Fault]) -> str:
    """Return the idempotency key; one that is missing or odd is added to the faults."""
    given = request.headers.get(HEADER)
    if given is None:
        words = "Send any new text of up to 128 characters, like a UUID."
        faults.append(Fault(HEADER, f"This header is needed. {words}"))
        return ""
    if not re.fullmatch(KEY_FORM, given):
        words = "Use 1 to 128 visible ASCII characters without spaces and commas, like a UUID."
        faults.append(Fault(HEADER, f"Send it once. {words}"))
    return given


def json_of_request(
    shape: Thing, most: int = MAX_BODY_BYTES
) -> tuple[Mapping[str, Any], list[Fault]]:
    """Return the body with what is wrong with it; of very much, one fault more than are named.

    Raises Problem 400, 413 or 415.
    """
    if request.mimetype != "application/json":
        raise Problem(
            415,
            "not_json",
            "Send the body as JSON, with Content-Type: application/json.",
            [Fault("Content-Type", "Send application/json.")],
        )
    # A body that does not say how long it is may come cut off at the limit: one byte more tells.
    request.max_content_length = most + 1
    data = request.get_data(cache=False)
    if len(data) > most:
        raise RequestEntityTooLarge
    body = _parsed(data)
    return (body if isinstance(body, dict) else {}), list(
        islice(shape.faults(body), MOST_FAULTS + 1)
    )


def _parsed(data: bytes) -> object:
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        where = ""
        if isinstance(error, json.JSONDecodeError):
            where = f" It stops making sense in line {error.lineno}, column {error.colno}."
        elif str(error).startswith(_TWICE):
            where = f" {error}"
        detail = f"The body is not JSON in UTF-8.{where}"
        raise Problem(400, "malformed_json", detail, [Fault("body", detail)]) from error


_TWICE: Final = "A field stands twice: "


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name given twice: readers of JSON disagree on which one counts."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{_TWICE}{name[:60]}.")
        found[name] = value
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON.")
