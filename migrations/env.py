"""Runs migrations inside the application, on SQLite and PostgreSQL alike (RULINGS 5)."""

from alembic import context
from flask import current_app
from sqlalchemy import text
from sqlalchemy.sql.elements import False_, True_

LOCK_TIMEOUT = "5s"  # a migration that waits for a lock must not queue the whole product behind it
STATEMENT_TIMEOUT = "10min"


def run() -> None:
    database = current_app.extensions["migrate"].db
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
            connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=_plain_types,
        )
        with context.begin_transaction():
            context.run_migrations()


def _plain_types(kind, value, autogen_context):
    """Write our column types as the plain ones they stand for: a migration must not import code."""
    if kind == "type":
        name = type(value).__name__
        if name == "UTCDateTime":
            return "sa.DateTime(timezone=True)"
        if name == "Id":
            return "sa.Uuid()"
        if name == "Enum":
            return f"sa.String(length={value.length})"
    if kind == "server_default" and isinstance(getattr(value, "arg", None), False_ | True_):
        return f"sa.{type(value.arg).__name__.strip('_').lower()}()"
    return False


run()
