"""One installation for a chaos run: its database, queue, carrier and processes, and its time."""

import math
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import redis
from flask import Flask

from portal.bench import postgres
from portal.bench.scratch import civil_hour
from portal.core import clock, embedded, settings
from portal.core.db import db
from portal.factory import create_app
from tests.chaos.nursery import Crew, Nursery
from tests.chaos.weather import MOST_LIST_LAG_S, Plan
from tests.databases import make_tables
from tests.keys import fernet_key
from tests.sandbox.server import Sandbox, free_port

SID, TOKEN = "AC" + "c" * 32, "c0ffee" * 5 + "00"
_KEPT = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "TEST_DATABASE_URL")


class Time:
    """The clock of all processes, running faster than real time so that leases run out in a run."""

    def __init__(self, path: Path, pace: float) -> None:
        self._path, self._pace = path, pace
        self._offset = civil_hour() - datetime.now(UTC)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.leaps: list[tuple[float, float]] = []  # when, and how far
        self._thread = threading.Thread(target=self._run, name="time", daemon=True)
        clock.write_offset(path, self._offset)

    def start(self) -> None:
        self._thread.start()

    def now(self) -> datetime:
        """Return the product's time."""
        return datetime.now(UTC) + self._offset

    def jump(self, by: timedelta) -> None:
        """Move time forward at once."""
        with self._lock:
            self._offset += by
            clock.write_offset(self._path, self._offset)

    def leap(self, by: timedelta) -> None:
        """Move time forward over what the product sleeps through, and remember it."""
        self.leaps.append((self.now().timestamp(), by.total_seconds()))
        self.jump(by)

    def stop(self) -> None:
        """Let time pass as it does outside."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        before = time.monotonic()
        while not self._ended.wait(0.2):
            now = time.monotonic()
            self.jump(timedelta(seconds=(now - before) * (self._pace - 1)))
            before = now


@dataclass
class Stage:
    """Everything a run works with."""

    home: Path
    port: int
    nursery: Nursery
    crew: Crew
    sandbox: Sandbox
    app: Flask
    time: Time
    server: postgres.Server | None
    valkey: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def var(self) -> Path:
        return self.home / "var"

    def queue(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(settings.embedded_socket(self.var)))

    def end_valkey(self) -> None:
        """Kill the queue's server."""
        self.valkey.kill()
        self.valkey.wait()

    def restart_valkey(self, after_s: float) -> None:
        """Kill the queue's server and start it again."""
        self.end_valkey()
        time.sleep(after_s)
        self.valkey = _valkey(self.var, self.nursery)

    def restart_database(self, after_s: float) -> None:
        """Stop the database's server at once and start it again."""
        assert self.server is not None
        self.server.stop()
        time.sleep(after_s)
        self.server.start()
        self.nursery.adopt(self.server.pid)


@contextmanager
def installation(plan: Plan, home: Path, pace: float, used: list[float]) -> Iterator[Stage]:
    """Set everything up but the product's own processes; end all of it afterwards.

    The CPU seconds of its processes are added to `used` at the end.
    """
    logs = home / "logs"
    logs.mkdir()
    var = home / "var"
    var.mkdir()
    port, carrier_port = free_port(), free_port()
    with ExitStack() as stack:
        url = f"sqlite:///{home / 'chaos.db'}"
        server = None
        if plan.is_postgresql:
            server = stack.enter_context(postgres.private_server(is_durable=False))
            url = server.url
            with psycopg.connect(url, autocommit=True) as connection:
                # What was committed outlives a hard stop of the server, not of the machine.
                connection.execute("ALTER ROLE postgres SET synchronous_commit = on")
        variables = environment(port, carrier_port, url)
        variables["LIST_LAG_SECONDS"] = str(math.ceil(MOST_LIST_LAG_S * pace))
        nursery = Nursery(home, variables)
        stack.callback(lambda: used.append(nursery.close()))
        if server:
            nursery.adopt(server.pid)
        time_ = Time(var / "clock-offset", pace)
        sandbox = carrier(nursery, carrier_port, home, var / "clock-offset")
        valkey = _valkey(var, nursery)
        app = create_app(settings.read(variables, var=var))
        with app.app_context():
            make_tables()
        workers = [f"worker-{n + 1}" for n in range(plan.workers)]
        crew = Crew(nursery, logs, dict.fromkeys(["web", "scheduler", *workers], ()))
        stage = Stage(home, port, nursery, crew, sandbox, app, time_, server, valkey)
        stack.callback(stage.end_valkey)
        stack.callback(crew.stop)
        yield stage
        with app.app_context():
            db.engine.dispose()


def environment(port: int, carrier_port: int, database_url: str) -> dict[str, str]:
    """Return the variables of the product's processes."""
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": database_url,
        "SECRET_KEY": "chaos-" + "x" * 40,
        "ENCRYPTION_KEYS": fernet_key("tests"),
        "TWILIO_API_BASE": f"http://127.0.0.1:{carrier_port}",
    }


def carrier(nursery: Nursery, port: int, home: Path, clock_file: Path) -> Sandbox:
    """Start the carrier's double in a process of its own, which nobody kills."""
    arguments = ["--port", str(port), "--state", str(home / "carrier")]
    arguments += ["--account-sid", SID, "--auth-token", TOKEN, "--clock-file", str(clock_file)]
    arguments += ["--unregistered-may-text"]
    nursery.start("sandbox", home / "logs" / "carrier.log", *arguments)
    end = time.monotonic() + 90
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return Sandbox(f"http://127.0.0.1:{port}", SID, TOKEN, home / "carrier")
        time.sleep(0.05)
    raise TimeoutError((home / "logs" / "carrier.log").read_text())


def _valkey(var: Path, nursery: Nursery) -> subprocess.Popen[bytes]:
    process = embedded.start(var)
    assert process is not None
    nursery.adopt(process.pid)
    return process
