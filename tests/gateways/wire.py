"""A carrier of a few bytes: does to a connection exactly what a test tells it."""

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portal.bench.certificate import self_made
from portal.gateways.sms import Outgoing
from tests.patience import ANSWER_S

SID = "SM" + "0123456789abcdef" * 2
GOOD = json.dumps({"sid": SID, "status": "queued"}).encode()
Act = Callable[[socket.socket, "Carrier"], None]


@dataclass
class Carrier:
    """A listening socket, and what came in at it."""

    port: int
    scheme: str = "http"
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    has_closed: threading.Event = field(default_factory=threading.Event)

    @property
    def base(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextmanager
def carrier(act: Act, *, tls: ssl.SSLContext | None = None) -> Iterator[Carrier]:
    """Listen on loopback and let `act` have each connection; close it after."""
    listener = socket.create_server(("127.0.0.1", 0))
    twin = Carrier(listener.getsockname()[1], "https" if tls else "http")
    threads: list[threading.Thread] = []
    opened: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(ANSWER_S)
            if tls is not None:
                with tls.wrap_socket(connection, server_side=True) as secure:
                    act(secure, twin)
            else:
                act(connection, twin)
        twin.has_closed.set()

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            twin.connections += 1
            opened.append(connection)
            threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
            threads[-1].start()

    ear = threading.Thread(target=listen, daemon=True)
    ear.start()
    try:
        yield twin
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        ear.join(2)
        for connection in opened:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(2)


def read_request(connection: socket.socket, twin: Carrier) -> bytes:
    """Read one request with its body and remember it; empty when none came."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    twin.requests.append(head + b"\r\n\r\n" + body)
    return data


def reset(connection: socket.socket) -> None:
    """Close with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def http(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """Return an answer; a length other than the body's own makes a broken one."""
    lines = [
        f"HTTP/1.1 {status}",
        *headers,
        f"Content-Length: {len(body) if length is None else length}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answers(*replies: bytes) -> Act:
    """Answer each request of a connection with the next of these; the last again and again."""

    def act(connection: socket.socket, twin: Carrier) -> None:
        left = list(replies)
        while read_request(connection, twin):
            connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return act


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's and a client's context that trust one fresh certificate for 127.0.0.1."""
    pem = self_made(folder)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cafile=str(pem))
    return server, client


def refusal(status, code, **more):
    body = {"code": code, "message": "no", "status": int(status[:3]), **more}
    return http(status, json.dumps(body).encode(), "Content-Type: application/json")


def text(**changes):
    return Outgoing(
        **{
            "message_id": "7d0a",
            "attempt": 1,
            "to": "+12025550143",
            "from_number": "+12025550100",
            "service_sid": "MG" + "a" * 32,
            "body": "Hi Maya, 🏡 still interested?",
            "media_urls": (),
            "status_callback": "https://texts.example.com/webhooks/twilio/status?m=7d0a&a=1",
            "validity_period_s": 3600,
            "account_sid": "AC" + "b" * 32,
            "auth_token": "secret",
            **changes,
        }
    )


def send(gateway, outgoing=None, seconds=ANSWER_S):
    return gateway.send(outgoing or text(), time.monotonic() + seconds)
