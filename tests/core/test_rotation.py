"""Stored secrets get the newest key, whatever becomes of the command meanwhile (X-6, S10)."""

import re
import shutil
import signal
import subprocess
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from itertools import permutations
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert, select, update

from portal.consent.service import evidence
from portal.core import rotation, secrets_box
from portal.core import settings as settings_module
from portal.core.clock import utcnow
from portal.core.db import Base, db, unit_of_work
from portal.core.secrets_box import Place, SecretsBox, SecretUnreadable
from portal.numbers import queries as numbers
from portal.numbers.models import CarrierAccount
from portal.people.models import Organization
from tests.factories.numbers import place_of_token
from tests.keys import fernet_key
from tests.patience import PROCESS_S

OLD, NEW = fernet_key("tests"), fernet_key("newer")


@pytest.fixture(autouse=True)
def _no_files_of_other_tests(app):
    """Sealed files outlive the test that kept them; those of others would be counted here."""
    shutil.rmtree(settings_module.settings().evidence_dir, ignore_errors=True)


def carriers(count):
    """Store as many carrier accounts, each of an organization of its own; return tokens by row."""
    rows, organizations, held = [], [], {}
    now = utcnow()
    for place in range(count):
        row = CarrierAccount(id=uuid4(), organization_id=uuid4())
        held[row.id] = f"token {place}"
        organizations.append(
            {"id": row.organization_id, "name": f"Brokerage {place}", "sender_name": "Them"}
        )
        rows.append(
            {
                "id": row.id,
                "organization_id": row.organization_id,
                "account_sid": f"AC{row.id.hex}",
                "sealed_token": secrets_box.box().seal(held[row.id], place_of_token(row)),
                "created_at": now,
            }
        )
    with unit_of_work():
        db.session.execute(insert(Organization), organizations)
        db.session.execute(insert(CarrierAccount), rows)
    return held


@pytest.fixture
def sealed(app):
    """Twelve carrier tokens under the old key, by row."""
    return carriers(12)


def opened(keys):
    box = SecretsBox(keys)
    db.session.expire_all()
    rows = db.session.scalars(select(CarrierAccount))
    return {row.id: box.open(row.sealed_token, place_of_token(row)) for row in rows}


def test_a_run_broken_off_is_finished_by_the_next(sealed):
    secrets_box.use(SecretsBox((NEW, OLD)))
    steps = rotation.rotate(per_step=5)
    while not next(steps).resealed:
        pass
    steps.close()  # killed after its first step
    with pytest.raises(SecretUnreadable):
        opened((NEW,))
    assert opened((NEW, OLD)) == sealed  # both halves open all the while
    assert sum(step.resealed for step in rotation.rotate(per_step=5)) == 12 - 5
    assert opened((NEW,)) == sealed
    assert sum(step.resealed for step in rotation.rotate()) == 0


# The command as an operator runs it, killed for real at the commit of one of its steps.
DOOMED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from portal.core import rotation, settings
from portal.core.db import db
from portal.factory import create_app
app = create_app(settings.read(os.environ, var=Path(sys.argv[1])))
with app.app_context():
    steps = rotation.rotate()
    done = 0
    while done < int(sys.argv[2]):
        done += next(steps).resealed
    event.listen(db.session(), "before_commit", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    list(steps)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "committed"), [(1_000, 400), pytest.param(10_000, 3_000, marks=pytest.mark.soak)]
)
def test_a_rotation_goes_on_after_kill_9(app, process_environment, settings, rows, committed):
    """S10."""
    held = carriers(rows)
    killed = subprocess.run(
        [sys.executable, "-c", DOOMED, str(settings.var), str(committed)],
        env={**process_environment, "ENCRYPTION_KEYS": f"{NEW},{OLD}"},
        capture_output=True,
        text=True,
        timeout=PROCESS_S,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert opened((NEW, OLD)) == held
    secrets_box.use(SecretsBox((NEW, OLD)))
    left = sum(step.resealed for step in rotation.rotate())
    assert left == rows - committed, "steps of 200 that were committed are not done again"
    assert opened((NEW,)) == held


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


# Bound to their place --------------------------------------------------------------------------------------------


def test_a_secret_opens_in_no_other_place(app):
    """S10: columns, rows and organizations, each alone and all of them."""
    row, organization = uuid4(), uuid4()
    places = [
        Place.of(column, row_id, organization_id)
        for column in rotation.sealed_columns()
        for row_id in (row, uuid4())
        for organization_id in (organization, uuid4(), None)
    ]
    box = SecretsBox((NEW, OLD))
    for here, there in permutations(places, 2):
        sealed = box.seal("secret", here)
        with pytest.raises(SecretUnreadable):
            box.open(sealed, there)
        assert box.open(sealed, here) == "secret"


def test_a_secret_does_not_open_under_the_name_of_another_key():
    box = SecretsBox((NEW, OLD))
    place = Place("carrier_accounts.sealed_token", uuid4(), uuid4())
    sealed = SecretsBox((OLD,)).seal("secret", place)
    name_of_new = box.seal("x", place).split(".")[1]
    with pytest.raises(SecretUnreadable):
        box.open(re.sub(r"\.[0-9a-f]+\.", f".{name_of_new}.", sealed), place)


def test_a_token_moved_to_another_row_is_refused_and_told(sealed, app):
    """Who may write to the database can't have Juniper text with Lakeview's credentials."""
    first, second = db.session.scalars(select(CarrierAccount).limit(2))
    moved = first.sealed_token
    assert numbers.credentials(second.organization_id).auth_token == sealed[second.id]
    with unit_of_work():
        db.session.execute(
            update(CarrierAccount)
            .where(CarrierAccount.id == second.id)
            .values(sealed_token=moved, sealed_previous_token=moved)
        )
    for ask in (
        lambda: numbers.credentials(second.organization_id),
        lambda: numbers.webhook_account(second.account_sid),
    ):
        with pytest.raises(SecretUnreadable):
            ask()
    run = app.test_cli_runner().invoke(args=["keys", "rotate"])
    assert run.exit_code == 1
    assert "carrier_accounts.sealed_token: 1 that no key opens" in run.output
    assert "carrier_accounts.sealed_previous_token: 1 that no key opens" in run.output


@pytest.mark.parametrize("spoil", [b"", b"\0" * 12, b"x" * 40])
def test_what_is_no_ciphertext_is_unreadable_and_no_error(spoil):
    box, place = SecretsBox((NEW,)), Place("users.tf_totp_secret", uuid4(), None)
    head = box.seal("secret", place).rpartition(".")[0]
    for text in (f"{head}.{urlsafe_b64encode(spoil).decode()}", f"{head}.é", "v2", "", "v3.x.y"):
        with pytest.raises(SecretUnreadable):
            box.open(text, place)
    assert urlsafe_b64decode(box.seal("", place).rpartition(".")[2])


def test_what_was_sealed_before_there_were_places_is_bound_by_the_rotation(sealed):
    """An old row opens nowhere but in the rotation, which leaves none behind."""
    unbound = Fernet(OLD).encrypt(b"from an old installation").decode()
    with unit_of_work():
        db.session.execute(update(CarrierAccount).values(sealed_token=unbound))
    with pytest.raises(SecretUnreadable):
        opened((OLD,))
    secrets_box.use(SecretsBox((NEW, OLD)))
    assert sum(step.resealed for step in rotation.rotate()) == 12
    assert set(opened((NEW,)).values()) == {"from an old installation"}


def test_files_of_evidence_get_the_newest_key_too(app):
    kept = evidence.keep_file(b"<p>as it was served</p>", "page.html", "text/html")
    secrets_box.use(SecretsBox((NEW, OLD)))

    assert [step.resealed for step in rotation.rotate()][-1:] == [1]
    assert [step.resealed for step in rotation.rotate()][-1:] == [0]

    secrets_box.use(SecretsBox((NEW,)))
    assert evidence.content_of(kept) == b"<p>as it was served</p>"


@pytest.mark.parametrize("place", [0, 5, 20, 25, 40, -1])
def test_a_changed_file_of_evidence_is_not_taken_for_the_original(app, place):
    kept = evidence.keep_file(b"agreed", "page.html", "text/html")
    path = evidence.path_of(kept.name)
    bent = bytearray(path.read_bytes())
    bent[place] ^= 1
    path.write_bytes(bent)

    with pytest.raises(SecretUnreadable, match="was changed"):
        evidence.content_of(kept)
    assert [step.unreadable for step in rotation.rotate()][-1:] == [1]


def test_a_file_of_evidence_put_in_place_of_another_is_refused(app):
    one, other = (evidence.keep_file(body, "a", "text/html") for body in (b"yes", b"no"))
    evidence.path_of(one.name).write_bytes(evidence.path_of(other.name).read_bytes())

    with pytest.raises(SecretUnreadable):
        evidence.content_of(one)
