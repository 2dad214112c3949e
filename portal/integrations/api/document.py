"""The OpenAPI 3.1 document, made from the declarations that guard and check the operations."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from portal.core.access import Scope
from portal.core.settings import settings
from portal.integrations.api.asking import HEADER, KEY_FORM
from portal.integrations.api.events import EVENTS, Told
from portal.integrations.api.operations import OPERATIONS, PREFIX, Operation
from portal.integrations.api.problems import PROBLEM, body_of
from portal.integrations.rules.schedule import MOST_TRIES
from portal.integrations.rules.shapes import Shape, Text, Thing
from portal.integrations.service.answers import KEPT_FOR
from portal.integrations.service.pace import PER_MINUTE
from portal.integrations.values import SCOPE_WORDS

_ALWAYS: Final[Mapping[int, str]] = {
    400: "The query, a header or the body is not right; `fields` says where and what to do.",
    401: "No key, or one that opens nothing.",
    403: "The key lacks the scope.",
    429: f"More than {PER_MINUTE} requests of one key in a minute; see Retry-After.",
    503: "The database did not answer; send the same again.",
}


def document() -> dict[str, Any]:
    """Return the whole document."""
    things = [PROBLEM, *(event.data for event in EVENTS)]
    paths: dict[str, Any] = {}
    for declared in OPERATIONS:
        path = PREFIX + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", declared.path)
        paths.setdefault(path, {})[declared.method.lower()] = _operation(declared)
        things += [returned.shape for returned in declared.returns]
        things += [declared.request] if declared.request else []
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{settings().application_name} API",
            "version": "1",
            "description": "Send texts inside the law, ask whether a number may be texted, record "
            "and read consent, add contacts, and be told of replies, consent and opt-outs. A key belongs to one texting account. "
            "Every POST takes an Idempotency-Key and has one effect for each: the same request "
            f"again gets the same answer for {KEPT_FOR.days} days, and a text is never sent twice "
            "under one key.",
        },
        "servers": [{"url": settings().public_url}],
        "security": [{"key": []}],
        "paths": paths,
        "webhooks": {event.event.value: _webhook(event) for event in EVENTS},
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key made on the account's page API and webhooks. Scopes: "
                    + "; ".join(f"{s.value}: {SCOPE_WORDS[s]}" for s in Scope),
                }
            },
            "schemas": {thing.name: thing.definition() for thing in _all(things)},
        },
    }


def _of_changes(most: int) -> Mapping[int, str]:
    size = f"{most // 1024} KB" if most < 1_000_000 else f"{most // 1_000_000} MB"
    return {
        409: "The Idempotency-Key was used for another request.",
        413: f"The body is larger than {size}.",
        415: "The body is not application/json.",
    }


def _all(things: Iterable[Thing]) -> list[Thing]:
    """Return things with the things they hold, each once."""
    found: dict[str, Thing] = {}
    for thing in things:
        for each in [*_all(thing.parts), thing]:
            found[each.name] = each
    return list(found.values())


def _operation(declared: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": declared.name,
        "summary": declared.summary,
        "description": f"{declared.about} Needs the scope `{declared.scope.value}`.",
        "security": [{"key": [declared.scope.value]}],
        "responses": _responses(declared),
    }
    given = [_parameter(n, s, "path") for n, s in declared.in_path.items()]
    given += [_parameter(n, s, "query") for n, s in declared.in_query.items()]
    if declared.is_change:
        about = "A new text for each new request, like a UUID; the same for each try of one."
        form = Text(about, 128, least=1, form=KEY_FORM)
        given.append(_parameter(HEADER, form, "header"))
    if given:
        found["parameters"] = given
    if declared.request is not None:
        content = {"schema": declared.request.schema(), "example": declared.example}
        found["requestBody"] = {"required": True, "content": {"application/json": content}}
    return found


def _parameter(name: str, shape: Shape, where: str) -> dict[str, Any]:
    schema = shape.schema()
    return {
        "name": name,
        "in": where,
        "required": "default" not in schema,
        "description": schema.pop("description", ""),
        "schema": schema,
    }


def _responses(declared: Operation) -> dict[str, Any]:
    found = {
        str(returned.status): _response(
            returned.about, returned.shape, returned.example, is_problem=returned.status >= 400
        )
        for returned in declared.returns
    }
    if declared.is_change:
        found["200" if "200" in found else next(iter(found))]["headers"] = {
            "Idempotent-Replayed": {
                "description": "true when this was answered before under the same key.",
                "schema": {"type": "string", "enum": ["true"]},
            }
        }
    of_changes = _of_changes(declared.max_body_bytes) if declared.is_change else {}
    for status, about in {**_ALWAYS, **of_changes}.items():
        example = body_of(status, "a_word_for_programs", about)
        found[str(status)] = _response(about, PROBLEM, example, is_problem=True)
    return dict(sorted(found.items()))


def _response(
    about: str, shape: Thing, example: Mapping[str, Any], *, is_problem: bool
) -> dict[str, Any]:
    kind = "application/problem+json" if is_problem else "application/json"
    return {
        "description": about,
        "content": {kind: {"schema": shape.schema(), "example": dict(example)}},
    }


def _webhook(event: Told) -> dict[str, Any]:
    whole = {
        "type": "object",
        "properties": {
            "type": {"type": "string", "const": event.event.value},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": event.data.schema(),
        },
        "required": ["type", "timestamp", "data"],
    }
    example = {"type": event.event.value, "timestamp": "2026-03-02T18:00:00Z"}
    return {
        "post": {
            "operationId": event.event.name.lower(),
            "summary": event.about,
            "security": [],
            "description": "Signed as standardwebhooks.com describes: webhook-signature is "
            "`v1,` and the base64 of HMAC-SHA256 over `webhook-id.webhook-timestamp.body`, under "
            "the endpoint's secret. Posted at least once: drop what has a webhook-id you have "
            "seen, and what is older than five minutes.",
            "parameters": [
                {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
                for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": whole,
                        "example": {**example, "data": dict(event.example)},
                    }
                },
            },
            "responses": {
                "2XX": {
                    "description": "Taken. After any other answer it is tried again, "
                    f"{MOST_TRIES} tries within a day; then the event is given up."
                },
                "410": {
                    "description": "Nobody listens there any more: the webhook is switched off."
                },
            },
        }
    }
