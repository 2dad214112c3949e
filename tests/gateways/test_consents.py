"""Opt-outs told to the carrier's twin are refused there afterwards (Q-8, X-2)."""

from uuid import uuid4

import pytest

from portal.core import clock
from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear
from portal.gateways import carrier, consents
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.consents import ConsentChannel, ConsentItem
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.twilio_client import TwilioClients
from portal.gateways.twilio_consents import TwilioConsentGateway
from tests.gateways.wire import answers, http, refusal
from tests.gateways.wire import carrier as wire_carrier
from tests.patience import ANSWER_S
from tests.sandbox.server import run_sandbox

PERSON = "+13125550101"
US = CarrierCredentials("AC" + "1" * 32, "token")


def item(sender="+13125550160", person=PERSON, *, is_out=True):
    return ConsentItem(uuid4().hex, person, sender, is_out, ConsentChannel.OFFLINE, clock.utcnow())


@pytest.fixture
def gateway_at():
    clients = []

    def make(base):
        clients.append(CarrierHttpClient(base, connect_timeout_s=ANSWER_S, read_timeout_s=ANSWER_S))
        return TwilioConsentGateway(TwilioClients(clients[-1]))

    yield make
    for client in clients:
        client.close()


def test_the_twin_keeps_it_and_answers_each(gateway_at, tmp_path):
    with run_sandbox(tmp_path / "state") as sandbox:
        ours = sandbox.client().incoming_phone_numbers.create(phone_number="+13125550160")
        gateway, parent = (
            gateway_at(sandbox.base_url),
            CarrierCredentials(sandbox.sid, sandbox.token),
        )
        right, wrong = item(ours.phone_number), item("+13125550169")
        said = {a.correlation_id: a for a in gateway.tell(parent, [right, wrong])}
        assert said[right.correlation_id].is_taken
        assert said[wrong.correlation_id].reasons == ("INVALID_SENDER_ID",)
        assert sandbox.blocks() == [{"scope": "+13125550160", "person": PERSON}]
        gateway.tell(parent, [item(ours.phone_number, is_out=False)])
        assert sandbox.blocks() == []
        sandbox.post(f"accounts/{sandbox.sid}/token")
        with pytest.raises(GatewayRejected) as revoked:
            gateway.tell(parent, [right])
        assert (revoked.value.code, revoked.value.status) == (20003, 401)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (answers(refusal("429 Too Many Requests", 20429)), GatewayBusy),
        (answers(refusal("403 Forbidden", 20005)), GatewayRejected),
        (answers(refusal("500 Internal Server Error", 20500)), GatewayUnclear),
        (answers(http("201 Created", b'{"items": []}')), GatewayUnclear),
        (answers(http("201 Created", b"<html>")), GatewayUnclear),
        (answers(http("201 Created", b'{"items": [{"correlation_id": "x"}]}')), GatewayUnclear),
    ],
)
def test_whatever_goes_wrong_is_one_of_our_errors(gateway_at, answer, error):
    with wire_carrier(answer) as twin, pytest.raises(error):
        gateway_at(twin.base).tell(US, [item()])


def test_nobody_there_is_told_as_that(gateway_at):
    with pytest.raises(GatewayBusy):
        gateway_at("http://127.0.0.1:1").tell(US, [item()])


def test_the_real_gateway_is_put_in_place_with_the_others():
    carrier.connect("http://127.0.0.1:1")
    assert isinstance(consents.current(), TwilioConsentGateway)
