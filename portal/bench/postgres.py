"""A private PostgreSQL server in a temporary folder, from the programs the machine has."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Without statistics too: what a plan is then hangs on the question alone, and is the same each time.
_NOT_DURABLE = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off "


def binaries() -> Path | None:
    """Return the folder of the newest installed PostgreSQL server, or None."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: p.parts[-3])
    if folders:
        return folders[-1].parent
    found = shutil.which("postgres")
    return Path(found).resolve().parent if found else None


@dataclass(frozen=True, slots=True)
class Server:
    """A server of our own, which can be stopped hard and started again."""

    folder: Path
    programs: Path
    as_owner: Sequence[str]  # the server refuses to run as root
    is_durable: bool

    @property
    def url(self) -> str:
        """Return the URL of its maintenance database."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    @property
    def pid(self) -> int:
        """Return its first process; those of its connections are children of it."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Start it and return once it takes connections."""
        options = (
            f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' "
            f"{'' if self.is_durable else _NOT_DURABLE}-c max_connections=200"
        )
        self._control("-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        self._control("-m", "immediate", "stop")

    def _control(self, *words: str) -> None:
        data = str(self.folder / "data")
        _run([*self.as_owner, str(self.programs / "pg_ctl"), "-D", data, "-w", *words])


@contextmanager
def private_server(*, is_durable: bool = True) -> Iterator[Server]:
    """Run a server of our own.

    It listens on a socket in its folder alone and is gone with it. `is_durable=False` is for
    tests: quicker, and lost in a crash. Raises RuntimeError where no server is installed.
    """
    programs = binaries()
    if programs is None:
        raise RuntimeError("no PostgreSQL server is installed")
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        as_owner: list[str] = []
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
            as_owner = ["runuser", "-u", "postgres", "--"]
        make = [*as_owner, str(programs / "initdb"), "-D", str(folder / "data")]
        _run([*make, "-A", "trust", "-U", "postgres", "-N"])
        server = Server(folder, programs, as_owner, is_durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 (our own command)
