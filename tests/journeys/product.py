"""The real product for a journey: a copy of the project, started as a new user would."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from portal.bench.scratch import civil_hour
from portal.core import clock
from tests.patience import PROCESS_S

ROOT = Path(__file__).parents[2]
PARTS = ("app.py", "portal", "workers", "templates", "static", "migrations")


@dataclass(frozen=True)
class Product:
    """A running ConsentDesk."""

    home: Path
    port: int
    lines: list[str]
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def handsets(self) -> str:
        return f"http://localhost:{self.port + 1}"

    def login(self, role: str) -> dict[str, str]:
        """Return a demo login by its role in words."""
        logins = json.loads((self.home / "var" / "demo-logins.json").read_text())
        return next(one for one in logins if one["role"] == role)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a flask command of this installation."""
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", *words],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def running(home: Path, **settings: str):
    """Copy the project to home, start it with these settings, and stop it with Ctrl-C."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, home / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, home / part)
    var = home / "var"
    var.mkdir(mode=0o700)
    # Texts wait for the hours of the law (P-3); a journey is the same at any hour of the day.
    clock.write_offset(var / "clock-offset", civil_hour() - datetime.now(UTC))
    port = _free_pair()
    environment = {**_environment(port), **settings}
    lines: list[str] = []
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.supervisor"],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    up = threading.Event()

    def read() -> None:
        for line in process.stdout:
            lines.append(line.rstrip())
            if "ConsentDesk is running" in line:
                up.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        end = time.monotonic() + PROCESS_S
        while not up.wait(0.2):
            assert process.poll() is None and time.monotonic() < end, "\n".join(lines)
        yield Product(home, port, lines, environment)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)
        reader.join(5)
        process.stdout.close()


def _environment(port: int) -> dict[str, str]:
    ours = ("DATABASE_URL", "REDIS_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "PUBLIC_URL")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PORT": str(port), "PYTHONUNBUFFERED": "1"}


def _free_pair() -> int:
    """Return a port that is free, and whose next is free too."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            with socket.socket() as second:
                try:
                    second.bind(("127.0.0.1", port + 1))
                except OSError:
                    continue
                return port
