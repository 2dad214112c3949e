"""What tests of texting share: an account that may send, and a carrier that does as it is told."""

import pytest

from portal.gateways import carrier, numbers, sms
from portal.gateways.sms import FakeSmsGateway
from tests.factories.billing import make_subscription
from tests.factories.messaging import make_ready
from tests.factories.numbers import make_carrier_account, make_sender
from tests.sandbox.server import run_sandbox

OURS = "+13125550123"


@pytest.fixture
def carrier_fake(app):
    """A carrier that accepts every text unless told otherwise."""
    gateway = FakeSmsGateway()
    before = sms._in_use
    sms.use(gateway)
    yield gateway
    sms._in_use = before


@pytest.fixture
def sender(northside):
    """Northside's number; the account has a plan and 500 credits."""
    return make_ready(northside)


@pytest.fixture
def twin(northside, tmp_path):
    """A sandbox over HTTP that owns Northside's number; the portal's gateways talk to it."""
    before = sms._in_use, numbers._in_use
    with run_sandbox(tmp_path / "carrier") as sandbox:
        carrier.connect(sandbox.base_url)
        client = sandbox.client()
        bought = client.incoming_phone_numbers.create(phone_number=OURS)
        service = client.messaging.v1.services.create(friendly_name="Juniper Realty")
        service.phone_numbers.create(phone_number_sid=bought.sid)
        make_carrier_account(
            northside.organization_id,
            account_sid=sandbox.sid,
            auth_token=sandbox.token,
            service_sid=service.sid,
        )
        make_subscription(northside)
        make_sender(northside, e164=OURS, segments_per_second=1000)
        yield sandbox
        sms.current()._clients.http.close()
        client.http_client.session.close()
    sms._in_use, numbers._in_use = before


@pytest.fixture
def environment(process_environment, twin):
    """The variables of a process of ours that works on this test's database and texts the twin."""
    return {
        **process_environment,
        "TWILIO_ACCOUNT_SID": twin.sid,
        "TWILIO_AUTH_TOKEN": twin.token,
        "TWILIO_API_BASE": twin.base_url,
    }
