"""The database a test run uses: a SQLite file, or a private PostgreSQL server.

TEST_DATABASE_URL names a server to use, by a superuser of it; otherwise one is started from the
Debian package in a temporary folder, with durability off, and stopped at the end.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from sqlite3 import Connection as SqliteConnection

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.util import OrderedSet

from portal.bench import postgres
from portal.core.db import db


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a private server; give the URL of its maintenance database."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        with psycopg.connect(given) as connection:
            asked = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
            if connection.execute(asked).fetchone() != (True,):
                raise RuntimeError(
                    "TEST_DATABASE_URL must name a superuser: between tests, tables are emptied "
                    "past the triggers that guard them. Name one, or leave the variable out."
                )
        yield given
        return
    with postgres.private_server(is_durable=False) as server:
        yield server.url


@contextmanager
def postgres_database(server_url: str, name: str) -> Iterator[str]:
    """Make a fresh database on the server, this process's own; give its URL."""
    name = f"{name}_{os.getpid()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    base, _, query = server_url.partition("?")
    try:
        yield f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def be_quick(connection: SqliteConnection, _record: object) -> None:
    """Have SQLite leave its files to the kernel: what was written outlives a kill -9 all the same."""
    connection.execute("PRAGMA synchronous=OFF")


def make_tables() -> None:
    """Make all tables, the indexes of each in the order of their names.

    SQLAlchemy keeps them in a set, in another order each run, and of two that serve alike SQLite
    takes the one made last. Migrations made some later than their names say.
    """
    for table in db.metadata.tables.values():
        table.indexes = OrderedSet(sorted(table.indexes, key=lambda index: str(index.name)))
    db.create_all()


GROWN = 256 * 1024  # bytes of a table that is cheaper to truncate than to delete from
PATIENCE_S = 30  # for who is still writing; after that the test that left it open is to be mended


@contextmanager
def caretaker(engine: Engine) -> Iterator[Connection]:
    """Give a connection of its own that brings tables back between tests (PostgreSQL).

    The role of a replica fires no triggers: those that guard a log, and those of foreign keys, as
    all tables are emptied together. It is taken once, for taking it forgets all plans.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()
        connection.exec_driver_sql("SET session_replication_role = replica")
        connection.exec_driver_sql(f"SET lock_timeout = '{PATIENCE_S}s'")
        yield connection


def kept_apart(connection: Connection, schema: str, tables: Sequence[str]) -> Callable[[], None]:
    """Keep what these tables hold in a schema; return what brings them back to it (PostgreSQL).

    Deleting the few rows of a test is twenty times as quick as truncating every table, and a
    function plans its deletes once. Who is still writing, a process that was just killed say, is
    waited for: its rows would come after the deletes.
    """
    connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
    for name in tables:
        connection.exec_driver_sql(f'CREATE TABLE "{schema}"."{name}" AS TABLE public."{name}"')
    filled = [
        name
        for name in tables
        if connection.exec_driver_sql(f'SELECT 1 FROM "{schema}"."{name}" LIMIT 1').first()
    ]
    every = ", ".join(f"'{name}'" for name in tables)
    quoted = ", ".join(f'public."{name}"' for name in tables)
    large = (
        "SELECT string_agg(oid::regclass::text, ', ') INTO grown FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace "
        f"AND relname IN ({every}) AND pg_relation_size(oid) > {GROWN}"
    )
    steps = [
        large,
        "IF grown IS NOT NULL THEN EXECUTE 'TRUNCATE ' || grown || ' CASCADE'; END IF",
        f"LOCK TABLE {quoted} IN EXCLUSIVE MODE",
        *(f'DELETE FROM public."{name}"' for name in tables),
        *(f'INSERT INTO public."{name}" TABLE "{schema}"."{name}"' for name in filled),
    ]
    connection.exec_driver_sql(
        f'CREATE FUNCTION "{schema}".back() RETURNS void LANGUAGE plpgsql AS '
        f"$$ DECLARE grown text; BEGIN {'; '.join(steps)}; END $$"
    )

    def reset() -> None:
        connection.exec_driver_sql(f'SELECT "{schema}".back()').close()

    return reset
