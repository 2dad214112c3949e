"""A gateway of ours on a carrier of a few bytes, patient unless a test wants to see it give up."""

from contextlib import ExitStack

import pytest

from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.twilio_client import TwilioClients
from portal.gateways.twilio_sms import TwilioSmsGateway
from tests.patience import ANSWER_S


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def gateway_to(stack):
    def make(base, **options):
        options = {"connect_timeout_s": ANSWER_S, "read_timeout_s": ANSWER_S, **options}
        client = CarrierHttpClient(base, **options)
        stack.callback(client.close)
        return TwilioSmsGateway(TwilioClients(client))

    return make
