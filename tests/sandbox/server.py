"""Runs a carrier sandbox, and a portal's webhook ear, inside a test process."""

import json
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import urllib3
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from portal.core import clock
from portal.sandbox import SandboxConfig, create_sandbox
from portal.sandbox.server import SandboxServer
from tests.patience import ANSWER_S


class BaseUrlHttpClient(TwilioHttpClient):
    """Sends https://<product>.twilio.com/x to BASE/<product>/x."""

    def __init__(self, base: str, timeout: float = ANSWER_S) -> None:
        super().__init__(pool_connections=True, timeout=timeout)
        self.base = urlsplit(base)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        product = (parts.hostname or "").split(".")[0]
        path = f"{self.base.path}/{product}{parts.path}"
        mapped = urlunsplit((self.base.scheme, self.base.netloc, path, parts.query, ""))
        return super().request(method, mapped, *args, **kwargs)


@dataclass
class Sandbox:
    """A running sandbox: where it is, its credentials, and its control API."""

    base_url: str
    sid: str
    token: str
    state: Path
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))

    def client(self, sid: str = "", token: str = "", timeout: float = ANSWER_S) -> Client:
        """Return a real Twilio client that talks to the sandbox."""
        return Client(
            sid or self.sid,
            token or self.token,
            http_client=BaseUrlHttpClient(self.base_url, timeout),
        )

    def get(self, path: str) -> Any:
        """Read from the control API."""
        answer = self.http.request("GET", f"{self.base_url}/_sandbox/{path}")
        return json.loads(answer.data)

    def post(self, path: str, **body: Any) -> Any:
        """Give an order to the control API; an error raises with the sandbox's words."""
        answer = self.http.request("POST", f"{self.base_url}/_sandbox/{path}", json=body)
        said = json.loads(answer.data)
        if answer.status >= 400:
            raise ValueError(said["error"])
        return said

    def turn(self, **knobs: Any) -> Any:
        """Turn knobs."""
        return self.post("knobs", **knobs)

    def plan(self, *faults: str) -> None:
        """Let the next creates meet these faults."""
        self.post("faults", faults=list(faults))

    def flush(self) -> Any:
        """Take all steps and carry all callbacks now."""
        return self.post("flush")

    def says(self, person: str, number: str, body: str, **more: Any) -> Any:
        """Send a text as a person."""
        return self.post("inbound", **{"from": person, "to": number, "body": body, **more})

    def blocks(self) -> list[dict[str, str]]:
        """Return who has stopped whom."""
        blocks: list[dict[str, str]] = self.get("blocks")["blocks"]
        return blocks

    def log(self, **query: str) -> list[dict[str, Any]]:
        """Return the truth log."""
        rest = "?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""
        return list(self.get(f"log{rest}")["log"])

    def reset(self) -> None:
        """Forget everything."""
        self.post("reset")


@contextmanager
def run_sandbox(
    state: Path,
    *,
    sid: str = "AC" + "a" * 32,
    token: str = "",
    clock_file: Path | None = None,
    port: int = 0,
    checks_registration: bool = False,
    **stripe: str,
) -> Iterator[Sandbox]:
    """Serve a sandbox from a thread of this process until the block ends."""
    token = token or secrets.token_hex(16)

    def listen(at: int) -> tuple[str, SandboxServer]:
        base_url = f"http://127.0.0.1:{at}"
        app = create_sandbox(
            SandboxConfig(state, sid, token, base_url, clock_file, checks_registration, **stripe)
        )
        return base_url, SandboxServer("127.0.0.1", at, app, app.extensions["carrier"])

    try:
        base_url, server = listen(port or free_port())
    except OSError:
        if port:
            raise
        base_url, server = listen(free_port())  # somebody took the first one meanwhile
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Sandbox(base_url, sid, token, state)
    finally:
        server.stop()
        thread.join()
        if clock_file is not None:
            clock.watch(None)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def spawn_sandbox(
    state: Path, *, sid: str = "AC" + "a" * 32, token: str = "", clock_file: Path | None = None
) -> Iterator[tuple[Sandbox, subprocess.Popen[str]]]:
    """Start the sandbox as the program it is, and end it with the block."""
    token, port = token or secrets.token_hex(16), free_port()
    command = [sys.executable, "-m", "portal.sandbox", "--port", str(port)]
    command += ["--state", str(state), "--account-sid", sid, "--auth-token", token]
    command += ["--clock-file", str(clock_file)] if clock_file else []
    command += ["--unregistered-may-text"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        program.stdout.readline()
        try:
            yield Sandbox(f"http://127.0.0.1:{port}", sid, token, state), program
        finally:
            program.terminate()


@dataclass
class Ear:
    """Hears webhooks as the portal would, and answers as told."""

    url: str
    heard: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, str, str]] = field(default_factory=list)

    def forget(self) -> None:
        """Forget what was heard and what was to be answered."""
        self.heard.clear()
        self.answers.clear()

    def forms(self, kind: str = "MessageStatus") -> list[dict[str, str]]:
        """Return the forms that have this field."""
        return [call["form"] for call in self.heard if kind in call["form"]]

    def statuses(self) -> list[str]:
        """Return the statuses reported so far, in order of arrival."""
        return [form["MessageStatus"] for form in self.forms()]


@contextmanager
def run_ear() -> Iterator[Ear]:
    """Listen for webhooks on loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def _hear(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = dict(parse_qsl(body, keep_blank_values=True))
            headers = dict(self.headers.items())
            ear.heard.append({"path": self.path, "form": form, "headers": headers})
            rest = (200, "text/xml", "<Response/>")
            status, kind, said = ear.answers.pop(0) if ear.answers else rest
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(said.encode())))
            self.end_headers()
            self.wfile.write(said.encode())

        do_GET = do_POST = _hear

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ear = Ear(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield ear
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
