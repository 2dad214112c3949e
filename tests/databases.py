"""The database a test run uses: a SQLite file, or a private PostgreSQL server.

TEST_DATABASE_URL names a server to use; otherwise one is started from the Debian
package in a temporary folder, with durability off, and stopped at the end.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def postgres_binaries() -> Path | None:
    """Return the folder of the newest installed PostgreSQL server, or None."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: p.parts[-3])
    if folders:
        return folders[-1].parent
    found = shutil.which("postgres")
    return Path(found).resolve().parent if found else None


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a private server; give the URL of its maintenance database."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    binaries = postgres_binaries()
    assert binaries is not None, "no PostgreSQL server is installed"
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        data = folder / "data"
        as_owner: list[str] = []
        if os.getuid() == 0:  # the server refuses to run as root
            shutil.chown(folder, "postgres")
            as_owner = ["runuser", "-u", "postgres", "--"]
        run = [
            *as_owner,
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-A",
            "trust",
            "-U",
            "postgres",
            "-N",
        ]
        subprocess.run(run, check=True, capture_output=True)
        options = (
            f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off "
            "-c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
        )
        control = [
            *as_owner,
            str(binaries / "pg_ctl"),
            "-D",
            str(data),
            "-w",
            "-l",
            str(folder / "log"),
        ]
        subprocess.run([*control, "-o", options, "start"], check=True, capture_output=True)
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True)


@contextmanager
def postgres_database(server_url: str, name: str) -> Iterator[str]:
    """Make a fresh database on the server; give its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    base, _, query = server_url.partition("?")
    yield f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
