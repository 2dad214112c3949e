"""Ten thousand guesses, from one address and from five hundred, with the queue away, at once (S11)."""

import statistics
import threading
import time
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from redis import exceptions
from sqlalchemy import func, select

from portal.core import jobs, tries
from portal.core.db import db, unit_of_work
from portal.core.tries import Limit, TooManyTries, Try
from portal.people.service import passwords
from portal.people.views.security import EVERYBODY, PER_ADDRESS, PER_PERSON
from tests import cast
from tests.factories import people as factory
from workers import sweeps

WINDOW = timedelta(minutes=5)
FULL = 10_000, timedelta(seconds=1.45)  # four hours of it
SHORT = 150, timedelta(seconds=11)


@pytest.fixture
def bobs_email(app):
    return factory.give_password(cast.BOB)


@pytest.fixture
def checked(monkeypatch):
    """When each compared password was counted; nothing is hashed, so ten thousand take seconds.

    It is compared milliseconds after that, now more and now fewer: a window would count those.
    """
    moments = []

    def compare(password, stored):
        moments.append(db.session.scalar(select(func.max(Try.expires_at))) - WINDOW)
        return False

    monkeypatch.setattr(passwords.flask_security, "verify_password", compare)
    return moments


def guess(app, email, address, password="wrong"):
    """One post as the server sees it, and its status."""
    with app.test_client() as client:
        return client.post(
            "/sign-in",
            data={"email": email, "password": password},
            environ_base={"REMOTE_ADDR": address},
        ).status_code


def most_in_any_window(moments):
    """Return how many passwords were compared within the worst five minutes."""
    worst, first = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - WINDOW:
            first += 1
        worst = max(worst, last - first + 1)
    return worst


def attack(app, clock, email, addresses, guesses, step):
    """Guess on and on, from the next address each time; return the statuses."""
    told = []
    for n in range(guesses):
        told.append(guess(app, email, addresses[n % len(addresses)]))
        clock.travel(by=step)
    return told


ONE = ["203.0.113.9"]
MANY = [f"198.51.{n // 250}.{n % 250}" for n in range(500)]


@pytest.mark.parametrize(
    ("guesses", "step"), [SHORT, pytest.param(*FULL, marks=pytest.mark.soak)], ids=["short", "full"]
)
@pytest.mark.parametrize("addresses", [ONE, MANY], ids=["one address", "500 addresses"])
def test_at_most_ten_guesses_of_one_person_count_in_any_five_minutes(
    app, clock, checked, bobs_email, addresses, guesses, step
):
    told = attack(app, clock, bobs_email, addresses, guesses, step)
    assert most_in_any_window(checked) == PER_PERSON.times == 10
    assert told.count(422) == len(checked) < guesses
    assert set(told) == {422, 429}
    assert guess(app, bobs_email, "192.0.2.1", factory.PASSWORD) == 429, "a right one waits, too"


def test_an_address_that_guesses_at_everybody_is_slowed(app, clock, checked):
    for n in range(80):
        guess(app, f"guess{n}@juniper.example", ONE[0])
        clock.travel(by=timedelta(seconds=8))
    assert most_in_any_window(checked) == PER_ADDRESS[0].times


def test_all_addresses_together_are_slowed(app, checked):
    """One guess each at hundreds of people from 500 addresses: after 600 nobody may guess on."""
    everybody, key = EVERYBODY
    with unit_of_work():
        for _ in range(everybody.times - 5):
            tries.begin([(everybody, key())])
    told = [guess(app, f"guess{n}@juniper.example", MANY[n]) for n in range(20)]
    assert told == [422] * 5 + [429] * 15
    assert len(checked) == 5


def test_with_the_queue_away_the_limits_hold_and_people_get_in(
    app, clock, checked, bobs_email, monkeypatch
):
    """S11 Redis down: nothing is counted there, so nothing opens and nobody is locked out."""

    def away(*_, **__):
        raise exceptions.ConnectionError("away")

    monkeypatch.setattr("redis.connection.Connection.connect", away)
    monkeypatch.setattr("redis.connection.UnixDomainSocketConnection.connect", away)
    jobs.connection().connection_pool.disconnect()
    assert guess(app, "vera@juniper.example", ONE[0]) == 422
    checked.clear()
    attack(app, clock, bobs_email, MANY, 40, timedelta(seconds=13))
    assert most_in_any_window(checked) == 10
    monkeypatch.undo()


def test_a_second_process_counts_on(app, built_app, settings, bobs_email, checked):
    """The count is the installation's: another web process refuses the eleventh."""
    from portal.factory import create_app
    from tests.conftest import QUICK_HASHES

    for _ in range(10):
        guess(app, bobs_email, ONE[0])
    other = create_app(settings, {"TESTING": True, "WTF_CSRF_ENABLED": False, **QUICK_HASHES})
    with other.app_context():
        assert guess(other, bobs_email, MANY[7]) == 429
        db.engine.dispose()
    assert len(checked) == 10


def test_guesses_at_the_same_moment_are_all_counted(app):
    """Sixteen threads that look before any has counted: ten get through, not sixteen."""
    limit, gate = Limit("person", 10, WINDOW), threading.Barrier(16)
    let_through = []

    def go():
        with app.app_context():
            gate.wait()
            for _ in range(4):
                with suppress(TooManyTries), unit_of_work():
                    let_through.extend(tries.begin([(limit, "bob")]))
            db.session.remove()

    threads = [threading.Thread(target=go) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_through) == 10


def test_a_refused_try_under_one_key_counts_under_none(app):
    """Who is locked out by name does not lock the address out for everybody behind it."""
    person, address = Limit("person", 1, WINDOW), Limit("address", 2, WINDOW)
    with unit_of_work():
        tries.begin([(person, "bob"), (address, "office")])
    for _ in range(5):
        with pytest.raises(TooManyTries, match="Wait 5 minutes"), unit_of_work():
            tries.begin([(address, "office"), (person, "bob")])
    with unit_of_work():
        tries.begin([(person, "vera"), (address, "office")])


def test_tries_are_forgotten_when_they_count_no_more(app, clock, checked, bobs_email):
    guess(app, bobs_email, ONE[0])
    assert "juniper" not in repr([vars(row) for row in db.session.query(Try)])
    assert sweeps.forget_tries() == 0
    clock.travel(by=WINDOW)
    assert sweeps.forget_tries() == 3  # person, address, everybody
    assert db.session.query(Try).count() == 0


@pytest.mark.parametrize(
    "rounds", [60, pytest.param(500, marks=pytest.mark.soak)], ids=["short", "full"]
)
def test_time_does_not_tell_known_from_unknown(app, bobs_email, rounds):
    """S11: what differs between the two is less than what either differs from itself."""
    spent = {bobs_email: [], "nobody@juniper.example": []}
    order = [*spent] * rounds
    Random(11).shuffle(order)
    for email in [*spent, *order]:
        begun = time.perf_counter()
        assert passwords.check_password(email, "wrong") is None
        spent[email].append(time.perf_counter() - begun)
        db.session.rollback()
    known, unknown = (sorted(times[1:]) for times in spent.values())
    noise = max(known[3 * rounds // 4] - known[rounds // 4], statistics.median(known) / 4)
    assert abs(statistics.median(known) - statistics.median(unknown)) < noise
