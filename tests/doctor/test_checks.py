"""Corrupted copies of a busy brokerage each raise exactly their alarm (PROMISES L8)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from portal.billing.values import EntryKind
from portal.core.db import db
from portal.doctor import queries
from portal.doctor.values import PROMISES, Invariant, Scope
from portal.gateways import sms
from portal.messaging.models import Message
from portal.messaging.values import State
from tests import cast
from tests.conftest import NOON, Clock
from tests.doctor import busy as living
from tests.doctor.corrupted_ends import confirm_after_the_stop
from tests.doctor.corrupted_plans import CORRUPTIONS
from tests.doctor.corruptions import add_entry
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
    """Return the checks that find something in the account, and in its organization's log."""
    of = busy.account.organization_id
    scopes = (Scope(of), Scope(of, busy.account.id))
    return {f.check for scope in scopes for f in queries.examine(scope, busy.now)}


def test_the_busy_brokerage_is_healthy(copy):
    found = [f.sentence for scope in queries.scopes() for f in queries.examine(scope, copy.now)]
    assert found == []


def test_its_texts_are_in_every_state(copy):
    assert {t.state for t in texts(copy.account)} == set(State)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_raises_its_alarm_and_no_other(copy, name):
    """L8: at least 20 kinds, each found by the checks named for it."""
    checks, corrupt = CORRUPTIONS[name]
    corrupt(copy)
    assert alarms(copy) == checks


def test_the_one_text_that_confirms_an_opt_out_may_follow_it(copy):
    """RULINGS 15."""
    confirm_after_the_stop(copy, Message.id == copy.ids["stopped"])
    assert alarms(copy) == set()


def test_every_check_finds_some_corruption_and_every_promise_has_a_check():
    """L8, I1 to I17: by its own name, since a promise may have another check that is right."""
    by_name = {check.name: check.invariant for check in queries.CHECKS}
    by_name["chain_broken"] = Invariant.I13  # it follows a whole log, not an account's rows
    assert set().union(*(checks for checks, _ in CORRUPTIONS.values())) == by_name.keys()
    assert set(by_name.values()) == PROMISES.keys()
    assert len(CORRUPTIONS) >= 20


def test_a_month_is_looked_at_though_twenty_others_are_right(copy):
    """I11: what a check reads is not bounded by what it tells."""
    for place in range(45):
        at = datetime(2026 + place // 12, place % 12 + 1, 15, tzinfo=UTC)
        wrong = timedelta(days=90 if place == 44 else 0)
        add_entry(
            copy, EntryKind.RESERVE, uuid4(),
            position=100_000 + place, month=at.date().replace(day=1), at=at - wrong,
        )  # fmt: skip
    scope = Scope(copy.account.organization_id, copy.account.id)
    found = [f for f in queries.examine(scope, copy.now) if f.check == "month_misplaced"]
    assert [f.subject for f in found] == ["2029-09-01"]
