"""Posting an event to an address of the customer's: once, bounded, and nowhere inside.

What the other side says is not kept beyond the status: an answer's body could carry what a
private page shows to whoever reads the delivery log.
"""

import ssl
from collections.abc import Mapping
from http.client import HTTPException
from time import monotonic
from typing import Final, Protocol

from portal.gateways import outside, pinned
from portal.gateways.outside import AddressRefused, NotPublic, Resolver

WITHIN_S: Final = 5.0  # everything: name, connection and answer together


class NoAnswer(Exception):
    """A try that met no answer; the message is for the delivery log."""


class WebhookGateway(Protocol):
    """Somebody who posts."""

    def post(self, url: str, headers: Mapping[str, str], body: str | bytes) -> int:
        """Post once and return the status of the answer. Raises NoAnswer."""


class HttpWebhooks:
    """Posts over http.client: no redirects, no proxies, no cookies, one connection a post."""

    def __init__(
        self,
        *,
        is_sandbox: bool,
        resolve: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Say whether this machine may be asked; a test brings its own names and trust."""
        self._is_sandbox, self._resolve, self._tls = is_sandbox, resolve, tls or pinned.TLS

    def post(self, url: str, headers: Mapping[str, str], body: str | bytes) -> int:
        """Post to the address that was checked, and to no other. Raises NoAnswer."""
        deadline = monotonic() + WITHIN_S
        try:
            target = outside.read(url, is_sandbox=self._is_sandbox)
            found = outside.addresses(
                target, is_sandbox=self._is_sandbox, resolve=self._resolve, within_s=WITHIN_S
            )
        except (AddressRefused, NotPublic) as error:
            raise NoAnswer(str(error)) from error
        try:
            with pinned.connect(target, found, deadline, self._tls) as connection:
                raw = body.encode() if isinstance(body, str) else body
                answer = pinned.ask(connection, target, deadline, headers, method="POST", body=raw)
                return answer.status
        except TimeoutError as error:
            raise NoAnswer(f"No answer within {WITHIN_S:.0f} seconds.") from error
        except ssl.SSLError as error:
            raise NoAnswer("The certificate was not accepted, or TLS failed.") from error
        except OSError as error:
            raise NoAnswer("The connection failed.") from error
        except HTTPException as error:
            raise NoAnswer("The answer was not HTTP.") from error


class FakeWebhooks:
    """Remembers instead of posting, and answers what `answers` says, else 204."""

    def __init__(self) -> None:
        """Start with nothing posted."""
        self.posted: list[tuple[str, dict[str, str], str | bytes]] = []
        self.answers: list[int | str] = []  # a status, or why there is none

    def post(self, url: str, headers: Mapping[str, str], body: str | bytes) -> int:
        """Keep what was posted."""
        self.posted.append((url, dict(headers), body))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, str):
            raise NoAnswer(answer)
        return answer


_in_use: WebhookGateway | None = None


def use(gateway: WebhookGateway | None) -> None:
    """Say who posts; the factory does this once, a test as it needs."""
    global _in_use  # noqa: PLW0603 (set once for the process)
    _in_use = gateway


def current() -> WebhookGateway:
    """Return who posts. Never a fake by default: an event must not vanish quietly."""
    if _in_use is None:
        raise RuntimeError("use() first")
    return _in_use
