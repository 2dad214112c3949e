"""Every step of bringing a number over, broken off in every way, over HTTP at the twin (N-3).

No number is lost, none is asked for twice, and what opens the old account is gone at the end.
"""

from datetime import timedelta

import pytest

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.gateways import porting as gateways
from portal.numbers import queries as numbers
from portal.porting import service as porting
from portal.porting.models import PortIn
from portal.porting.values import State, Step
from tests.factories.numbers import make_carrier_account
from tests.porting.conftest import ALICE, E164, advance, now, save, send_in
from workers.porting import advance_port_in

LEASE = timedelta(seconds=121)
# The writes of a first run, in order, and the step in which each is made.
WRITES = {
    "sub-account": Step.ACCOUNT,
    "service": Step.ACCOUNT,
    "webhook": Step.LISTEN,
    "bill": Step.UPLOAD,
    "request": Step.ORDER,
    "number's webhooks": Step.ARRIVE,
    "pool": Step.JOIN,
}
AGAIN = {
    "cancellation": Step.WITHDRAW,
    "bill": Step.UPLOAD,
    "request": Step.ORDER,
    "number's webhooks": Step.ARRIVE,
    "pool": Step.JOIN,
}
FAULTS = ("429", "500_before", "500_after", "timeout_after")
STEPS = tuple(Step)[:-1]  # withdrawing comes later


@pytest.fixture(autouse=True)
def _soon(twin):
    """Don't wait for what hangs, but for a twin whose machine is busy."""
    twin.turn(hang_seconds=3)


def meet(twin, at, fault):
    """Let one write meet a fault, and those before it none."""
    if fault == "timeout_after":
        gateways.current()._clients.http._read_timeout_s = 2
    twin.post("faults", writes=["ok"] * at + [fault])


def patiently(known, clock, until=State.DONE):
    """Let time pass and the job run until it is over."""
    for _ in range(8):
        known = advance(known)
        if known.state is until:
            return known
        clock.travel(by=timedelta(minutes=20))
    raise AssertionError(known)


def requests_at(twin, account):
    own = numbers.credentials(account.organization_id)
    client = twin.client(own.account_sid, own.auth_token).numbers.v1
    listed = client.fetch(method="GET", uri="/Porting/PortIn/PortInRequests")["port_in_requests"]
    return [one["port_in_request_status"] for one in listed]


def is_here_once(twin, account, known, requests=("Completed",)):
    """One number at the carrier and here, asked for as often as said; no secret is left."""
    own = numbers.credentials(account.organization_id)
    client = twin.client(own.account_sid, own.auth_token)
    assert [n.phone_number for n in client.incoming_phone_numbers.list()] == [E164]
    assert len(twin.client().api.v2010.accounts.list()) == 2
    [service] = client.messaging.v1.services.list()
    [pooled] = client.messaging.v1.services(service.sid).phone_numbers.list()
    assert pooled.phone_number == E164
    assert sorted(requests_at(twin, account)) == sorted(requests)
    [sender] = numbers.senders(account.id)
    assert (sender.e164, sender.is_ready, sender.id) == (E164, True, known.sender_id)
    row = db.session.get(PortIn, known.id, populate_existing=True)
    assert (row.sealed_account_number, row.sealed_pin, row.bill) == (None, None, None)
    return known.trouble is None


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_that_failed_is_gone_on_with(twin, account, draft, clock, write, fault):
    meet(twin, list(WRITES).index(write), fault)
    known = advance(send_in(account, draft))
    if known.state is not State.DONE:
        assert known.todo[0] is WRITES[write]
        assert known.next_at is not None
    known = patiently(known, clock)
    assert is_here_once(twin, account, known)


@pytest.mark.parametrize("step", [Step.AWAIT, Step.ARRIVE])
def test_a_look_that_failed_is_repeated(twin, account, draft, clock, step):
    run_until(send_in(account, draft), step)
    twin.turn(rate_read_error=1)
    known = advance(draft)
    assert (known.todo[0], known.trouble.sentence) == (step, "Twilio did not answer.")
    twin.turn(rate_read_error=0)
    clock.travel(by=timedelta(minutes=1))
    assert is_here_once(twin, account, patiently(known, clock))


@pytest.mark.parametrize("step", [s for s in STEPS if s not in {Step.ACCOUNT, Step.LISTEN}])
def test_revoked_credentials_hold_it_up_and_lose_nothing(twin, account, draft, clock, step):
    run_until(send_in(account, draft), step)
    own = numbers.credentials(account.organization_id)
    make_carrier_account(account.organization_id, own.account_sid, "0" * 32)
    known = advance(draft)
    assert (known.todo[0], known.trouble.sentence) == (step, "Twilio returned Unauthorized.")
    make_carrier_account(account.organization_id, own.account_sid, own.auth_token)
    assert is_here_once(twin, account, patiently(known, clock))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_worker_loses_nothing(twin, account, draft, clock, step, when):
    """It dies with the step claimed, or between the carrier's answer and our commit."""
    run_until(send_in(account, draft), step)
    with unit_of_work():
        order = porting.claim(draft.id)
    assert order.step is step
    if when == "after":
        porting.carry_out(order)
    advance_port_in(str(draft.id))  # its lease still holds: nobody does it at the same time
    assert now(draft).todo[0] is step
    clock.travel(by=LEASE)
    assert is_here_once(twin, account, patiently(draft, clock))


def run_until(known, step):
    """Carry steps out until this one is next."""
    while now(known).todo[0] is not step:
        with unit_of_work():
            order = porting.claim(known.id)
        outcome = porting.carry_out(order)
        with unit_of_work():
            porting.settle(order, outcome)


def test_a_list_that_lags_does_not_ask_twice(twin, account, draft, clock):
    """PROMISES 1.3: what a list does not show yet may be there."""
    meet(twin, list(WRITES).index("request"), "500_after")
    twin.turn(list_lag_seconds=600)
    known = advance(send_in(account, draft))
    clock.travel(by=timedelta(minutes=3))
    known = advance(known)
    assert known.todo[0] is Step.ORDER
    assert "may have been asked for already" in known.trouble.sentence
    assert is_here_once(twin, account, patiently(known, clock))


@pytest.mark.parametrize("write", AGAIN)
@pytest.mark.parametrize("fault", ["429", "500_after"])
def test_sending_in_again_survives_the_same(twin, account, draft, clock, write, fault):
    save(draft, account_number="881001")
    known = advance(send_in(account, draft))
    assert known.state is State.ACTION_NEEDED
    save(known, account_number="884120")
    meet(twin, list(AGAIN).index(write), fault)
    known = patiently(send_in(account, known), clock)
    assert is_here_once(twin, account, known, ("Canceled", "Completed"))


@pytest.mark.parametrize("fault", FAULTS)
def test_calling_off_survives_the_same(twin, account, draft, clock, fault):
    twin.turn(port_seconds=86_400)
    known = advance(send_in(account, draft))
    assert known.carrier_status == "In review"
    meet(twin, 0, fault)
    call_off(known)
    known = patiently(known, clock, State.CANCELED)
    assert requests_at(twin, account) == ["Canceled"]
    assert numbers.senders(account.id) == []


@pytest.mark.parametrize("is_made", [True, False])
def test_what_a_dead_worker_may_have_asked_for_is_called_off_too(
    twin, account, draft, clock, is_made
):
    twin.turn(port_seconds=86_400)
    run_until(send_in(account, draft), Step.ORDER)
    with unit_of_work():
        order = porting.claim(draft.id)
    if is_made:
        outcome = porting.carry_out(order)
    call_off(draft)
    if is_made:
        with unit_of_work():
            assert porting.settle(order, outcome) is False  # an older run is not believed
    known = patiently(draft, clock, State.CANCELED)
    assert requests_at(twin, account) == (["Canceled"] if is_made else [])
    assert known.ended_at <= utcnow()


def test_what_has_moved_already_is_ours_though_it_was_called_off(twin, account, draft, clock):
    twin.turn(port_seconds=60)
    known = advance(send_in(account, draft))
    clock.travel(by=timedelta(minutes=10))
    call_off(known)
    known = patiently(known, clock)
    assert is_here_once(twin, account, known)
    assert numbers.sender_by_e164(account.organization_id, E164).account_id == account.id


def call_off(known):
    with unit_of_work():
        porting.call_off(known.tenant, known.id, actor=ALICE)


def test_a_port_in_nobody_knows_is_left_alone(twin, account):
    with unit_of_work():
        assert porting.claim(account.id) is None
