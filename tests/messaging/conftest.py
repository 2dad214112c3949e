"""What tests of texting share: an account that may send, and a carrier that does as it is told."""

import pytest

from portal.gateways import sms
from portal.gateways.sms import FakeSmsGateway
from tests.factories.messaging import make_ready


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
