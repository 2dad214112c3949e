"""An installation that exists for one bench: its own database, queue, keys and processes.

Everything lies in a temporary folder, with a copy of the program, so that a process started
there finds its own `var/` and nothing of the installation the bench is called from.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

from cryptography.fernet import Fernet
from flask import Flask
from flask_migrate import upgrade

from portal.bench import postgres
from portal.compliance.rules.business_days import is_business_day
from portal.core import clock, embedded, jobs
from portal.core import settings as settings_module
from portal.core.db import db
from portal.core.settings import ROOT, Settings
from portal.core.variables import VARIABLES
from portal.factory import create_app

ENGINES: Final = ("sqlite", "postgresql")
NOWHERE: Final = "http://127.0.0.1:9"  # nothing listens: a bench that sends names its carrier
_PROGRAM: Final = ("portal", "workers", "templates", "static", "migrations")
_GRACE_S: Final = 15.0
_LOOK_EVERY_S: Final = 0.02
_LAST_WORDS: Final = 4_000


@dataclass(frozen=True)
class Scratch:
    """The installation: its application, and what starts processes of it."""

    engine: str
    folder: Path  # the copy of the program; its var/ is the installation's
    app: Flask
    settings: Settings
    environment: Mapping[str, str]
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """Where its processes write what they have to say."""
        return self.folder / "var" / "processes.log"

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start Python with these arguments on this installation; it ends with the bench."""
        with self.log.open("ab") as log:
            process = _start(arguments, self.folder, self.environment, output=log)
        self._started.append(process)
        return process

    def stop(self) -> None:
        """End every process that was started, the last one first."""
        while self._started:
            end(self._started.pop())


@contextmanager
def open_scratch(
    engine: str, *, carrier: str = NOWHERE, port: int = settings_module.DEFAULT_PORT
) -> Iterator[Scratch]:
    """Make an installation on this kind of database and enter its application context.

    The carrier's API is looked for at `carrier`, and its web process listens on `port` when
    one is started. Its time is a weekday's afternoon. Everything is gone afterwards.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench")))
        folder = copy_program(home / "program")
        var = folder / "var"
        var.mkdir(mode=0o700)
        url = f"sqlite:///{var / 'consentdesk.db'}"
        if engine == "postgresql":
            url = stack.enter_context(postgres.private_server()).url
        queue = embedded.start(var)
        if queue is not None:
            stack.callback(end, queue)
        chosen = {
            "DATABASE_URL": url,
            "PORT": str(port),
            "PUBLIC_URL": f"http://localhost:{port}",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "TWILIO_API_BASE": carrier,
        }
        settings = settings_module.read(chosen, var=var)
        assert settings.clock_file is not None  # without a carrier's account its clock can be set
        clock.write_offset(settings.clock_file, civil_hour() - datetime.now(UTC))
        app = create_app(settings)
        stack.enter_context(app.app_context())
        upgrade()
        stack.callback(db.engine.dispose)
        stack.callback(jobs.connection().close)
        here = Scratch(engine, folder, app, settings, {**bare_environment(), **chosen})
        stack.callback(here.stop)
        try:
            yield here
        except BaseException:
            sys.stderr.write(here.log.read_text()[-_LAST_WORDS:] if here.log.exists() else "")
            raise


def civil_hour() -> datetime:
    """Return a quarter past four in Chicago on a working Wednesday to come.

    Texts wait for the hours of the law (P-3), so whoever measures or attacks sending at night
    moves time there first: everywhere from New York to Saipan one may be texted then.
    """
    day = datetime.now(ZoneInfo("America/Chicago")).replace(hour=16, minute=15)
    day += timedelta(days=(2 - day.weekday()) % 7 or 7)
    while not is_business_day(day.date()):
        day += timedelta(days=7)
    return day.astimezone(UTC)


def copy_program(to: Path, *, with_bytecode: bool = True) -> Path:
    """Copy what makes the program into a folder of its own and return it."""
    skipped = shutil.ignore_patterns(*(() if with_bytecode else ("__pycache__",)))
    for name in _PROGRAM:
        shutil.copytree(ROOT / name, to / name, ignore=skipped)
    shutil.copy2(ROOT / "app.py", to / "app.py")
    return to


def bare_environment() -> dict[str, str]:
    """Return this process's environment without any setting of the product."""
    ours = {variable.name for variable in VARIABLES}
    return {name: value for name, value in os.environ.items() if name not in ours}


@contextmanager
def run_program(
    *arguments: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python with these arguments in a folder, with what it prints put away, and end it."""
    process = _start(arguments, folder, environment, output=subprocess.DEVNULL)
    try:
        yield process
    finally:
        end(process)


def free_port() -> int:
    """Return a port that is free, and whose next is free too (the sandbox takes it)."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            with suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port


def wait_until(is_so: Callable[[], object], what: str, *, timeout_s: float = 300.0) -> None:
    """Look again and again until something is so. Raises TimeoutError naming what never was."""
    end_at = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > end_at:
            raise TimeoutError(f"never came: {what}")
        time.sleep(_LOOK_EVERY_S)


def _start(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    output: int | BinaryIO | None = None,
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 (our own programs)
        [sys.executable, *arguments],
        cwd=folder,
        env=dict(environment),
        stdout=output,
        stderr=output,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and end it when it doesn't."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
