"""No secret stands anywhere in clear: not in a table, the queue, a log line or a page (S10)."""

import logging
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.core import secrets_box
from portal.core.access import Role
from portal.core.audit import SYSTEM
from portal.core.db import Base, db, unit_of_work
from portal.core.secrets_box import Place, SecretsBox, SecretUnreadable
from portal.core.settings import settings
from portal.people import service as people
from portal.transfers import service as transfers
from tests import cast
from tests.factories.integrations import make_endpoint, make_key
from tests.factories.numbers import make_carrier_account
from tests.factories.people import PASSWORD, give_password
from tests.factories.transfers import make_transfer
from tests.house.test_scripts import Reader
from tests.keys import fernet_key

CARRIER_TOKEN = "c0ffee" + "5" * 26
OLD_TOKEN = "decade" + "7" * 26


@pytest.fixture
def planted(own, northside, bob):
    """One secret of every kind the product holds, by name."""
    email = give_password(cast.BOB)
    make_carrier_account(northside.organization_id, auth_token=CARRIER_TOKEN)
    with unit_of_work():
        transfers.give_up(northside.tenant, own.ids["transfer_id"], actor=SYSTEM)
    own.ids["transfer_id"] = make_transfer(northside, OLD_TOKEN).id
    with unit_of_work():
        reset = people.request_reset(email)
        session = people.start_session(cast.BOB, ip="127.0.0.1", user_agent="tests")
        invited = people.invite(
            northside.organization_id, "zoe@juniper.example", Role.AGENT, None, actor=SYSTEM
        )
    return {
        "carrier token": CARRIER_TOKEN,
        "token of an old account": OLD_TOKEN,
        "password": PASSWORD,
        "reset link": reset.token,
        "session": session.token,
        "invitation": invited.token,
        "API key": make_key(northside)[1],
        "webhook secret": make_endpoint(northside)[1],
        "encryption key": settings().encryption_keys[0],
        "signing key": settings().secret_key,
    }


def hits(planted, where, text):
    return [f"{name} in {where}" for name, secret in planted.items() if secret in text]


def test_no_secret_is_found_where_it_is_not_needed(planted, alice, pat, own, redis, caplog):
    caplog.set_level(logging.DEBUG)
    found = []
    for person in (alice, pat):
        for url, html in Reader(person, own).read():
            found += hits(planted, url, html)
    refused = {"email": "bob@juniper.example", "password": PASSWORD + "!"}
    alice.client.post("/sign-in", data=refused)
    alice.client.post("/api/v1/messages", headers={"Authorization": f"Bearer {planted['API key']}"})
    found += hits(planted, "the log", caplog.text)
    db.session.rollback()
    for table in Base.metadata.sorted_tables:
        found += hits(planted, table.name, repr(db.session.execute(select(table)).all()))
    for key in redis.scan_iter():
        found += hits(planted, "the queue", f"{key!r}{redis.dump(key)!r}")
    assert found == []
    assert all(len(secret) >= 20 for secret in planted.values())


def test_the_search_finds_what_it_looks_for(planted):
    assert hits(planted, "here", f"token={CARRIER_TOKEN}") == ["carrier token in here"]


def test_a_sealed_secret_opens_with_its_own_keys_alone_and_unchanged():
    """X-6: any key of the ring opens, no other does, and one changed sign spoils it."""
    old, new = fernet_key("old"), fernet_key("new")
    place = Place("carrier_accounts.sealed_token", uuid4(), uuid4())
    sealed = SecretsBox((old,)).seal(CARRIER_TOKEN, place)
    assert SecretsBox((new, old)).open(sealed, place) == CARRIER_TOKEN
    changed = [sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :] for at in range(0, len(sealed) - 4, 9)]  # fmt: skip
    for box, text in [(SecretsBox((new,)), sealed), *((SecretsBox((old,)), c) for c in changed)]:
        with pytest.raises(SecretUnreadable):
            box.open(text, place)
    assert secrets_box.box().seal("x", place) != secrets_box.box().seal("x", place)
