"""Ways to break an answer: some before the text is accepted, some after."""

import json
from dataclasses import dataclass
from typing import Literal
from zlib import crc32

from flask import Response, request

from portal.sandbox.errors import TwilioError

Wire = Literal["reset", "hang", "truncate"]

WIRE_KEY = "sandbox.wire"
_REFUSALS = (21211, 21610, 21612, 21614)
_STATUSES = {"401": 20003, "403": 20403, "500": 20500, "503": 20503}
_NONSENSE = "<!doctype html><title>Bad gateway</title><p>upstream connect error or disconnect"


@dataclass(frozen=True)
class Fault(Exception):
    """Ends a request with a broken answer."""

    name: str

    def answer(self) -> Response:
        """Return the answer, or mark the connection for the server to break."""
        kind = self.name.partition("_")[0]
        if kind == "429":
            refused = refusal(TwilioError(20429))
            refused.headers["Retry-After"] = "1"
            return refused
        if kind in _STATUSES:
            return refusal(TwilioError(_STATUSES[kind]))
        if kind == "garbage":
            return Response(_NONSENSE, 200, mimetype="text/html")
        wires: dict[str, Wire] = {"reset": "reset", "timeout": "hang", "truncated": "truncate"}
        request.environ[WIRE_KEY] = wires[kind]
        return Response('{"sid": "SM' + "0" * 24, 201, mimetype="application/json")


def refusal_code(recipient: str) -> int:
    """Return what a refusal says of this number: the same each time."""
    return _REFUSALS[crc32(recipient.encode()) % len(_REFUSALS)]


def refusal(error: TwilioError) -> Response:
    """Return a refusal as Twilio's JSON."""
    return Response(json.dumps(error.body()), error.status, mimetype="application/json")
