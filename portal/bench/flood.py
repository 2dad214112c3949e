"""Many requests at once over a few kept connections, each written before the clock starts.

The client shares the machine with what it measures, so it does as little as it can: plain
sockets, and of an answer it reads the status and the length.
"""

import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Final

_HEAD_END: Final = b"\r\n\r\n"
_READ: Final = 65_536


@dataclass
class Answers:
    """What came back."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)  # seconds, from when each was due
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """How many were answered a second."""
        return sum(self.statuses.values()) / self.seconds


def post(path: str, port: int, body: bytes, **headers: str) -> bytes:
    """Return a form's POST as it goes over the wire; `_` in a header's name is a hyphen."""
    lines = [f"POST {path} HTTP/1.1", f"Host: localhost:{port}", f"Content-Length: {len(body)}"]
    lines.append("Content-Type: application/x-www-form-urlencoded")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _HEAD_END + body


def flood(
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    a_second: float | None = None,
    until: Event | None = None,
) -> Answers:
    """Send requests, each as soon as a connection is free, or at an even pace.

    At a pace, a wait counts from when the request was due: a server that stalls makes those
    behind wait too, and that is seen. `until` ends it before the requests do.
    """
    answers, lock = Answers(), Lock()
    began = time.perf_counter()
    queue = iter(enumerate(requests))

    def take() -> tuple[int, bytes] | None:
        with lock:
            return None if until is not None and until.is_set() else next(queue, None)

    def work() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number, request in iter(take, None):
                due = began + number / a_second if a_second else time.perf_counter()
                time.sleep(max(0.0, due - time.perf_counter()))
                connection.sendall(request)
                status = _status(connection)
                with lock:
                    answers.statuses[status] += 1
                    answers.waits.append(time.perf_counter() - due)

    with ThreadPoolExecutor(connections) as pool:
        for done in [pool.submit(work) for _ in range(connections)]:
            done.result()
    answers.seconds = time.perf_counter() - began
    return answers


def _status(connection: socket.socket) -> int:
    """Read one answer to its end and return its status."""
    head, end, rest = b"", b"", b""
    while not end:
        head, end, rest = _more(connection, head + end + rest).partition(_HEAD_END)
    missing = _length(head.lower().split(b"\r\n")) - len(rest)
    while missing > 0:
        missing -= len(_more(connection, b""))
    return int(head.split(b" ", 2)[1])


def _more(connection: socket.socket, so_far: bytes) -> bytes:
    came = connection.recv(_READ)
    if not came:
        raise ConnectionError("the server hung up")
    return so_far + came


def _length(lines: Sequence[bytes]) -> int:
    found: Iterator[bytes] = (line for line in lines if line.startswith(b"content-length:"))
    return int(next(found, b":0").partition(b":")[2])
