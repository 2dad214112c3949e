"""A small threaded HTTP server that keeps connections open and can break them on demand."""

import io
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_to_bytes

from portal.sandbox.context import Carrier
from portal.sandbox.faults import WIRE_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_LARGEST_BODY = 16 * 1024 * 1024
_HANG_SLICE = 0.1


class SandboxServer(ThreadingHTTPServer):
    """Serves one WSGI app on loopback, a thread a connection."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, host: str, port: int, app: "WSGIApplication", carrier: Carrier) -> None:
        self.app = app
        self.carrier = carrier
        self.ending = threading.Event()
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking the resolver for our own name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    @property
    def base_url(self) -> str:
        """Return the address the portal is to use."""
        return f"http://{self.server_name}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away; they are part of the weather."""
        if not self.ending.is_set() and not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop serving and end the courier; called from another thread than the serving one."""
        self.ending.set()
        self.shutdown()
        self.server_close()
        self.carrier.courier.stop()
        self.carrier.store.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Nagle's algorithm and delayed acknowledgements would cost 40 ms a request.
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60

    def _serve(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        if size > _LARGEST_BODY or "chunked" in self.headers.get("Transfer-Encoding", ""):
            self.close_connection = True
            self.send_error(413 if size else 411)
            return
        environ = self._environ(self.rfile.read(size))
        status, headers, body = self._answer(environ)
        self._reply(status, headers, body, cast("str | None", environ.get(WIRE_KEY)))

    do_GET = do_POST = do_DELETE = do_PUT = do_HEAD = do_OPTIONS = do_PATCH = _serve  # noqa: N815

    def _environ(self, body: bytes) -> "WSGIEnvironment":
        server = cast("SandboxServer", self.server)
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": server.server_name,
            "SERVER_PORT": str(server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                environ[f"HTTP_{key}"] = value
        return environ

    def _answer(self, environ: "WSGIEnvironment") -> tuple[str, list[tuple[str, str]], bytes]:
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def start(
            status: str,
            headers: list[tuple[str, str]],
            exc_info: object = None,  # noqa: ARG001  part of WSGI
        ) -> Any:
            said.append((status, headers))

        parts: Iterable[bytes] = cast("SandboxServer", self.server).app(environ, start)
        try:
            body = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        return *said[-1], body

    def _reply(
        self, status: str, headers: list[tuple[str, str]], body: bytes, wire: str | None
    ) -> None:
        if wire == "hang":
            self._hang()
        if wire in {"hang", "reset"}:
            self._cut()
            return
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if int(code) not in {204, 304}:
            # A broken-off answer promises more than it gives.
            extra = 64 if wire == "truncate" else 0
            self.send_header("Content-Length", str(len(body) + extra))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()
        if wire == "truncate":
            self.close_connection = True

    def _hang(self) -> None:
        server = cast("SandboxServer", self.server)
        end = time.monotonic() + server.carrier.knobs.number("hang_seconds")
        while time.monotonic() < end and not server.ending.wait(_HANG_SLICE):
            continue

    def _cut(self) -> None:
        """Close at once with a reset, leaving whatever was not read unread."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        socket.close(self.connection.detach())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as inherited
        """Keep quiet: the truth log and the pages show what happened."""
