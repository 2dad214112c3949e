"""Corrupted copies of a busy brokerage each raise exactly their alarm (PROMISES L8)."""

from datetime import timedelta

import pytest

from portal.core.db import db
from portal.doctor import queries
from portal.doctor.values import PROMISES, Scope
from portal.gateways import sms
from portal.messaging.values import State
from tests import cast
from tests.conftest import NOON, Clock
from tests.doctor import busy as living
from tests.doctor.corrupted_lists import CORRUPTIONS
from tests.factories.messaging import texts

pytestmark = pytest.mark.xdist_group("doctor")


@pytest.fixture(scope="module")
def healthy(built_app):
    """The brokerage, lived through once; every test gives it back as it was."""
    clock, before = Clock(), sms._in_use
    clock.travel(to=NOON)
    patch = pytest.MonkeyPatch()
    patch.setattr("time.sleep", lambda s: clock.travel(by=timedelta(seconds=s)))
    with built_app.app_context():
        built_app.extensions["test_reset"]()
        busy = living.live(cast.account(cast.NORTHSIDE), cast.account(cast.BOBS), clock)
        yield busy
        db.session.remove()
    patch.undo()
    sms._in_use = before


@pytest.fixture
def copy(healthy):
    """A copy to corrupt: a transaction that is rolled back."""
    db.session.rollback()
    yield healthy
    db.session.rollback()


def alarms(busy):
    """Return the promises that are broken in the account, and in its organization's log."""
    of = busy.account.organization_id
    scopes = (Scope(of), Scope(of, busy.account.id))
    return {f.invariant.value for scope in scopes for f in queries.examine(scope, busy.now)}


def test_the_busy_brokerage_is_healthy(copy):
    found = [f.sentence for scope in queries.scopes() for f in queries.examine(scope, copy.now)]
    assert found == []


def test_its_texts_are_in_every_state(copy):
    assert {t.state for t in texts(copy.account)} == set(State)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_raises_its_alarm_and_no_other(copy, name):
    """L8: at least 20 kinds, each found; and the finding says whose row and what to do."""
    promises, corrupt = CORRUPTIONS[name]
    corrupt(copy)
    assert alarms(copy) == promises


def test_every_promise_that_can_be_checked_is_broken_by_some_corruption():
    checked = {invariant.value for invariant in PROMISES}
    assert set().union(*(promises for promises, _ in CORRUPTIONS.values())) == checked
    assert len(CORRUPTIONS) >= 20
