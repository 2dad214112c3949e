"""The installation's commands (X-1, X-4, C-5)."""

import json

import pytest
from sqlalchemy import text

from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from portal.core.settings import SettingsError, read
from portal.core.variables import VARIABLES
from portal.people import service as people
from tests.keys import fernet_key

WRONG = {
    "DATABASE_URL": "mysql://x",
    "REDIS_URL": "amqp://x",
    "PORT": "eighty",
    "PUBLIC_URL": "https://user:secret@texts.example.com",
    "SECRET_KEY": "short",
    "ENCRYPTION_KEYS": "not-a-key",
    "AUDIT_SIGNING_KEY": "c2hvcnQ=",
    "ERASURE_PEPPER": "short",
    "TIMESTAMP_URL": "tsa.example.com",
    "TRUSTED_PROXIES": "many",
    "LIST_LAG_SECONDS": "3601",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "x",
    "SMTP_URL": "mail.example.com",
    "EVIDENCE_URL": "s3://bucket",
    "SUPPORT_EMAIL": "nobody",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_stops_the_start_with_its_name(name, tmp_path):
    with pytest.raises(SettingsError, match=f"^{name} must"):
        read({name: WRONG[name]}, var=tmp_path)


def test_account_and_token_of_the_carrier_go_together(tmp_path):
    with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN must be set too"):
        read({"TWILIO_ACCOUNT_SID": "AC" + "0" * 32}, var=tmp_path)


def test_what_is_named_is_not_embedded_and_real_credentials_end_the_sandbox(tmp_path):
    environment = {
        "DATABASE_URL": "postgres://u@db/consentdesk",
        "REDIS_URL": "redis://queue:6379/0",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "a" * 32,
        "ENCRYPTION_KEYS": fernet_key("k"),
        "PUBLIC_URL": "https://texts.example.com/",
    }
    chosen = read(environment, var=tmp_path)
    assert chosen.database_url == "postgresql+psycopg://u@db/consentdesk"
    assert not chosen.embeds_database
    assert not chosen.is_sandbox
    assert chosen.twilio_api_base is None
    assert chosen.sandbox_url is None
    assert chosen.public_url == "https://texts.example.com"
    assert chosen.is_https


def test_secrets_are_made_once_and_kept_to_their_owner(tmp_path):
    first, second = read({}, var=tmp_path), read({}, var=tmp_path)
    assert first == second
    assert (tmp_path / "keys" / "secret-key").stat().st_mode & 0o077 == 0


def test_config_lists_every_variable_and_hides_secrets(app, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://:hidden@queue:6379/0")
    told = app.test_cli_runner().invoke(args=["config"])
    assert told.exit_code == 0
    assert [v.name for v in VARIABLES if v.name not in told.output] == []
    assert "hidden" not in told.output


def test_setup_is_only_for_an_empty_installation(app):
    told = app.test_cli_runner().invoke(
        args=["setup", "--organization", "X", "--timezone", "UTC", "--name", "A",
              "--email", "a@x.example", "--password", "a long enough one"]
    )  # fmt: skip
    assert told.exit_code == 1
    assert "There is an organization already" in told.output


def test_audit_verify_names_the_first_bad_entry_and_fails(app, juniper):
    for name in ("North", "South", "West"):
        with unit_of_work():
            people.create_team(juniper.id, name, actor=SYSTEM)
    runner = app.test_cli_runner()
    assert runner.invoke(args=["audit", "verify"]).exit_code == 0

    bad = db.session.scalars(
        db.select(AuditEntry).where(AuditEntry.chain == juniper.id, AuditEntry.position == 2)
    ).one()
    changed = json.dumps({**bad.payload, "name": "East"})
    with unit_of_work():
        db.session.execute(
            text(
                "UPDATE audit_entries SET payload = :p WHERE position = 2 AND event LIKE 'people:team%'"
            ),
            {"p": changed},
        )
    told = runner.invoke(args=["audit", "verify"])
    assert told.exit_code == 1
    assert f"{juniper.id}: entry 2 its content was changed" in told.output


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "a" * 32}, 900),
        ({}, 0),  # the sandbox's list misses nothing unless it is told to
        ({"LIST_LAG_SECONDS": "1800"}, 1800),
    ],
)
def test_a_real_carriers_list_lags_a_quarter_of_an_hour(told, seconds, tmp_path):
    assert read(told, var=tmp_path).list_lag.total_seconds() == seconds
