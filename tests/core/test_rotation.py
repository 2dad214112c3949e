"""Stored secrets get the newest key, whatever becomes of the command meanwhile (X-6, S10)."""

import re
from uuid import uuid4

import pytest

from portal.core import rotation, secrets_box
from portal.core.audit import SYSTEM
from portal.core.db import Base, db, unit_of_work
from portal.core.secrets_box import SecretsBox
from portal.numbers.models import CarrierAccount
from portal.people import service as people
from tests.keys import fernet_key

OLD, NEW = fernet_key("tests"), fernet_key("newer")


@pytest.fixture
def sealed(app):
    """Twelve carrier tokens under the old key, by row."""
    held = {}
    for place in range(12):
        with unit_of_work():
            tenant = people.create_organization(f"Brokerage {place}", actor=SYSTEM)
            row = CarrierAccount(
                organization_id=tenant.id,
                account_sid=f"AC{uuid4().hex}",
                sealed_token=secrets_box.box().seal(f"token {place}"),
            )
            db.session.add(row)
            db.session.flush()  # the id is asked for below
            held[row.id] = f"token {place}"
    return held


def opened(keys):
    box = SecretsBox(keys)
    return {row.id: box.open(row.sealed_token) for row in db.session.query(CarrierAccount)}


def test_a_run_broken_off_is_finished_by_the_next(sealed):
    secrets_box.use(SecretsBox((NEW, OLD)))
    steps = rotation.rotate(per_step=5)
    while not next(steps).resealed:
        pass
    steps.close()  # killed after its first step
    with pytest.raises(secrets_box.SecretUnreadable):
        opened((NEW,))
    assert opened((NEW, OLD)) == sealed  # both halves open all the while
    assert sum(step.resealed for step in rotation.rotate(per_step=5)) == 12 - 5
    assert opened((NEW,)) == sealed
    assert sum(step.resealed for step in rotation.rotate()) == 0


def test_the_command_says_what_no_key_opens(sealed, app):
    secrets_box.use(SecretsBox((NEW,)))
    run = app.test_cli_runner().invoke(args=["keys", "rotate"])
    assert run.exit_code == 1
    assert "carrier_accounts.sealed_token: 12 that no key opens" in run.output
    secrets_box.use(SecretsBox((NEW, OLD)))
    run = app.test_cli_runner().invoke(args=["keys", "rotate"])
    assert (run.exit_code, run.output) == (0, "12 secrets sealed anew, 0 unreadable\n")


def test_every_sealed_column_is_known(app):
    known = {str(column) for column in rotation.sealed_columns()}
    named = {
        str(column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if re.search("sealed|totp_secret", column.name)
    }
    assert known == named
    assert len(known) >= 4
