"""The carrier is told of every opt-out and own opt-in, once it can be, however often workers die (Q-8)."""

from datetime import timedelta

import pytest

from portal.consent import queries
from portal.consent.service import carrier
from portal.consent.values import Told
from portal.core.db import unit_of_work
from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear
from portal.core.jobs import Job
from portal.gateways import consents
from portal.gateways.consents import ConsentChannel
from tests.factories.consent import CAROL, DAVE, start, stop, written
from tests.factories.numbers import make_sender
from workers import carrier_consents as worker


@pytest.fixture
def told(monkeypatch):
    fake = consents.FakeConsentGateway()
    monkeypatch.setattr(consents, "_in_use", fake)
    return fake


@pytest.fixture
def ours(northside):
    return make_sender(northside).e164


def tell(account):
    return worker.tell_carrier(str(account.organization_id))


def open_ones(account):
    return queries.open_consents(account.organization_id)


def test_an_opt_out_is_told_for_each_of_the_account_s_numbers(northside, bobs, ours, told, clock):
    other = make_sender(northside).e164
    make_sender(bobs)
    stop(northside, CAROL, at=clock.now)
    assert [(o.e164, o.state) for o in open_ones(northside)] == [(CAROL, Told.WAITING)]
    assert tell(northside) == 1
    assert told.blocked == {(ours, CAROL), (other, CAROL)}
    assert {item.channel for item in told.told} == {ConsentChannel.OPT_OUT_MESSAGE}
    assert open_ones(northside) == []
    assert queries.agreement(northside.organization_id).told == 1


def test_telling_twice_tells_once(northside, ours, told, clock):
    stop(northside, CAROL, at=clock.now)
    tell(northside)
    assert tell(northside) == 0
    assert len(told.told) == 1


def test_a_start_is_told_too_at_the_service_as_well(northside, ours, told, clock):
    stop(northside, CAROL, at=clock.now)
    tell(northside)
    clock.travel(by=timedelta(hours=1))
    start(northside, CAROL, at=clock.now)
    tell(northside)
    assert told.blocked == set()
    assert [i.sender[:2] for i in told.told if not i.is_out] == ["+1", "MG"]


def test_a_form_s_own_act_lifts_it_there(northside, ours, told, clock):
    stop(northside, CAROL, at=clock.now)
    tell(northside)
    clock.travel(by=timedelta(hours=1))
    written(northside, CAROL)
    tell(northside)
    assert told.blocked == set()
    assert told.told[-1].channel is ConsentChannel.WEBSITE


def test_a_worker_that_dies_leaves_it_to_the_next(northside, ours, told, clock):
    stop(northside, CAROL, at=clock.now)
    with unit_of_work():
        [lost] = carrier.claim(northside.organization_id, 25)
    assert tell(northside) == 0
    clock.travel(by=carrier.LEASE + timedelta(seconds=1))
    assert tell(northside) == 1
    with unit_of_work():
        assert carrier.told(lost, [ours])  # the same state of things: said twice, it stays so
    assert len(told.blocked) == 1


def test_an_answer_to_what_held_before_settles_nothing(northside, ours, told, clock):
    stop(northside, CAROL, at=clock.now)
    with unit_of_work():
        [old] = carrier.claim(northside.organization_id, 25)
    clock.travel(by=timedelta(minutes=5))
    start(northside, CAROL, at=clock.now)
    with unit_of_work():
        assert not carrier.told(old, [ours])
    [waiting] = open_ones(northside)
    assert (waiting.state, waiting.is_out) == (Told.WAITING, False)


@pytest.mark.parametrize(
    "failure",
    [GatewayBusy("429"), GatewayUnclear("reset"), GatewayRejected("Authenticate", 20003, 401)],
)
def test_a_carrier_that_is_away_is_told_later(northside, ours, told, clock, failure):
    stop(northside, CAROL, at=clock.now)
    told.failures.append(failure)
    assert tell(northside) == 0
    [waiting] = open_ones(northside)
    assert str(failure) in waiting.trouble
    assert tell(northside) == 0  # not before its time
    clock.travel(by=timedelta(minutes=1))
    assert tell(northside) == 1


def test_one_that_is_refused_stands_in_the_report_and_stops_no_other(northside, ours, told, clock):
    for person in (CAROL, DAVE):
        stop(northside, person, at=clock.now)
    told.refused[CAROL] = ("INVALID_CONTACT_ID",)
    assert tell(northside) == 1
    [refused] = open_ones(northside)
    assert (refused.e164, refused.state) == (CAROL, Told.REFUSED)
    assert "INVALID_CONTACT_ID" in refused.trouble
    told.refused.clear()
    worker.reconcile_consents(str(northside.organization_id))
    assert open_ones(northside) == []


def test_many_go_in_batches_of_25(northside, ours, told, clock):
    for place in range(60):
        stop(northside, f"+13125560{place:03d}", at=clock.now)
    assert tell(northside) == 60
    assert len(told.blocked) == 60


def test_a_new_number_is_told_of_old_opt_outs(northside, ours, told, clock):
    stop(northside, CAROL, at=clock.now)
    tell(northside)
    new = make_sender(northside).e164
    assert worker.compare_with_carrier() == 1
    assert worker.compare_with_carrier() == 0
    tell(northside)
    assert (new, CAROL) in told.blocked


def test_the_sweep_rings_for_what_waits(northside, ours, redis, clock):
    assert worker.ring_for_carrier_consents() == 0
    stop(northside, CAROL, at=clock.now)
    assert worker.ring_for_carrier_consents() == 1
    name = f"{Job.TELL_CARRIER.name.lower()}-default-{northside.organization_id}"
    assert redis.exists(f"rq:job:{name}")


def test_an_account_without_a_number_is_told_of_once_it_has_one(northside, told, clock):
    stop(northside, CAROL, at=clock.now)
    tell(northside)
    assert told.told == []
    new = make_sender(northside).e164
    worker.compare_with_carrier()
    tell(northside)
    assert told.blocked == {(new, CAROL)}
