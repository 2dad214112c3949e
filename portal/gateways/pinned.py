"""Connections to an address of somebody else's that was checked, and to no other (threat 5).

The name was resolved and judged before; here it serves only for the certificate. Everything
ends at one deadline, and no more is heard than the caller has use for.
"""

import io
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPResponse
from time import monotonic
from typing import Any, Final, cast

import certifi

from portal.gateways.outside import Target

# Made when the module is imported, before a worker forks (SPEED, G2).
TLS: Final = ssl.create_default_context(cafile=certifi.where())

MOVED: Final = frozenset({301, 302, 303, 307, 308})  # statuses that send on
Dial = Callable[[str, int, float], socket.socket]


class HeardEnough(Exception):
    """The other side says more than we listen to."""


def dial(address: str, port: int, within_s: float) -> socket.socket:
    """Open a connection to exactly this address. Raises OSError."""
    return socket.create_connection((address, port), within_s)


def connect(
    target: Target,
    found: Sequence[str],
    deadline: float,
    tls: ssl.SSLContext = TLS,
    dial: Dial = dial,
) -> socket.socket:
    """Open a connection to the first checked address that takes one. Raises OSError."""
    refused: OSError = ConnectionError()
    for address in found:
        try:
            plain = dial(address, target.port, left(deadline))
        except OSError as error:
            refused = error
            continue
        if not target.is_tls:
            return plain
        try:
            plain.settimeout(left(deadline))
            return tls.wrap_socket(plain, server_hostname=target.host)
        except BaseException:
            plain.close()
            raise
    raise refused


def listen(
    connection: socket.socket, deadline: float, most_bytes: int | None = None
) -> socket.socket:
    """Return what HTTPResponse takes for a socket: it hears no longer and no more than said."""
    return cast("socket.socket", _Listener(connection, deadline, most_bytes))


def ask(
    connection: socket.socket,
    target: Target,
    deadline: float,
    headers: Mapping[str, str],
    *,
    method: str = "GET",
    body: bytes | None = None,
    most_bytes: int | None = None,
) -> HTTPResponse:
    """Ask over a connection and return the answer as far as its head. Raises OSError, HTTPException."""
    request = HTTPConnection(target.host, target.port)
    request.sock = connection
    connection.settimeout(left(deadline))
    # The name is given here, so that http.client adds none of its own, and nobody another.
    ours = {"Host": target.authority, "Connection": "close"}
    request.request(method, target.path, body, {**ours, **headers, **ours})
    answer = HTTPResponse(listen(connection, deadline, most_bytes), method=method)
    answer.begin()
    return answer


def left(deadline: float) -> float:
    """Return the seconds left. Raises TimeoutError when there are none."""
    remaining = deadline - monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining


class _Listener(io.RawIOBase):
    """What the other side says, heard no longer than until the deadline, a byte at a time or not."""

    def __init__(self, connection: socket.socket, deadline: float, most_bytes: int | None) -> None:
        super().__init__()
        self._connection, self._deadline = connection, deadline
        self._most, self._heard = most_bytes, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(left(self._deadline))
        count = self._connection.recv_into(buffer)
        self._heard += count
        if self._most is not None and self._heard > self._most:
            raise HeardEnough
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Be what HTTPResponse takes for a socket."""
        return io.BufferedReader(self)
