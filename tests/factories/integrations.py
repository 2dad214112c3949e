"""Keys of the API, programs that use them, and webhooks in their simplest right form."""

import contextvars
import json
import re
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import uuid4

from portal.core.access import Scope
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.integrations.api.operations import OPERATIONS, PREFIX
from portal.integrations.api.problems import PROBLEM
from portal.integrations.service import endpoints, keys
from portal.integrations.values import EVENT_WORDS


def make_key(account, *scopes, name="CRM", expires_at=None, actor=SYSTEM):
    """Return a key of the account and its token; without scopes it has all."""
    with unit_of_work():
        return keys.make_key(
            account.tenant,
            name=name,
            scopes=scopes or tuple(Scope),
            expires_at=expires_at,
            actor=actor,
        )


def make_endpoint(
    account, url="https://hooks.example.com/in", events=tuple(EVENT_WORDS), actor=SYSTEM
):
    """Return a webhook of the account and its secret."""
    with unit_of_work():
        return endpoints.add_endpoint(account.tenant, url, events, actor=actor)


class Nothing(NamedTuple):
    """An operation there is not."""

    returns: tuple


@dataclass
class Program:
    """A program of the customer's: asks the API with a key, each POST under a new idempotency key."""

    app: object
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method, path, *, json_body=None, key=None, **sent):
        """Ask, and return the answer; `key` is the idempotency key, "" sends none."""
        headers = dict(self.headers)
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if method == "POST" and key != "":
            headers["Idempotency-Key"] = key or uuid4().hex
        if json_body is not None:
            sent["data"] = json.dumps(json_body)
            headers.setdefault("Content-Type", "application/json")
        headers |= sent.pop("headers", {})
        db.session.rollback()
        return contextvars.Context().run(
            lambda: self.app.test_client().open(path, method=method, headers=headers, **sent)
        )

    def get(self, path, **sent):
        return self.ask("GET", f"/api/v1{path}", **sent)

    def post(self, path, body, **sent):
        return self.ask("POST", f"/api/v1{path}", json_body=body, **sent)


def read(answer):
    """Return the JSON of an answer that has the shape the document gives its operation and status."""
    said = json.loads(answer.get_data(as_text=True))
    shapes = {returned.status: returned.shape for returned in _declared(answer.request).returns}
    assert list(shapes.get(answer.status_code, PROBLEM).faults(said)) == []
    is_problem = answer.status_code >= 400
    assert answer.mimetype == ("application/problem+json" if is_problem else "application/json")
    if is_problem:
        assert said["status"] == answer.status_code
        assert said["detail"].endswith(".")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    return said


def _declared(request):
    """Return the operation a request was for; what is none can be nothing but a problem."""
    for declared in OPERATIONS:
        path = re.sub(r"<\w+:\w+>", "[^/]+", PREFIX + declared.path)
        if request.method == declared.method and re.fullmatch(path, request.path):
            return declared
    return Nothing(())
