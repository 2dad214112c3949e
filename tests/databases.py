"""The database a test run uses: a SQLite file, or a private PostgreSQL server.

TEST_DATABASE_URL names a server to use; otherwise one is started from the Debian
package in a temporary folder, with durability off, and stopped at the end.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from portal.bench import postgres


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a private server; give the URL of its maintenance database."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with postgres.private_server(is_durable=False) as server:
        yield server.url


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
