"""An installation that exists for one bench: its own database, queue, keys and processes.

Everything lies in a temporary folder, with a copy of the program, so that a process started
there finds its own `var/` and nothing of the installation the bench is called from.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet
from flask import Flask
from flask_migrate import upgrade

from portal.bench import postgres
from portal.core import embedded, jobs
from portal.core import settings as settings_module
from portal.core.db import db
from portal.core.settings import ROOT, VARIABLES, Settings
from portal.factory import create_app

ENGINES: Final = ("sqlite", "postgresql")
NOWHERE: Final = "http://127.0.0.1:9"  # nothing listens: a bench that sends names its carrier
_PROGRAM: Final = ("portal", "workers", "templates", "static", "migrations")
_GRACE_S: Final = 15.0


@dataclass(frozen=True)
class Scratch:
    """The installation: its application, and what starts processes of it."""

    engine: str
    folder: Path  # the copy of the program; its var/ is the installation's
    app: Flask
    settings: Settings
    environment: Mapping[str, str]
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start Python with these arguments on this installation; it ends with the bench."""
        process = subprocess.Popen(  # noqa: S603 (our own programs)
            [sys.executable, *arguments], cwd=self.folder, env=dict(self.environment)
        )
        self._started.append(process)
        return process

    def stop(self) -> None:
        """End every process that was started, the last one first."""
        while self._started:
            end(self._started.pop())


@contextmanager
def open_scratch(
    engine: str, *, carrier: str = NOWHERE, public_url: str = "http://localhost:8000"
) -> Iterator[Scratch]:
    """Make an installation on this kind of database and enter its application context.

    The carrier's API is looked for at `carrier`. Everything is gone afterwards.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench")))
        folder = copy_program(home / "program")
        var = folder / "var"
        var.mkdir(mode=0o700)
        url = f"sqlite:///{var / 'consentdesk.db'}"
        if engine == "postgresql":
            url = stack.enter_context(postgres.private_server())
        queue = embedded.start(var)
        if queue is not None:
            stack.callback(end, queue)
        chosen = {
            "DATABASE_URL": url,
            "PUBLIC_URL": public_url,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
            "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
            "TWILIO_API_BASE": carrier,
        }
        settings = settings_module.read(chosen, var=var)
        app = create_app(settings)
        stack.enter_context(app.app_context())
        upgrade()
        stack.callback(db.engine.dispose)
        stack.callback(jobs.connection().close)
        here = Scratch(engine, folder, app, settings, {**bare_environment(), **chosen})
        stack.callback(here.stop)
        yield here


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


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and end it when it doesn't."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
