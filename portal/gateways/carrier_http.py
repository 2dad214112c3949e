"""The one HTTP client that speaks to the carrier, under the twilio client (RULINGS 13).

It opens the connection as a step of its own: whatever fails there has provably sent
nothing. After the first byte it repeats nothing, follows nothing, reads a bounded
answer within a bounded time, and lets every failure out as it is.
"""

import io
import json
import logging
import os
import re
import socket
import ssl
import threading
from base64 import b64encode
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPResponse
from time import monotonic
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import certifi
import urllib3
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from urllib3.connection import HTTPConnection

from portal.core import clock
from portal.core.errors import GatewayBusy
from portal.gateways.carrier_lines import Line, SecureLine

logger = logging.getLogger(__name__)

POOL_SIZE = 16  # as many as a worker has threads (RULINGS 12)
CONNECT_TIMEOUT_S = 3.0  # PROMISES 2.3
READ_TIMEOUT_S = 15.0
IDLE_S = 20.0  # a connection unused for longer is opened anew: the carrier may have dropped it
JSON = "application/json"
MAX_ANSWER_BYTES = 4_000_000
MAX_RETRY_AFTER_S = 300.0

_TWILIO_HOST = re.compile(r"([a-z]+(?:-[a-z]+)?)\.twilio\.com")
_TOO_MANY = 429
_HAS_BODY = range(200, 600)
_CHUNK = 65_536

# Made when the module is imported, before a worker forks (SPEED, G2).
TLS = ssl.create_default_context(cafile=certifi.where())


class NotReached(GatewayBusy):
    """No connection could be opened, so not one byte was sent."""


class DeadlinePassed(GatewayBusy):
    """The deadline passed before the first byte, so nothing was sent."""


class TooManyRequests(GatewayBusy):
    """The carrier answered 429, which it promises to mean: not processed."""

    def __init__(self, retry_after_s: float | None) -> None:
        """Keep how long the carrier asks to wait."""
        super().__init__("HTTP 429")
        self.retry_after_s = retry_after_s


class AnswerTooLong(Exception):
    """The answer is larger than any the carrier has reason to give."""


class ForeignAddress(Exception):
    """A URL that is not the carrier's: our credentials don't go there."""


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a request goes."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def key(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


class CarrierHttpClient(HttpClient):  # type: ignore[misc]
    """twilio's HttpClient on urllib3 connections, safe to share between threads and forks."""

    def __init__(
        self,
        base: str | None = None,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        tls: ssl.SSLContext = TLS,
    ) -> None:
        """With a base, send https://<product>.twilio.com/x to BASE/<product>/x instead."""
        super().__init__(logger, is_async=False, timeout=None)
        self._base = base.rstrip("/") if base else None
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._max_answer_bytes = max_answer_bytes
        self._tls = tls
        self._idle: dict[tuple[str, str, int], deque[tuple[HTTPConnection, float]]]
        self._idle = defaultdict(lambda: deque(maxlen=POOL_SIZE))
        self._process = os.getpid()
        self._local = threading.local()

    def request(  # noqa: PLR0917 (twilio's own signature)
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Make one request and return its answer, whatever its status but 429.

        Raises NotReached, DeadlinePassed or TooManyRequests where the carrier certainly
        did nothing; anything else that is raised proves nothing.
        """
        target = self._target(url, params)
        connection = self._connected(target)
        if monotonic() > self._deadline():
            self._keep(target, connection)
            raise DeadlinePassed("the deadline passed before the first byte")
        try:
            answer = self._exchange(
                connection, target, method, data, {**(headers or {}), **_authorization(auth)}
            )
        except BaseException:
            connection.close()
            raise
        if answer.status_code == _TOO_MANY:
            raise TooManyRequests(retry_after(answer.headers.get("Retry-After")))
        return answer

    def connect(self, url: str) -> None:
        """Open a connection for a later request and keep it. Raises NotReached."""
        target = self._target(url, None)
        self._keep(target, self._connected(target))

    @contextmanager
    def deadline(self, at_monotonic: float) -> Iterator[None]:
        """Let this thread's requests inside begin only before that time."""
        self._local.deadline = at_monotonic
        try:
            yield
        finally:
            self._local.deadline = None

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """Let this thread's requests inside end by then: connections and answers together."""
        self._local.ends_at = monotonic() + seconds
        try:
            yield
        finally:
            self._local.ends_at = None

    def close(self) -> None:
        """Close what is idle."""
        for connections in self._idle.values():
            while connections:
                connections.pop()[0].close()

    def _deadline(self) -> float:
        at: float | None = getattr(self._local, "deadline", None)
        return float("inf") if at is None else at

    def _left(self, seconds: float) -> float:
        """Return how many of so many seconds this thread may wait now. Raises TimeoutError."""
        ends_at: float | None = getattr(self._local, "ends_at", None)
        left = seconds if ends_at is None else min(seconds, ends_at - monotonic())
        if left <= 0:
            raise TimeoutError("the time for this look-up is over")
        return left

    def _target(self, url: str, params: Mapping[str, object] | None) -> _Target:
        parts = urlsplit(url)
        if self._base is not None and not url.startswith(self._base + "/"):
            parts = urlsplit(f"{self._base}/{_product(url)}{parts.path}?{parts.query}")
        elif self._base is None:
            _product(url)
        query = "&".join(q for q in (parts.query, urlencode(params or {}, doseq=True)) if q)
        is_tls = parts.scheme == "https"
        return _Target(
            parts.scheme,
            parts.hostname or "",
            parts.port or (443 if is_tls else 80),
            (parts.path or "/") + (f"?{query}" if query else ""),
        )

    def _connected(self, target: _Target) -> HTTPConnection:
        if (idle := self._take(target)) is not None:
            return idle
        connection = self._new(target)
        try:
            connection.connect()
        except (urllib3.exceptions.HTTPError, OSError) as error:  # an ssl.SSLError is an OSError
            connection.close()
            if isinstance(error, ssl.SSLError | urllib3.exceptions.SSLError):
                logger.exception("TLS with the carrier failed")  # someone must look (2.5)
            raise NotReached(f"{type(error).__name__}: {error}") from error
        return connection

    def _new(self, target: _Target) -> HTTPConnection:
        timeout = float(self._connect_timeout_s)
        line = (
            SecureLine(target.host, target.port, timeout=timeout, ssl_context=self._tls)
            if target.scheme == "https"
            else Line(target.host, target.port, timeout=timeout)
        )
        line.left = self._left
        return line

    def _take(self, target: _Target) -> HTTPConnection | None:
        if self._process != os.getpid():  # a fork must not share its parent's connections
            self._process = os.getpid()
            self.close()  # closes this process's end alone
        connections = self._idle[target.key]
        while connections:
            try:
                connection, since = connections.pop()
            except IndexError:  # another thread was quicker
                return None
            if monotonic() - since < IDLE_S and connection.is_connected:
                return connection
            connection.close()
        return None

    def _keep(self, target: _Target, connection: HTTPConnection) -> None:
        connections = self._idle[target.key]
        if len(connections) >= POOL_SIZE:
            connection.close()
            return
        connections.append((connection, monotonic()))

    def _exchange(
        self,
        connection: HTTPConnection,
        target: _Target,
        method: str,
        data: Mapping[str, object] | bytes | None,
        headers: Mapping[str, str],
    ) -> Response:
        read_timeout_s = self._left(self._read_timeout_s)
        ends_at = monotonic() + read_timeout_s
        assert connection.sock is not None
        connection.timeout = read_timeout_s
        connection.sock.settimeout(read_timeout_s)
        connection.response_class = partial(_TimedAnswer, ends_at=ends_at)  # type: ignore[assignment]
        connection.request(
            method,
            target.path,
            body=_body(data, headers),
            headers={"Accept-Encoding": "identity", **headers},
            preload_content=False,
            decode_content=False,  # nothing was offered, so a compressed answer is a trick
            enforce_content_length=True,
        )
        answer = connection.getresponse()
        body = self._read(answer)
        if answer.status in _HAS_BODY and connection.sock is not None:
            self._keep(target, connection)
        else:
            connection.close()
        return Response(answer.status, body.decode("utf-8", "replace"), answer.headers)

    def _read(self, answer: urllib3.response.BaseHTTPResponse) -> bytes:
        body = bytearray()
        while chunk := answer.read(_CHUNK, decode_content=False):
            body += chunk
            if len(body) > self._max_answer_bytes:
                raise AnswerTooLong(f"more than {self._max_answer_bytes} bytes")
        return bytes(body)


class _TimedAnswer(HTTPResponse):
    """An answer that must be read to its end by a certain time, however slowly it drips."""

    def __init__(self, sock: socket.socket, *, ends_at: float, method: str | None = None) -> None:
        super().__init__(cast("socket.socket", _TimedSocket(sock, ends_at)), method=method)


class _TimedSocket:
    """The part of a socket that an answer uses."""

    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._sock = sock
        self._ends_at = ends_at

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedStream(self._sock, self._ends_at))


class _TimedStream(io.RawIOBase):
    """Reads from a socket, giving each read only what is left of the time."""

    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._sock = sock
        self._ends_at = ends_at
        # Holds the socket open until the answer is read, as the library's own stream does.
        self._stream = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends_at - monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


def retry_after(value: str | None) -> float | None:
    """Return how many seconds a Retry-After header asks to wait, bounded; None for none."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (at - clock.utcnow()).total_seconds() if at.tzinfo else 0.0
    if seconds != seconds:  # noqa: PLR0124 (not a number)
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def _body(data: Mapping[str, object] | bytes | None, headers: Mapping[str, str]) -> bytes | None:
    """Return what is sent: bytes as they are, else JSON or a form, as the headers say."""
    if isinstance(data, bytes):
        return data
    if not data:
        return None
    if headers.get("Content-Type") == JSON:
        return json.dumps(data).encode()
    return urlencode(data, doseq=True).encode()


def _product(url: str) -> str:
    parts = urlsplit(url)
    match = _TWILIO_HOST.fullmatch(parts.netloc)
    if match is None or parts.scheme != "https":
        raise ForeignAddress(f"{parts.scheme}://{parts.hostname} is not the carrier's")
    return match[1]


def _authorization(auth: tuple[str, str] | None) -> dict[str, str]:
    if auth is None:
        return {}
    return {"Authorization": "Basic " + b64encode(":".join(auth).encode()).decode()}
