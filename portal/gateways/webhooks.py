"""Posting an event to an address of the customer's: once, bounded, and nowhere inside.

What the other side says is not kept beyond the status: an answer's body could carry what a
private page shows to whoever reads the delivery log.
"""

import io
import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from time import monotonic
from typing import Any, Final, Protocol, cast

import certifi

from portal.gateways import outside
from portal.gateways.outside import AddressRefused, NotPublic, Resolver, Target

WITHIN_S: Final = 5.0  # everything after the name is resolved, connection and answer together

# Made when the module is imported, before a worker forks (SPEED, G2).
_TLS: Final = ssl.create_default_context(cafile=certifi.where())


class NoAnswer(Exception):
    """A try that met no answer; the message is for the delivery log."""


class WebhookGateway(Protocol):
    """Somebody who posts."""

    def post(self, url: str, headers: Mapping[str, str], body: str) -> int:
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
        self._is_sandbox, self._resolve, self._tls = is_sandbox, resolve, tls or _TLS

    def post(self, url: str, headers: Mapping[str, str], body: str) -> int:
        """Post to the address that was checked, and to no other. Raises NoAnswer."""
        try:
            target = outside.read(url, is_sandbox=self._is_sandbox)
            found = outside.addresses(target, is_sandbox=self._is_sandbox, resolve=self._resolve)
        except (AddressRefused, NotPublic) as error:
            raise NoAnswer(str(error)) from error
        deadline = monotonic() + WITHIN_S
        try:
            with self._connect(target, found, deadline) as connection:
                return _ask(connection, target, headers, body, deadline)
        except TimeoutError as error:
            raise NoAnswer(f"No answer within {WITHIN_S:.0f} seconds.") from error
        except ssl.SSLError as error:
            raise NoAnswer("The certificate was not accepted, or TLS failed.") from error
        except OSError as error:
            raise NoAnswer("The connection failed.") from error
        except HTTPException as error:
            raise NoAnswer("The answer was not HTTP.") from error

    def _connect(self, target: Target, found: list[str], deadline: float) -> socket.socket:
        """Open a connection to the first checked address that takes one."""
        refused: OSError = ConnectionError()
        for address in found:
            try:
                plain = socket.create_connection((address, target.port), _left(deadline))
            except OSError as error:
                refused = error
                continue
            if not target.is_tls:
                return plain
            try:
                plain.settimeout(_left(deadline))
                return self._tls.wrap_socket(plain, server_hostname=target.host)
            except BaseException:
                plain.close()
                raise
        raise refused


class FakeWebhooks:
    """Remembers instead of posting, and answers what `answers` says, else 204."""

    def __init__(self) -> None:
        """Start with nothing posted."""
        self.posted: list[tuple[str, dict[str, str], str]] = []
        self.answers: list[int | str] = []  # a status, or why there is none

    def post(self, url: str, headers: Mapping[str, str], body: str) -> int:
        """Keep what was posted."""
        self.posted.append((url, dict(headers), body))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, str):
            raise NoAnswer(answer)
        return answer


class _Listener(io.RawIOBase):
    """What the other side says, heard no longer than until the deadline, a byte at a time or not."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        super().__init__()
        self._connection, self._deadline = connection, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._deadline))
        return self._connection.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Be what HTTPResponse takes for a socket."""
        return io.BufferedReader(self)


def _ask(
    connection: socket.socket,
    target: Target,
    headers: Mapping[str, str],
    body: str,
    deadline: float,
) -> int:
    request = HTTPConnection(target.host, target.port)
    request.sock = connection
    connection.settimeout(_left(deadline))
    sent = {**headers, "Host": _host_header(target), "Connection": "close"}
    request.request("POST", target.path, body.encode(), sent)
    answer = HTTPResponse(cast("socket.socket", _Listener(connection, deadline)), method="POST")
    answer.begin()
    return answer.status


def _host_header(target: Target) -> str:
    name = f"[{target.host}]" if ":" in target.host else target.host
    return name if target.port == (443 if target.is_tls else 80) else f"{name}:{target.port}"


def _left(deadline: float) -> float:
    """Return the seconds left. Raises TimeoutError when there are none."""
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


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
