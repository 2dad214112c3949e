"""The twilio client of each carrier account, all on one HTTP client."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from twilio.base.exceptions import (  # type: ignore[import-untyped]
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.rest import Client  # type: ignore[import-untyped]

from portal.core.errors import GatewayBusy, GatewayError, GatewayRejected, GatewayUnclear
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.credentials import CarrierCredentials

__all__ = ["Refusal", "TwilioClients", "named", "reading", "reading_failed", "refusal", "writing"]

ACCOUNT_SID = re.compile(r"AC[0-9a-f]{32}")
MESSAGE_SID = re.compile(r"(SM|MM)[0-9a-f]{32}")
_LOWEST_CODE = 10_000  # the client puts the HTTP status where the carrier gave no code
_REQUEST_TIMEOUT = 408

# The client would otherwise take region, edge and credentials from the environment.
_NO_ENVIRONMENT = {"TWILIO_REGION": "", "TWILIO_EDGE": ""}


class Refusal:
    """A 4xx answer that carries one of the carrier's codes: the only proof of a refusal."""

    def __init__(self, code: int, status: int, message: str) -> None:
        """Keep code, HTTP status and the carrier's words."""
        self.code = code
        self.status = status
        self.message = message


class TwilioClients:
    """Clients by account; ours are kept because making one costs more than a request."""

    def __init__(self, http: CarrierHttpClient) -> None:
        """Let every client speak through http."""
        self.http = http
        self._client = lru_cache(maxsize=256)(self.once)

    def of(self, credentials: CarrierCredentials) -> Any:
        """Return the client of an account of ours, which stays in memory with its token."""
        return self._client(credentials)

    def once(self, credentials: CarrierCredentials) -> Any:
        """Return a client that nothing here keeps: somebody else's token goes with it (N-2)."""
        return Client(
            credentials.account_sid,
            credentials.auth_token,
            http_client=self.http,
            environment=_NO_ENVIRONMENT,
        )


def refusal(error: Exception) -> Refusal | None:
    """Return the refusal that error is, or None where it proves nothing."""
    status, code = _answer(error)
    is_client_error = status is not None and 400 <= status < 500
    if not is_client_error or status == _REQUEST_TIMEOUT or code is None:
        return None
    assert status is not None
    return Refusal(code, status, _words(error))


def reading_failed(error: Exception) -> GatewayError:
    """Return a failed look-up as one of ours; asking again is always safe."""
    if isinstance(error, GatewayError):
        return error
    if (refused := refusal(error)) is not None:
        return GatewayRejected(refused.message, refused.code, refused.status)
    status, _ = _answer(error)
    if status in {401, 403}:
        return GatewayRejected(_words(error), None, status)
    return GatewayBusy(f"{type(error).__name__}: {error}")


@contextmanager
def reading() -> Iterator[None]:
    """Let a look-up that fails end as one of our errors; see reading_failed."""
    try:
        yield
    except Exception as error:
        raise reading_failed(error) from error


@contextmanager
def writing() -> Iterator[None]:
    """Let a change that fails end as one of our errors: unclear unless it is proven otherwise."""
    try:
        yield
    except Exception as error:
        raise _writing_failed(error) from error


def named(sid: object) -> str:
    """Return the SID of an answer. Raises GatewayUnclear where it has none."""
    if not isinstance(sid, str) or not sid:
        raise GatewayUnclear("the answer has no SID")
    return sid


def _writing_failed(error: Exception) -> GatewayError:
    if isinstance(error, GatewayError):
        return error
    if (refused := refusal(error)) is not None:
        return GatewayRejected(refused.message, refused.code, refused.status)
    return GatewayUnclear(f"{type(error).__name__}: {error}")


def _answer(error: Exception) -> tuple[int | None, int | None]:
    """Return the HTTP status and the carrier's code of an error, where it has them."""
    if isinstance(error, TwilioRestException | TwilioServiceException):
        return _whole(error.status), _carrier_code(error.code)
    if isinstance(error, TwilioException) and len(error.args) == 2:  # a failed page of a list
        response = error.args[1]
        status = _whole(getattr(response, "status_code", None))
        try:
            body = json.loads(response.text)
        except (ValueError, AttributeError):
            return status, None
        return status, _carrier_code(body.get("code")) if isinstance(body, dict) else None
    return None, None


def _carrier_code(code: object) -> int | None:
    number = _whole(code)
    return number if number is not None and number >= _LOWEST_CODE else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _words(error: Exception) -> str:
    words = getattr(error, "msg", None) or getattr(error, "title", None) or error.args[0]
    # The client puts its own words before the carrier's.
    return re.sub(r"^Unable to [a-z]+ (record|page): ", "", str(words))
