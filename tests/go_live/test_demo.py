"""Demo data never mixes with real: neither is loaded beside the other, nor started with it (X-1)."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from portal import foundation
from portal.core import settings as settings_module
from portal.core.db import db, unit_of_work
from portal.core.settings import SettingsError
from portal.people import queries as people
from portal.people.models import Organization
from tests import cast


@pytest.fixture
def real(app, settings):
    """Settings with real credentials."""
    found = replace(settings, is_sandbox=False, twilio_api_base=None)
    settings_module.use(found)
    yield found
    settings_module.use(settings)


def _make_demo():
    with unit_of_work():
        db.session.get(Organization, cast.JUNIPER).is_demo = True


def test_the_demo_is_not_loaded_with_real_credentials(app, real):
    said = app.test_cli_runner().invoke(args=["demo"])
    assert said.exit_code == 1
    assert "unset TWILIO_ACCOUNT_SID" in said.output
    assert not people.has_demo()


@pytest.mark.parametrize("option", [[], ["--if-empty"]])
def test_the_demo_is_not_loaded_beside_what_is_there(app, option):
    before = people.organizations()
    said = app.test_cli_runner().invoke(args=["demo", *option])
    assert ("There is data already" in said.output) is (option == [])
    assert people.organizations() == before
    assert not people.has_demo()


def test_setup_adds_no_real_brokerage_to_the_demo(app):
    _make_demo()
    answers = ["--organization", "Real", "--timezone", "UTC", "--name", "P", "--email", "p@x.com"]
    said = app.test_cli_runner().invoke(args=["setup", *answers, "--password", "correct horse 9"])
    assert "There is an organization already" in said.output
    assert len(people.organizations()) == 2


def test_no_process_starts_on_the_demo_with_real_credentials(app, real, settings):
    foundation.refuse_demo(app, real)  # nothing of the demo is here
    _make_demo()
    with pytest.raises(SettingsError, match="holds the demo brokerage"):
        foundation.refuse_demo(app, real)
    foundation.refuse_demo(app, settings)  # in the sandbox it is at home


def test_a_database_that_is_away_stops_no_start(app, real, monkeypatch, caplog):
    def away():
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(people, "has_demo", away)
    foundation.refuse_demo(app, real)
    assert "whether the demo is here is not known" in caplog.text
