"""A private PostgreSQL server in a temporary folder, from the programs the machine has."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOT_DURABLE = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off "


def binaries() -> Path | None:
    """Return the folder of the newest installed PostgreSQL server, or None."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: p.parts[-3])
    if folders:
        return folders[-1].parent
    found = shutil.which("postgres")
    return Path(found).resolve().parent if found else None


@contextmanager
def private_server(*, is_durable: bool = True) -> Iterator[str]:
    """Run a server of our own and give the URL of its maintenance database.

    It listens on a socket in its folder alone and is gone with it. `is_durable=False` is for
    tests: quicker, and lost in a crash. Raises RuntimeError where no server is installed.
    """
    programs = binaries()
    if programs is None:
        raise RuntimeError("no PostgreSQL server is installed")
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        data = folder / "data"
        as_owner: list[str] = []
        if os.getuid() == 0:  # the server refuses to run as root
            shutil.chown(folder, "postgres")
            as_owner = ["runuser", "-u", "postgres", "--"]
        make = [*as_owner, str(programs / "initdb"), "-D", str(data)]
        _run([*make, "-A", "trust", "-U", "postgres", "-N"])
        options = (
            f"-c listen_addresses='' -c unix_socket_directories='{folder}' "
            f"{'' if is_durable else _NOT_DURABLE}-c max_connections=200"
        )
        control = [*as_owner, str(programs / "pg_ctl"), "-D", str(data), "-w"]
        control += ["-l", str(folder / "log")]
        _run([*control, "-o", options, "start"])
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            _run([*control, "-m", "immediate", "stop"])


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 (our own command)
