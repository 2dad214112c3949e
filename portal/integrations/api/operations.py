"""What an operation of the API is: one declaration that guards, checks and describes it."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from flask import Blueprint, Response, request

from portal.core.access import Scope, for_keys
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.integrations.api import asking
from portal.integrations.api.problems import Problem, answered
from portal.integrations.rules.shapes import MOST_FAULTS, Fault, Shape, Thing
from portal.integrations.service import answers, keys
from portal.integrations.values import KeyRef
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

V = TypeVar("V", bound=Callable[..., "Answer"])
PREFIX: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers: a status it declared, and its JSON."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was let in and has the shape it should."""

    key: KeyRef
    account: AccountRef
    origin: str | None
    body: Mapping[str, Any]
    query: Mapping[str, str]
    path: Mapping[str, Any]
    nonce: str  # of the idempotency key: the same for the same key of the account
    prepared: object = None  # what the operation's `prepare` made of the request

    @property
    def actor(self) -> Actor:
        """Return the key as the audit log names it."""
        return self.key.actor(self.origin)

    def check_scope(self, scope: Scope) -> None:
        """Raise Problem 403 where what is asked for needs another scope besides."""
        asking.check_scope(self.key, scope)


@dataclass(frozen=True, slots=True)
class Returns:
    """One status an operation answers with."""

    status: int
    about: str
    shape: Thing
    example: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. A POST takes an Idempotency-Key and has one effect for each."""

    method: str
    path: str  # as Flask writes it, after /api/v1
    scope: Scope
    name: str
    summary: str
    about: str
    returns: Sequence[Returns]
    request: Thing | None = None
    example: Mapping[str, Any] | None = None
    in_path: Mapping[str, Shape] = field(default_factory=dict)
    in_query: Mapping[str, Shape] = field(default_factory=dict)
    max_body_bytes: int = asking.MAX_BODY_BYTES
    prepare: Callable[[Call], object] | None = None  # what takes time, before the transaction

    @property
    def is_change(self) -> bool:
        """Say whether it changes something, and so takes an idempotency key."""
        return self.method == "POST"


OPERATIONS: Final[list[Operation]] = []


def operation(bp: Blueprint, declared: Operation) -> Callable[[V], V]:
    """Serve a view at the address declared, behind everything an operation is guarded by.

    The view gets a Call and returns an Answer. A POST's view runs inside a unit of work; what
    it raises undoes all of it, so that nothing is kept under the idempotency key.
    """
    OPERATIONS.append(declared)

    def wrap(view: V) -> V:
        @for_keys(declared.scope)
        def serve(**path: Any) -> Response:
            return answered(lambda: _serve(declared, view, path))

        bp.add_url_rule(PREFIX + declared.path, declared.name, serve, methods=[declared.method])
        return view

    return wrap


def _serve(declared: Operation, view: Callable[[Call], Answer], path: dict[str, Any]) -> Response:
    key = asking.key_of_request()
    asking.check_pace(key)
    asking.check_scope(key, declared.scope)
    query = asking.query_of_request()
    plain = {name: str(value) for name, value in path.items()}
    faults = [
        *asking.named_faults(query, declared.in_query, "query name"),
        *(f for name, shape in declared.in_path.items() for f in shape.faults(plain[name], name)),
    ]
    idempotency_key = asking.idempotency_key(faults) if declared.is_change else ""
    body: Mapping[str, Any] = {}
    if declared.request is not None:
        body, wrong = asking.json_of_request(declared.request, declared.max_body_bytes)
        faults += wrong
    if faults:
        raise Problem(400, "bad_request", _told(faults), faults)
    call = Call(
        key,
        accounts.get_or_404(key.tenant),
        request.remote_addr,
        body,
        query,
        path,
        hashlib.sha256(f"api {idempotency_key}".encode()).hexdigest(),
    )
    if not declared.is_change:
        made = view(call)
        return _response(made.status, _json(made.body))
    if declared.prepare is not None:
        call = replace(call, prepared=declared.prepare(call))
    return _once(declared, view, call, idempotency_key)


def _once(
    declared: Operation, view: Callable[[Call], Answer], call: Call, idempotency_key: str
) -> Response:
    """Do it once for each idempotency key; the same request gets the same answer again (I9)."""
    asked = f"{declared.method} {declared.path} {_json(call.body)}"
    sha256 = hashlib.sha256(asked.encode()).hexdigest()
    with unit_of_work():
        before = answers.begin(call.key.tenant, idempotency_key, sha256)
        keys.check_open(call.key)
        if before is None:
            made = view(call)
            text = _json(made.body)
            answers.finish(call.key.tenant, idempotency_key, status=made.status, body=text)
            return _response(made.status, text)
    if before.request_sha256 != sha256:
        raise Problem(
            409,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request. Make a new key for a new request.",
            [Fault("Idempotency-Key", "Make a new key for a new request.")],
        )
    assert before.status is not None  # its transaction has committed
    if not before.body:
        raise Problem(
            409,
            "answer_erased",
            "This was done, and somebody it names was erased since: nothing of it is told again.",
        )
    response = _response(before.status, before.body)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _response(status: int, text: str) -> Response:
    is_problem = status >= 400
    mimetype = "application/problem+json" if is_problem else "application/json"
    return Response(text, status, mimetype=mimetype)


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)


def _told(faults: Sequence[Fault]) -> str:
    first = faults[0]
    more = f" And {len(faults) - 1} more." if len(faults) > 1 else ""
    if len(faults) > MOST_FAULTS:
        more = f" And more: the first {MOST_FAULTS} are named, the rest was not looked at."
    return f"{first.field}: {first.detail}{more}"
