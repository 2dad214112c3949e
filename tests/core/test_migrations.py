"""Migrations build what the models say, on the database of this run."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask_migrate import check, upgrade
from sqlalchemy import inspect

from portal.core.db import db
from portal.core.settings import database_url
from portal.factory import create_app
from tests import databases

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty_app(request, settings, tmp_path):
    """The application on an empty database of its own."""

    def build(url):
        return create_app(replace(settings, database_url=url), {"TESTING": True})

    if request.config.getoption("--database") == "sqlite":
        yield build(f"sqlite:///{tmp_path / 'empty.db'}")
        return
    with databases.postgres_server() as server:
        with databases.postgres_database(server, "migrated") as url:
            app = build(database_url(url))
            yield app
            with app.app_context():
                db.engine.dispose()


def test_an_empty_database_comes_up_to_what_the_models_say(empty_app, capfd):
    with empty_app.app_context():
        upgrade()
        check()  # raises when models and schema differ
        tables = set(inspect(db.engine).get_table_names()) - {"alembic_version"}
    assert tables == set(db.metadata.tables)


def test_there_is_one_line_of_migrations():
    texts = [p.read_text() for p in (ROOT / "migrations" / "versions").glob("*.py")]
    parents = [re.search(r"^down_revision = (.+)$", text, re.MULTILINE)[1] for text in texts]
    assert texts
    assert len(set(parents)) == len(parents), "two migrations follow the same one"
