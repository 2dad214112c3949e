"""Migrations build what the models say, on the database of this run."""

import re
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import MetaData, inspect, select, text

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.secrets_box import Place, SecretsBox
from portal.core.settings import database_url
from portal.factory import create_app
from portal.gateways import sms
from portal.integrations import queries as integrations
from portal.integrations.service import events
from portal.integrations.values import Event
from tests import cast, databases
from tests.factories import consent as make
from tests.factories.integrations import make_endpoint
from tests.factories.messaging import make_campaign, make_ready, make_recipients
from tests.messaging.talks import hear
from tests.messaging.world import Behaviour, Carrier, sweep

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


TRIGGERS = {
    "sqlite": """
        SELECT tbl_name, verb FROM sqlite_master, (SELECT 'UPDATE' AS verb UNION SELECT 'DELETE')
        WHERE type = 'trigger' AND sql LIKE '% BEFORE ' || verb || ' ON %'
    """,
    "postgresql": """
        SELECT event_object_table, event_manipulation FROM information_schema.triggers
        WHERE action_timing = 'BEFORE'
    """,
}
GUARDED = ("audit_entries", "consent_records", "optin_form_versions")


def test_what_never_changes_is_guarded_after_every_migration(empty_app):
    """C-3, C-5, PROMISES threat 13: a table that SQLite builds anew in a migration loses its triggers."""
    with empty_app.app_context():
        upgrade()
        guards = {tuple(row) for row in db.session.execute(text(TRIGGERS[db.engine.dialect.name]))}
    assert guards >= {(table, verb) for table in GUARDED for verb in ("UPDATE", "DELETE")}


def test_there_is_one_line_of_migrations():
    texts = [p.read_text() for p in (ROOT / "migrations" / "versions").glob("*.py")]
    parents = [re.search(r"^down_revision = (.+)$", text, re.MULTILINE)[1] for text in texts]
    assert texts
    assert len(set(parents)) == len(parents), "two migrations follow the same one"


def test_secrets_of_an_old_installation_are_bound_to_their_place(empty_app, settings):
    """S10: sealed without a place by an older version, they open as before after the upgrade."""
    box, unbound = SecretsBox(settings.encryption_keys), Fernet(settings.encryption_keys[0])
    foreign = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
    organization, now = uuid4(), utcnow()
    rows = {
        "organizations": {"id": organization, "name": "Juniper", "sender_name": "Juniper"},
        "users": {"id": uuid4(), "email": "a@b.example", "name": "A", "fs_uniquifier": "u"},
        "carrier_accounts": {"id": uuid4(), "account_sid": "AC" + "1" * 32, "created_at": now},
    }
    with empty_app.app_context():
        upgrade(revision="0005_quick_lists")
        old = MetaData()
        old.reflect(db.engine, only=list(rows))
        kept = {name: db.metadata.tables[name] for name in rows}
        rows["users"]["tf_totp_secret"] = unbound.encrypt(b"codes").decode()
        rows["carrier_accounts"] |= {
            "organization_id": organization,
            "sealed_token": unbound.encrypt(b"token").decode(),
            "sealed_previous_token": foreign,
        }
        with db.engine.begin() as connection:
            for name, row in rows.items():
                columns = {c.name for c in old.tables[name].columns}
                usual = {
                    c.name: c.default.arg if c.default.is_scalar else c.default.arg(None)
                    for c in kept[name].columns
                    if c.name in columns and c.default is not None
                }
                connection.execute(kept[name].insert().values({**usual, **row}))

        def sealed(table, column):
            table = kept[table]
            with db.engine.connect() as connection:
                found = connection.execute(select(table.c.id, table.c[column])).one()
            return found[1], table.c[column], found[0]

        def place(table, column, organization_id):
            text, column, row_id = sealed(table, column)
            return text, Place.of(column, row_id, organization_id)

        upgrade()
        token = place("carrier_accounts", "sealed_token", organization)
        codes = place("users", "tf_totp_secret", None)
        assert (box.open(*token), box.open(*codes)) == ("token", "codes")
        assert sealed("carrier_accounts", "sealed_previous_token")[0] == foreign
        downgrade(revision="0005_quick_lists")
        assert unbound.decrypt(sealed("carrier_accounts", "sealed_token")[0]) == b"token"
        assert unbound.decrypt(sealed("users", "tf_totp_secret")[0]) == b"codes"


def test_consents_kept_before_there_were_counts_are_counted(empty_app, capfd):
    """M-3: each on its account's own day, which an update of a guarded table may set."""
    with empty_app.app_context():
        upgrade()
        cast.assemble()
        northside = cast.account(cast.NORTHSIDE)
        make.written(northside, form_name="Open house")
        make.stop(northside, at=utcnow())
        counts = [db.metadata.tables[name] for name in ("consent_days", "standing_counts")]

        def counted():
            with db.engine.connect() as connection:
                return [sorted(map(str, connection.execute(select(one)))) for one in counts]

        before = counted()
        assert all(before)
        db.session.remove()
        downgrade(revision="0037_check_words")
        upgrade()
        assert counted() == before


def test_texts_and_opt_outs_from_before_there_was_health_are_counted(empty_app):
    """H-3: each text in the hour it left, each person at the last text they had got."""
    with empty_app.app_context():
        upgrade()
        cast.assemble()
        northside = cast.account(cast.NORTHSIDE)
        make_ready(northside)
        arrives, fails = make_recipients(northside, 2)
        carrier = Carrier({fails.number.e164: Behaviour(takes=True, final="undelivered")})
        sms.use(carrier)
        make_campaign(northside, [arrives, fails])
        for _ in range(2):
            sweep(northside)
            carrier.call_back(northside.organization_id)
        hear(northside, "STOP", arrives.number.e164)
        names = ("health_hours", "cause_hours", "opt_out_causes")
        *counts, causes = (db.metadata.tables[n] for n in names)

        def counted():
            with db.engine.connect() as connection:
                kept = [select(t).where(t.c.attempted + t.c.opted_out > 0) for t in counts]
                why = select(causes.c.account_id, causes.c.message_id, causes.c.said_at)
                return [sorted(map(str, connection.execute(one))) for one in (*kept, why)]

        before = counted()
        assert list(map(len, before)) == [2, 2, 1]  # arrived and stopped, went wrong
        db.session.remove()
        downgrade(revision="0055_notice_of_teams")
        upgrade()
        assert counted() == before


def test_a_webhook_that_was_sent_events_comes_through_both_ways(empty_app):
    """X-6: SQLite builds no table anew that kept rows point at."""
    with empty_app.app_context():
        upgrade()
        cast.assemble()
        northside = cast.account(cast.NORTHSIDE)
        endpoint, _ = make_endpoint(northside)
        with unit_of_work():
            events.tell(northside.tenant, Event.OPT_OUT, {"place": 1})
        before = integrations.deliveries(northside.tenant, endpoint.id).rows
        assert len(before) == 1
        db.session.remove()
        downgrade(revision="0084_tasks_of_one_contact")
        upgrade()
        assert integrations.deliveries(northside.tenant, endpoint.id).rows == before
