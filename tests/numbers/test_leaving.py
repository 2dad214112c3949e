"""A number leaves on purpose: given back after a week, or taken to another carrier (N-4)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear
from portal.gateways.numbers import Owned
from portal.notifications import queries as notifications
from portal.numbers import queries
from portal.numbers import service as numbers
from portal.numbers.errors import NotLeaving
from portal.numbers.models import SenderNumber
from portal.numbers.values import SenderState
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.billing import make_subscription
from tests.factories.numbers import make_sender
from workers.numbers import notice_moved_numbers, release_numbers

E164 = "+13125550160"
PHONE = "(312) 555-0160"
WEEK = timedelta(days=7)


@pytest.fixture
def number(lessor, northside):
    """A number of Northside that is in use, here and at the carrier."""
    make_subscription(northside)
    sender = make_sender(northside, e164=E164)
    lessor.owned[E164] = Owned(sender.carrier_sid, E164, sender.name, "", sender.capabilities)
    return sender


def ask(person, number, typed="312-555-0160", status=303):
    ids = {"account_id": number.account_id, "sender_id": number.id}
    return person.post("numbers.release", status, {"typed": typed}, **ids)


def keep(person, number, status=303):
    ids = {"account_id": number.account_id, "sender_id": number.id}
    return person.post("numbers.keep", status, {}, **ids)


def now(number):
    db.session.rollback()
    return db.session.get(SenderNumber, number.id)


def titles():
    return [n.title for n in notifications.latest(cast.ALICE) if n.kind == "numbers"]


def test_a_number_goes_back_a_week_after_it_was_asked_for(alice, northside, number, lessor, clock):
    shown = alice.get("numbers.leave", account_id=northside.id, sender_id=number.id)
    assert "opt-outs stay" in shown.text
    page = alice.follow(ask(alice, number))
    assert "Alice Moreno asked for it. It texts until then." in page.text
    assert release_numbers() == 0
    clock.travel(by=WEEK - timedelta(hours=2))
    assert queries.default_sender(northside.id).id == number.id
    assert release_numbers() == 0
    assert release_numbers() == 0
    assert titles().count("Front desk goes back to the carrier within a day") == 1
    clock.travel(by=timedelta(hours=2))
    assert release_numbers() == 1
    assert (now(number).state, lessor.owned) == (SenderState.RELEASED, {})
    assert queries.default_sender(northside.id) is None
    assert titles()[0] == "The number Front desk was given back"


@pytest.mark.parametrize("typed", ["", "(312) 555-0161", "yes", "0160"])
def test_another_number_typed_gives_nothing_back(alice, northside, number, typed):
    reply = ask(alice, number, typed, 422)
    assert "Type " in reply.text_of(".field__error")
    assert now(number).release_at is None


def test_whoever_changes_their_mind_keeps_it(alice, northside, number, lessor, clock):
    ask(alice, number)
    keep(alice, number)
    assert "Front desk stays" in titles()
    clock.travel(by=timedelta(minutes=1))
    ask(alice, number)  # and may ask again, told again
    assert titles().count("Alice Moreno asked to give Front desk back") == 2
    keep(alice, number)
    clock.travel(by=WEEK * 2)
    assert release_numbers() == 0
    assert E164 in lessor.owned


def test_an_agent_sees_when_it_goes_and_can_not_change_it(alice, bob, northside, number):
    ask(alice, number)
    page = bob.get("numbers.show", account_id=northside.id, sender_id=number.id)
    assert "This number goes back to the carrier" in page.text
    assert "Keep it" not in page.text
    keep(bob, number, 403)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (GatewayBusy("429"), SenderState.READY),
        (GatewayRejected("Authenticate", 20003, 401), SenderState.READY),
        (GatewayUnclear("500"), SenderState.RELEASING),
    ],
)
def test_a_release_broken_off_is_gone_on_with(
    alice, northside, number, lessor, clock, error, state
):
    ask(alice, number)
    clock.travel(by=WEEK)
    lessor.failures["release"] = [error]
    assert release_numbers() == 0
    assert now(number).state is state
    assert release_numbers() == 1
    assert release_numbers() == 0
    assert lessor.owned == {}


def test_a_worker_that_dies_after_the_carrier_took_it_back_leaves_nothing_texting(
    alice, northside, number, lessor, clock
):
    class Killed(BaseException):
        pass

    ask(alice, number)
    clock.travel(by=WEEK)
    lessor.failures["release"] = [Killed()]
    with pytest.raises(Killed):
        release_numbers()
    db.session.rollback()
    assert queries.default_sender(northside.id) is None
    with pytest.raises(NotLeaving, match="It is too late"), unit_of_work():
        numbers.keep(number.tenant, number.id, actor=SYSTEM)
    assert release_numbers() == 1


def test_a_stopped_account_gives_nothing_back(alice, northside, number, lessor, clock):
    """N-7: numbers are not recycled while the account is restricted, asked for before or now."""
    ask(alice, number)
    with unit_of_work():
        accounts.suspend(northside.id, "a complaint", SYSTEM)
    assert "a complaint" in ask(alice, number, status=409).text
    clock.travel(by=WEEK)
    assert release_numbers() == 0
    assert E164 in lessor.owned


def take_away(person, number, **typed):
    ids = {"account_id": number.account_id, "sender_id": number.id}
    return person.follow(person.post("numbers.take_away", 303, typed, **ids))


def test_a_number_that_moved_to_another_carrier_stops_texting(
    alice, northside, number, lessor, clock
):
    lessor.owned.clear()
    assert notice_moved_numbers() == 0  # nobody said that it leaves
    shown = take_away(alice, number)
    assert queries.carrier_account_sid(northside.organization_id) in shown.text
    assert notice_moved_numbers() == 0
    clock.travel(by=timedelta(hours=1))
    assert (notice_moved_numbers(), notice_moved_numbers()) == (1, 0)
    assert now(number).state is SenderState.RELEASED
    assert titles()[0] == "Front desk is with its new carrier"


def test_one_look_that_misses_a_number_writes_nothing_off(alice, number, lessor, clock):
    take_away(alice, number)
    kept = lessor.owned.copy()
    lessor.owned.clear()
    assert (notice_moved_numbers(), notice_moved_numbers()) == (0, 0)
    clock.travel(by=timedelta(hours=1))
    lessor.owned.update(kept)  # the carrier has it after all
    assert notice_moved_numbers() == 0
    lessor.owned.clear()
    assert notice_moved_numbers() == 0, "a look that finds it begins the count anew"
    assert now(number).state is SenderState.READY


def test_who_keeps_a_number_has_it_looked_for_anew(alice, number, lessor, clock):
    take_away(alice, number)
    lessor.owned.clear()
    assert notice_moved_numbers() == 0
    take_away(alice, number, stays="1")
    clock.travel(by=timedelta(hours=1))
    take_away(alice, number)
    assert notice_moved_numbers() == 0
    assert now(number).state is SenderState.READY


@pytest.mark.parametrize("look", ["fetch_owned", "find_owned"])
@pytest.mark.parametrize("error", [GatewayBusy("503"), GatewayRejected("Authenticate", 20003, 401)])
def test_a_look_that_failed_says_nothing_of_a_number(alice, number, lessor, clock, look, error):
    take_away(alice, number)
    lessor.owned.clear()
    assert notice_moved_numbers() == 0
    clock.travel(by=timedelta(hours=1))
    lessor.failures[look] = [error]
    assert notice_moved_numbers() == 0
    assert now(number).state is SenderState.READY


def test_a_list_that_was_cut_writes_nothing_off(alice, number, lessor, clock, monkeypatch):
    monkeypatch.setattr(lessor, "find_owned", lambda *asked: None)
    take_away(alice, number)
    for _ in range(3):
        assert notice_moved_numbers() == 0
        clock.travel(by=timedelta(hours=1))
    assert now(number).state is SenderState.READY


def test_a_number_that_is_there_under_another_sid_is_not_gone(alice, number, lessor, clock):
    take_away(alice, number)
    lessor.owned[E164] = replace(lessor.owned[E164], sid="PN" + "9" * 32)
    for _ in range(3):
        assert notice_moved_numbers() == 0
        clock.travel(by=timedelta(hours=1))
    assert now(number).state is SenderState.READY


def test_a_number_that_stays_is_not_looked_for(alice, northside, number, lessor):
    ids = {"account_id": northside.id, "sender_id": number.id}
    alice.post("numbers.take_away", 303, {}, **ids)
    alice.post("numbers.take_away", 303, {"stays": "1"}, **ids)
    lessor.calls.clear()
    assert (notice_moved_numbers(), lessor.calls) == (0, [])
