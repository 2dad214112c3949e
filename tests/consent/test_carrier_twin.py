"""An opt-out entered here is refused by the carrier itself afterwards, whoever dies between (Q-8)."""

import pytest
from twilio.base.exceptions import TwilioRestException

from portal.consent import queries
from portal.consent.service import carrier
from portal.core.db import unit_of_work
from portal.gateways import consents
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.twilio_client import TwilioClients
from portal.gateways.twilio_consents import TwilioConsentGateway
from tests.factories.consent import start, stop
from tests.factories.numbers import make_carrier_account, make_sender
from tests.sandbox.server import run_sandbox
from workers import carrier_consents as worker

PEOPLE = [f"+131255501{place:02d}" for place in range(30)]
OURS = "+13125550160"


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    with run_sandbox(tmp_path / "state") as running:
        http = CarrierHttpClient(running.base_url, read_timeout_s=5)
        gateway = TwilioConsentGateway(TwilioClients(http))
        monkeypatch.setattr(consents, "_in_use", gateway)
        yield running
        http.close()


def test_who_opts_out_here_is_refused_there(northside, sandbox, clock):
    client = sandbox.client()
    client.incoming_phone_numbers.create(phone_number=OURS)
    service = client.messaging.v1.services.create(friendly_name="Juniper").sid
    make_carrier_account(northside.organization_id, sandbox.sid, sandbox.token, service)
    make_sender(northside, OURS)
    for person in PEOPLE:
        stop(northside, person, at=clock.now)
    with unit_of_work():
        carrier.claim(northside.organization_id, 25)  # by a worker that dies before it tells
    assert worker.tell_carrier(str(northside.organization_id)) == 5
    clock.travel(by=carrier.LEASE * 2)
    assert worker.tell_carrier(str(northside.organization_id)) == 25
    assert worker.tell_carrier(str(northside.organization_id)) == 0
    assert sorted(b["person"] for b in sandbox.blocks()) == PEOPLE
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=PEOPLE[0], from_=OURS, body="Hi")
    assert refused.value.code == 21610
    start(northside, PEOPLE[0], at=clock.now)
    worker.tell_carrier(str(northside.organization_id))
    assert client.messages.create(to=PEOPLE[0], from_=OURS, body="Hi").sid
    assert queries.open_consents(northside.organization_id) == []


def test_a_suspended_account_is_told_later(northside, sandbox, clock):
    make_carrier_account(northside.organization_id, sandbox.sid, sandbox.token)
    sandbox.client().incoming_phone_numbers.create(phone_number=OURS)
    make_sender(northside, OURS)
    stop(northside, PEOPLE[0], at=clock.now)
    sandbox.post(f"accounts/{sandbox.sid}/status", status="suspended")
    assert worker.tell_carrier(str(northside.organization_id)) == 0
    assert "not active" in queries.open_consents(northside.organization_id)[0].trouble
    sandbox.post(f"accounts/{sandbox.sid}/status", status="active")
    with unit_of_work():
        carrier.ask_again(northside.organization_id)
    assert worker.tell_carrier(str(northside.organization_id)) == 1
